-- One row is a pair of addresses of packets that a capture point logs a second time, as they leave it, having logged them as
-- they came, where its records tell: by pkt_srcaddr and pkt_dstaddr, the ends of the packets, where these differ from the
-- record's. A regional NAT gateway (`point` is its resource_id, else the interface_id) logs what it translates as it is on
-- either side.
with relayed as (
    select interface_id, srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr
    from records_in_context
    where pkt_srcaddr <> srcaddr or pkt_dstaddr <> dstaddr
    group by interface_id, srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr
),
regional as (
    select
        resource_id,
        srcaddr,
        dstaddr,
        is_private_address(srcaddr) as is_from_inside,
        is_private_address(dstaddr) as is_to_inside
    from records_in_context
    where interface_id is null and resource_id like 'nat-%'
    group by resource_id, srcaddr, dstaddr
),
pairs as (
    select interface_id as point, srcaddr as sender, pkt_dstaddr as receiver from relayed where pkt_dstaddr <> dstaddr
    union all
    select interface_id, dstaddr, pkt_dstaddr from relayed where pkt_dstaddr <> dstaddr
    union all
    select interface_id, pkt_dstaddr, dstaddr from relayed where pkt_dstaddr <> dstaddr
    union all
    select interface_id, srcaddr, pkt_srcaddr from relayed where pkt_srcaddr <> srcaddr
    union all
    select interface_id, pkt_srcaddr, srcaddr from relayed where pkt_srcaddr <> srcaddr
    union all
    select resource_id, srcaddr, dstaddr
    from regional
    where not is_from_inside
        and not is_to_inside
        and (
            (resource_id, dstaddr) in (select resource_id, dstaddr from regional where is_from_inside)
            or (resource_id, srcaddr) in (select resource_id, srcaddr from regional where is_to_inside)
        )
)
select distinct point, sender, receiver
from pairs
