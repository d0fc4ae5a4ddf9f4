-- What does the traffic cost, roughly: through NAT gateways, to the internet and between Availability Zones, and for whom?
-- counts: nat: what NAT gateways' interfaces logged of their inside, both ways. internet: flows from our hosts to the internet,
--   each once (`counted` in flows). cross-az: flows between our hosts in different zones, each once, charged on either side.
-- needs: srcaddr, dstaddr, bytes
-- needs[kind=cross-az]: az_id, interface_id
-- uses: az_id, interface_id, interface_type, resource_id, pkt_srcaddr, pkt_dstaddr, pkt_dst_aws_service, flow_direction, vpc_id,
--   start, action
-- param kind one of all|nat|internet|cross-az = all : which of them
-- param by one of host|peer|pair = host : a row is one of our hosts, who it exchanged them with, or both
-- param order one of cost|out|in = cost : what costs most first, or most bytes sent, or received
-- param region text = us-east-1 : whose prices to take from the table
-- param prices file = prices.csv : region,item,usd,unit,as_of: copy the one beside this query, and edit it
-- param top integer [1..10000] = 20 : rows to show
-- alias: nat-traffic kind=nat
-- alias: nat-costs kind=nat
-- alias: nat-top-sources kind=nat order=out
-- alias: nat-top-destinations kind=nat by=peer order=out
-- alias: nat-top-downloads kind=nat by=peer order=in
-- alias: nat-top-pairs kind=nat by=pair
-- alias: internet-egress-cost kind=internet
-- alias: cross-az-bytes kind=cross-az
-- tags: cost, nat, internet, top
-- read: an estimate from list prices: tiers, discounts, what stays within a Region over public addresses, load balancers'
--   own charges and hours are not in it. A byte from a host through a NAT gateway to the internet is in both kinds, as it
--   is on the bill. Edit the prices, and give them with prices=FILE; price_as_of tells how old those used are. Without
--   pkt_dstaddr nobody knows whom a NAT gateway's hosts met: their peer is empty. For one gateway: --interface
with price as (
    select item, max(cast(usd as double)) as usd, max(cast(as_of as text)) as as_of
    from prices
    where region = $region
    group by item
),
gateway as (
    select distinct point as interface_id, address from relay_addresses where translates
),
inside as (
    select
        flows.srcaddr <> address and is_private_address(flows.srcaddr) as is_out,
        flows.srcaddr,
        flows.dstaddr,
        pkt_srcaddr,
        pkt_dstaddr,
        bytes
    from flows
    join gateway on gateway.interface_id = flows.interface_id
    where coalesce(action = 'ACCEPT', true)
        and (second_view_of is null or second_view_of <> 'flow log')
        -- Not the outside, where one end is the gateway's and the other on the internet.
        and (
            (flows.srcaddr <> address and is_private_address(flows.srcaddr))
            or (flows.dstaddr <> address and is_private_address(flows.dstaddr))
        )
    union all
    -- A regional gateway has no interface, and no private address.
    select is_private_address(srcaddr), srcaddr, dstaddr, srcaddr, dstaddr, bytes
    from flows
    where interface_id is null
        and resource_id like 'nat-%'
        and coalesce(action = 'ACCEPT', true)
        and (second_view_of is null or second_view_of <> 'flow log')
        and (is_private_address(srcaddr) or is_private_address(dstaddr))
),
zone as (
    select address, max(az_id) as az_id
    from interface_addresses
    join (select interface_id, max(az_id) as az_id from flows where az_id is not null group by interface_id) as located
        on located.interface_id = interface_addresses.interface_id
    group by address
    having count(distinct az_id) = 1
),
sent as (
    select
        coalesce(pkt_srcaddr, srcaddr) as sender,
        coalesce(pkt_dstaddr, dstaddr) as receiver,
        dst_scope,
        src_scope,
        sum(bytes) as bytes
    from flows
    where counted and coalesce(action = 'ACCEPT', true)
    group by coalesce(pkt_srcaddr, srcaddr), coalesce(pkt_dstaddr, dstaddr), dst_scope, src_scope
),
charged as (
    select
        'nat' as kind,
        'nat_gateway_processing' as item,
        case when is_out then coalesce(pkt_srcaddr, srcaddr) else coalesce(pkt_dstaddr, dstaddr) end as host,
        case when is_out then pkt_dstaddr else pkt_srcaddr end as peer,
        1 as times,
        case when is_out then bytes else 0 end as bytes_out,
        case when is_out then 0 else bytes end as bytes_in
    from inside
    union all
    select 'internet', 'internet_egress', sender, receiver, 1, bytes, 0
    from sent
    where dst_scope = 'internet' and src_scope in ('vpc', 'private')
    union all
    select 'cross-az', 'cross_az_each_way', sender, receiver, 2, bytes, 0
    from sent
    join zone as own on own.address = sender
    join zone as other on other.address = receiver
    where own.az_id <> other.az_id
),
named as (
    select
        kind,
        item,
        case when $by in ('host', 'pair') then host end as host,
        case when $by in ('peer', 'pair') then peer end as peer,
        times,
        bytes_out,
        bytes_in
    from charged
    where $kind in ('all', kind)
),
summed as (
    select
        kind,
        item,
        host,
        peer,
        max(times) as times,
        cast(coalesce(sum(bytes_out), 0) as bigint) as bytes_out,
        cast(coalesce(sum(bytes_in), 0) as bigint) as bytes_in
    from named
    group by kind, item, host, peer
),
priced as (
    select
        kind,
        host,
        peer,
        bytes_out + bytes_in as bytes,
        bytes_out,
        bytes_in,
        round((bytes_out + bytes_in) / 1000000000.0 * times * usd, 2) as estimated_usd,
        as_of as price_as_of
    from summed
    left join price on price.item = summed.item
)
select
    kind,
    host,
    peer,
    bytes,
    bytes_out,
    bytes_in,
    estimated_usd,
    round(cast(bytes as double) * 100 / nullif(sum(bytes) over (partition by kind), 0), 1) as bytes_percent,
    price_as_of
from priced
order by
    case $order when 'out' then cast(bytes_out as double) when 'in' then cast(bytes_in as double) else estimated_usd end
        desc nulls last,
    bytes desc,
    kind,
    host nulls last,
    peer nulls last
limit $top
