-- Who sends and receives how much through the NAT gateways, and with whom?
-- counts: what NAT gateways' interfaces logged of their inside: between the hosts and the gateway, with the outside address inside the
--   packet; of overlapping flow logs one. Not the outside legs, which have the same bytes again
-- needs: pkt_srcaddr, pkt_dstaddr, srcaddr, dstaddr, bytes
-- uses: interface_id, resource_id, interface_type, action, start, end, vpc_id, pkt_dst_aws_service, pkt_src_aws_service
-- param by one of host|peer|pair = host : a row is a host inside, an address outside, or both
-- param order one of out|in = out : most bytes sent first, or received
-- param top integer [1..10000] = 10 : rows to show
-- alias: nat-top-sources by=host
-- alias: nat-top-destinations by=peer order=out
-- alias: nat-top-downloads by=peer order=in
-- alias: nat-top-pairs by=pair
-- tags: nat, top, cost
-- read: nat is the gateway's interface, or its id if regional. Every byte here is charged for processing; aws_service (if
--   logged) S3 or DYNAMODB could go through a gateway endpoint for nothing
with inside as (
    select
        capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id) as nat,
        pkt_dstaddr <> dstaddr or (resource_id is not null and is_private_address(srcaddr)) as is_out,
        coalesce(pkt_srcaddr, srcaddr) as sender,
        coalesce(pkt_dstaddr, dstaddr) as receiver,
        coalesce(pkt_dst_aws_service, pkt_src_aws_service) as aws_service,
        bytes,
        coalesce("end", "start") as end_s
    from flows
    where (resource_id like 'nat-%' or interface_id in (select point from nat_points))
        and (second_view_of is null or second_view_of <> 'flow log')
        and coalesce(action = 'ACCEPT', true)
        and (
            pkt_dstaddr <> dstaddr
            or pkt_srcaddr <> srcaddr
            or (resource_id is not null and (is_private_address(srcaddr) or is_private_address(dstaddr)))
        )
),
sided as (
    select
        nat,
        case when is_out then sender else receiver end as host,
        case when is_out then receiver else sender end as peer,
        aws_service,
        case when is_out then bytes end as bytes_out,
        case when is_out then null else bytes end as bytes_in,
        end_s
    from inside
),
summed as (
    select
        nat,
        case when $by in ('host', 'pair') then host end as host,
        case when $by in ('peer', 'pair') then peer end as peer,
        max(case when $by in ('peer', 'pair') then aws_service end) as aws_service,
        cast(coalesce(sum(bytes_out), 0) as bigint) as bytes_out,
        cast(coalesce(sum(bytes_in), 0) as bigint) as bytes_in,
        count(*) as records,
        max(end_s) as last_s
    from sided
    group by nat, case when $by in ('host', 'pair') then host end, case when $by in ('peer', 'pair') then peer end
)
select nat, host, peer, aws_service, bytes_out, bytes_in, records, to_timestamp(last_s) as last_time
from summed
order by
    case when $order = 'out' then bytes_out else bytes_in end desc,
    bytes_out + bytes_in desc,
    nat,
    host nulls last,
    peer nulls last
limit $top
