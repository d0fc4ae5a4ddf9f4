-- One row is an address that was an interface's own in an hour (UTC, since 1970) in which that interface logged what it
-- sends: what comes from there is counted there. `vpc_id` is '' for the address in any VPC.
with hours as (
    select interface_id, hour, max(vpc_id) as vpc_id
    from log_hours
    where kind <> 'REJECT'
    group by interface_id, hour
),
owners as (
    select known.address, hour, coalesce(primaries.vpc_id, hours.vpc_id) as vpc_id, hours.interface_id
    from hours
    join known_addresses as known on known.interface_id = hours.interface_id
    left join interface_addresses as primaries
        on primaries.interface_id = hours.interface_id and primaries.address = known.address
)
select address, hour, vpc_id, interface_id
from owners
where vpc_id is not null
union all
select address, hour, '', interface_id
from owners
