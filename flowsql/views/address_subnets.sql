-- One row is an address that is an interface's own, in a VPC ('' if it was not logged), and the subnet of the interface.
with subnets as (
    select interface_id, coalesce(vpc_id, '') as vpc_id, subnet_id
    from records_in_context
    where subnet_id is not null and interface_id is not null
    group by interface_id, coalesce(vpc_id, ''), subnet_id
)
select subnets.vpc_id, address, max(subnet_id) as subnet_id
from interface_addresses
join subnets on subnets.interface_id = interface_addresses.interface_id
group by subnets.vpc_id, address
having min(subnet_id) = max(subnet_id)
