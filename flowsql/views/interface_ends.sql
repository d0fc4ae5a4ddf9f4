-- One row is an interface whose own addresses are known, of each family at most one: see `interface_addresses`.
select
    interface_id,
    max(address) filter (where not contains(address, ':')) as own_ipv4,
    max(address) filter (where contains(address, ':')) as own_ipv6
from interface_addresses
group by interface_id
