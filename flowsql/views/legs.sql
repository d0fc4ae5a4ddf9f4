-- One row is a pair of addresses of packets that an interface logs a second time, as they leave it, having logged them as
-- they came: those that a NAT gateway translates, seen from outside, and those that an appliance forwards.
-- Such interfaces show by pkt_srcaddr and pkt_dstaddr, the ends of the packets, where these differ from the record's.
with relayed as (
    select interface_id, srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr
    from records_in_context
    where pkt_srcaddr <> srcaddr or pkt_dstaddr <> dstaddr
    group by interface_id, srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr
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
)
select distinct interface_id, sender, receiver
from pairs
