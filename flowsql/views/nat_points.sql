-- One row is a capture point, in the window and its context, that is a NAT gateway's: by its type or id, or since packets
-- to its private address are for the internet.
select capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id) as point
from records_in_context
where interface_type in ('nat_gateway', 'regional_nat_gateway')
    or resource_id like 'nat-%'
    or (pkt_dstaddr <> dstaddr and is_private_address(dstaddr) and not is_private_address(pkt_dstaddr))
group by capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id)
