-- One row is a pair of addresses between two VPCs in an hour (UTC, since 1970) in which the sender's own interface logged
-- packets to the other: these are counted there, wherever else they are logged. Pairs that exist within the sender's
-- VPC too, where address ranges overlap, are left out.
with pairs as (
    select
        interface_id,
        coalesce("start", "end") // 3600 as hour,
        coalesce(pkt_srcaddr, srcaddr) as sender,
        coalesce(pkt_dstaddr, dstaddr) as receiver
    from records_in_context
    where vpc_id is not null
    group by
        interface_id,
        coalesce("start", "end") // 3600,
        coalesce(pkt_srcaddr, srcaddr),
        coalesce(pkt_dstaddr, dstaddr)
)
select distinct pairs.hour, pairs.sender, pairs.receiver
from pairs
join interface_addresses as own on own.interface_id = pairs.interface_id and own.address = pairs.sender
join interface_addresses as other on other.address = pairs.receiver and other.vpc_id <> own.vpc_id
where (own.vpc_id, pairs.receiver)
    not in (select vpc_id, address from interface_addresses where vpc_id is not null)
