-- One row is an address that was an interface's own in an hour (UTC, since 1970) in which that interface logged what it
-- sends: what comes from there is counted there. `vpc_id` is '' for the address in any VPC.
with hours as (
    select interface_id, hour, max(vpc_id) as vpc_id
    from log_hours
    where kind <> 'REJECT'
    group by interface_id, hour
),
owners as (
    select address, hour, coalesce(interface_addresses.vpc_id, hours.vpc_id) as vpc_id, hours.interface_id
    from hours
    join interface_addresses on interface_addresses.interface_id = hours.interface_id
)
select address, hour, vpc_id, interface_id
from owners
where vpc_id is not null
union all
select address, hour, '', interface_id
from owners
