-- One row is a pair of addresses of packets that an interface logs a second time, as they leave it, having logged them as
-- they came: those that a NAT gateway translates, seen from outside, and those that an appliance forwards.
-- Such interfaces show by pkt_srcaddr and pkt_dstaddr, the ends of the packets, where these differ from the record's; without
-- these fields as `translating` has it.
with relayed as (
    select interface_id, srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr
    from records_in_context
    where pkt_srcaddr <> srcaddr or pkt_dstaddr <> dstaddr
    group by interface_id, srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr
),
outside as (
    select r.interface_id, r.srcaddr, r.dstaddr
    from records_in_context as r
    join translating on translating.interface_id = r.interface_id and translating.address = r.srcaddr
    where not is_private_address(r.dstaddr)
    group by r.interface_id, r.srcaddr, r.dstaddr
),
pairs as (
    select interface_id, srcaddr as sender, pkt_dstaddr as receiver from relayed where pkt_dstaddr <> dstaddr
    union all
    select interface_id, dstaddr, pkt_dstaddr from relayed where pkt_dstaddr <> dstaddr
    union all
    select interface_id, pkt_dstaddr, dstaddr from relayed where pkt_dstaddr <> dstaddr
    union all
    select interface_id, srcaddr, pkt_srcaddr from relayed where pkt_srcaddr <> srcaddr
    union all
    select interface_id, pkt_srcaddr, srcaddr from relayed where pkt_srcaddr <> srcaddr
    union all
    select interface_id, srcaddr, dstaddr from outside
    union all
    select interface_id, dstaddr, srcaddr from outside
)
select distinct interface_id, sender, receiver
from pairs
