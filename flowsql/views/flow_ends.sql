-- One row is a record that describes a flow, in the window and its context, with its two ends as numbers: `pair` is the
-- same for both directions, `is_forward` tells them apart. Addresses are those inside the packets where they were logged.
with ends as (
    select
        capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id) as point,
        interface_id,
        vpc_id,
        subnet_id,
        protocol,
        srcaddr,
        dstaddr,
        coalesce(pkt_srcaddr, srcaddr) as sender_addr,
        coalesce(pkt_dstaddr, dstaddr) as receiver_addr,
        srcport,
        dstport,
        packets,
        bytes,
        coalesce("start", "end") as start_s,
        coalesce("end", "start") as end_s,
        action,
        reject_reason,
        flow_direction,
        tcp_flags,
        flag_role(protocol, tcp_flags, is_tgw(resource_type, tgw_id, tgw_attachment_id)) as flag_role,
        end_hash(
            capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id), protocol, srcaddr, pkt_srcaddr, srcport
        ) as sender,
        end_hash(
            capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id), protocol, dstaddr, pkt_dstaddr, dstport
        ) as receiver
    from records_once
    where log_status is null or log_status not in ('NODATA', 'SKIPDATA')
)
select *, pair_hash(sender, receiver) as pair, sender <= receiver as is_forward
from ends
