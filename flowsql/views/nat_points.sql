-- One row is a capture point, in the window and its context, that is a NAT gateway's: by its type or id, or since packets
-- to its private address are for the internet and it sends there under a private address of its own. A transit gateway's
-- interface before one gets such packets, too, but sends under no address of its own.
with translated as (
    select interface_id, resource_id, tgw_attachment_id, vpc_id, dstaddr, pkt_dstaddr
    from records_in_context
    where pkt_dstaddr <> dstaddr
    group by interface_id, resource_id, tgw_attachment_id, vpc_id, dstaddr, pkt_dstaddr
),
inward as (
    select interface_id, capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id) as point
    from translated
    where interface_id is not null and is_private_address(dstaddr) and not is_private_address(pkt_dstaddr)
    group by interface_id, capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id)
),
sent as (
    -- Whatever addresses the query narrows records to: the gateway's own is seldom among them.
    select interface_id, srcaddr, dstaddr
    from logged_records
    where pkt_srcaddr = srcaddr and interface_id in (select interface_id from inward)
    group by interface_id, srcaddr, dstaddr
)
select capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id) as point
from records_in_context
where interface_type in ('nat_gateway', 'regional_nat_gateway') or resource_id like 'nat-%'
group by capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id)
union
select point
from inward
where interface_id in (
        select interface_id from sent where is_private_address(srcaddr) and not is_private_address(dstaddr)
    )
