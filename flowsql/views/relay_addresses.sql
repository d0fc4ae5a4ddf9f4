-- One row is an address under which an interface sends on what others sent: a NAT gateway's, a transit gateway's.
-- A conversation that seems to be opened from there was opened by somebody else, and shows at the other interfaces, too.
select address
from interface_roles
where translates or relays
union
select address
from interface_addresses
join nat_points on nat_points.point = interface_addresses.interface_id
