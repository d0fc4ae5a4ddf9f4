-- One row is an address under which an interface sends on what others sent: a NAT gateway's (`translates`), a transit
-- gateway's. A conversation that seems to be opened from there was opened by somebody else, and shows at the other
-- interfaces, too.
select interface_id as point, address, translates
from interface_roles
where translates or relays
union
select interface_addresses.interface_id, address, true
from interface_addresses
join nat_points on nat_points.point = interface_addresses.interface_id
