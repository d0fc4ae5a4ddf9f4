-- Which AWS services are reached through NAT gateways, and would a VPC endpoint be cheaper?
-- counts: what NAT gateways' interfaces logged of their inside, both ways, where the other end is an AWS service
-- needs: pkt_srcaddr, pkt_dstaddr, dstaddr, bytes, interface_id, pkt_dst_aws_service, start
-- uses: srcaddr, pkt_src_aws_service, interface_type, resource_id, action, end
-- param zones integer [1..6] = 2 : Availability Zones that an interface endpoint would be in
-- param region text = us-east-1 : whose prices to take from the table
-- param prices file = prices.csv : region,item,usd,unit,as_of: copy the one beside this query, and edit it
-- tags: cost, nat, aws
-- alias: aws-service-via-nat
-- read: an estimate from list prices, stretched from what the records span to a month of 730 hours. Gateway endpoints (S3 and
--   DynamoDB) cost nothing; for the others look whether the service has an interface endpoint. AMAZON is everything that
--   AWS does not name; a negative saving means that the endpoint would cost more
with price as (
    select
        max(case when item = 'nat_gateway_processing' then cast(usd as double) end) as nat_gb,
        max(case when item = 'interface_endpoint' then cast(usd as double) end) as endpoint_hour,
        max(case when item = 'interface_endpoint_processing' then cast(usd as double) end) as endpoint_gb,
        min(cast(as_of as text)) as as_of
    from prices
    where region = $region
),
inside as (
    select
        coalesce(pkt_dst_aws_service, pkt_src_aws_service) as service,
        case when pkt_dst_aws_service is not null then pkt_srcaddr else pkt_dstaddr end as host,
        bytes
    from flows
    where capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id) in (select point from nat_points)
        and coalesce(action = 'ACCEPT', true)
        and (second_view_of is null or second_view_of <> 'flow log')
        and (
            pkt_dstaddr <> dstaddr
            or pkt_srcaddr <> srcaddr
            -- A regional gateway has no interface, and no private address.
            or (interface_id is null and (is_private_address(srcaddr) or is_private_address(dstaddr)))
        )
        and coalesce(pkt_dst_aws_service, pkt_src_aws_service) is not null
),
span as (
    select greatest(cast(max("end") - min("start") as double) / 3600, 1.0 / 60) as hours
    from flows
),
summed as (
    select service, count(distinct host) as hosts, cast(sum(bytes) as bigint) as bytes
    from inside
    group by service
),
monthly as (
    select
        *,
        bytes / 1000000000.0 * 730 / hours as month_gb,
        service in ('S3', 'DYNAMODB') as is_gateway
    from summed
    cross join span
)
select
    service,
    hosts,
    bytes,
    round(month_gb, 1) as month_gb,
    case when is_gateway then 'gateway' else 'interface' end as endpoint,
    round(month_gb * nat_gb, 2) as nat_usd_month,
    round(case when is_gateway then 0 else month_gb * endpoint_gb + $zones * endpoint_hour * 730 end, 2) as endpoint_usd_month,
    round(
        month_gb * nat_gb - case when is_gateway then 0 else month_gb * endpoint_gb + $zones * endpoint_hour * 730 end, 2
    ) as saving_usd_month,
    round(case when is_gateway then 0 else $zones * endpoint_hour * 730 / nullif(nat_gb - endpoint_gb, 0) end, 0)
        as break_even_month_gb,
    as_of as price_as_of
from monthly
cross join price
order by saving_usd_month desc nulls last, service
