-- One row is an address of a NAT gateway's interface, in the window and its context: what it sends under that address it
-- sends for others, and has logged on its inside already.
select point, address
from nat_points
join interface_addresses on interface_addresses.interface_id = point
