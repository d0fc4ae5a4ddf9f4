-- One row is an address of an interface, as its records tell: the one that all its records of the address family have on
-- either side, if it had at least two different peers there.
with pairs as (
    select
        interface_id,
        max(vpc_id) as vpc_id,
        contains(srcaddr, ':') as is_ipv6,
        srcaddr,
        dstaddr,
        count(*) as records
    from records
    where interface_id is not null and srcaddr is not null and dstaddr is not null
    group by interface_id, contains(srcaddr, ':'), srcaddr, dstaddr
),
families as (
    select interface_id, is_ipv6, max(vpc_id) as vpc_id, sum(records) as records
    from pairs
    group by interface_id, is_ipv6
),
sides as (
    select interface_id, is_ipv6, srcaddr as address, dstaddr as peer, records
    from pairs
    union all
    select interface_id, is_ipv6, dstaddr, srcaddr, records
    from pairs
    where dstaddr <> srcaddr
),
addresses as (
    select interface_id, is_ipv6, address, sum(records) as records, min(peer) as min_peer, max(peer) as max_peer
    from sides
    group by interface_id, is_ipv6, address
)
select families.interface_id, families.vpc_id, address
from addresses
join families
    on families.interface_id = addresses.interface_id
    and families.is_ipv6 = addresses.is_ipv6
    and families.records = addresses.records
where min_peer <> max_peer
