-- One row is an address that was an interface's own in an hour (UTC, since 1970) in which that interface logged what it
-- sends: what comes from there is counted there. `vpc_id` is '' for the address in any VPC. An address that several kinds
-- of evidence tell of is there once; one that is primary somewhere in the VPC is nobody's secondary one.
with hours as (
    select interface_id, hour, max(vpc_id) as vpc_id
    from log_hours
    where kind <> 'REJECT'
    group by interface_id, hour
),
known as (
    select interface_id, address from interface_addresses
    union
    select interface_id, address from told_addresses
    union
    select interface_id, address from mirrored_addresses
),
owners as (
    select known.address, hour, coalesce(primaries.vpc_id, hours.vpc_id) as vpc_id, hours.interface_id
    from hours
    join known on known.interface_id = hours.interface_id
    left join interface_addresses as primaries
        on primaries.interface_id = hours.interface_id and primaries.address = known.address
    left join interface_addresses as others
        on others.address = known.address
        and others.interface_id <> hours.interface_id
        and coalesce(others.vpc_id = hours.vpc_id, true)
    where primaries.address is not null or others.address is null
)
select distinct address, hour, vpc_id, interface_id
from owners
where vpc_id is not null
union all
select distinct address, hour, '', interface_id
from owners
