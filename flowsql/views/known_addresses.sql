-- One row is an address that is an interface's own, by whatever tells it: `interface_addresses`, `told_addresses`,
-- `matched_addresses`. One that is primary in the VPC is nobody's secondary one.
with known as (
    select interface_id, address, false as is_secondary from interface_addresses
    union all
    select interface_id, address, is_secondary from told_addresses
    union all
    select interface_id, address, true from matched_addresses where not relays
),
vpcs as (
    select interface_id, max(vpc_id) as vpc_id from interface_addresses group by interface_id
)
select known.interface_id, known.address
from known
left join vpcs on vpcs.interface_id = known.interface_id
left join interface_addresses as primaries
    on primaries.address = known.address
    and known.is_secondary
    and primaries.interface_id <> known.interface_id
    and coalesce(primaries.vpc_id = vpcs.vpc_id, true)
where primaries.address is null
group by known.interface_id, known.address
