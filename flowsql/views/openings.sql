-- One row is a pair of sender and receiver at a capture point, in the window and its context, with what TCP flags tell of
-- the part the sender plays: how many records show it as the client (its SYN, or SYN-ACK towards it), how many as the
-- server, and when they did last. The addresses are columns so that a condition on them reaches the scan.
with claims as (
    select
        *,
        capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id) as point,
        flag_role(protocol, tcp_flags, is_tgw(resource_type, tgw_id, tgw_attachment_id)) as role
    from records_in_context
    where protocol = 6 and tcp_flags & 2 <> 0
),
sides as (
    select
        way_hash(
            end_hash(point, protocol, srcaddr, pkt_srcaddr, srcport),
            end_hash(point, protocol, dstaddr, pkt_dstaddr, dstport)
        ) as way,
        interface_id,
        srcaddr,
        dstaddr,
        role,
        "start"
    from claims
    where role is not null
    union all
    select
        way_hash(
            end_hash(point, protocol, dstaddr, pkt_dstaddr, dstport),
            end_hash(point, protocol, srcaddr, pkt_srcaddr, srcport)
        ),
        interface_id,
        dstaddr,
        srcaddr,
        case role when 'client' then 'server' when 'server' then 'client' end,
        "start"
    from claims
    where role is not null
)
select
    way,
    interface_id,
    srcaddr,
    dstaddr,
    count(*) filter (where role = 'client') as as_client,
    count(*) filter (where role = 'server') as as_server,
    max("start") filter (where role = 'client') as last_as_client,
    max("start") filter (where role = 'server') as last_as_server
from sides
group by way, interface_id, srcaddr, dstaddr
