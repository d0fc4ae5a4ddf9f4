-- One row is an address that is an interface's own, or the first 64 bits of one (IPv6): what belongs to the VPCs.
select coalesce(ipv6_network_64(address), address) as network
from interface_addresses
group by coalesce(ipv6_network_64(address), address)
