-- One row is a pair of sender and receiver at a capture point, in the window and its context, with what TCP flags tell of
-- the part the sender plays: how many records show it as the client (its SYN, or SYN-ACK towards it), how many as the
-- server, and when they did last. The addresses are columns so that a condition on them reaches the scan.
with claims as (
    select
        interface_id,
        srcaddr,
        dstaddr,
        end_hash(
            capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id), protocol, srcaddr, pkt_srcaddr, srcport
        ) as sender,
        end_hash(
            capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id), protocol, dstaddr, pkt_dstaddr, dstport
        ) as receiver,
        flag_role(protocol, tcp_flags, is_tgw(resource_type, tgw_id, tgw_attachment_id)) as role,
        "start"
    from records_in_context
    -- No condition that the scan takes at once (protocol = 6): it would take none on interface_id later.
    where tcp_flags & 2 <> 0
),
sides as (
    select way_hash(sender, receiver) as way, interface_id, srcaddr, dstaddr, role = 'client' as is_client, "start"
    from claims
    where role is not null
    union all
    select way_hash(receiver, sender), interface_id, dstaddr, srcaddr, role <> 'client', "start"
    from claims
    where role is not null
)
select
    way,
    interface_id,
    srcaddr,
    dstaddr,
    count(*) filter (where is_client) as as_client,
    count(*) filter (where not is_client) as as_server,
    max("start") filter (where is_client) as last_as_client,
    max("start") filter (where not is_client) as last_as_server
from sides
group by way, interface_id, srcaddr, dstaddr
