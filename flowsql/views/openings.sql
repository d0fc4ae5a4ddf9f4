-- One row is a pair of sender and receiver at a capture point, in the window and its context, with what TCP flags tell of
-- the part the sender plays: how many records show it as the client (its SYN, or SYN-ACK towards it), how many as the
-- server, and when they did last. The addresses are columns so that a condition on them reaches the scan.
with claims as (
    select
        *,
        flag_role(protocol, tcp_flags, is_tgw(resource_type, tgw_id, tgw_attachment_id)) as role,
        -- By address and port, not by hash: a condition on an address is tested before anything is hashed.
        case
            when srcaddr < dstaddr then true
            when srcaddr > dstaddr then false
            when coalesce(srcaddr, pkt_srcaddr, '') = coalesce(dstaddr, pkt_dstaddr, '') then coalesce(srcport < dstport, false)
            else coalesce(srcaddr, pkt_srcaddr, '') < coalesce(dstaddr, pkt_dstaddr, '')
        end as is_forward
    from records_in_context
    -- No condition that the scan takes at once (protocol = 6): it would take none on interface_id later.
    where tcp_flags & 2 <> 0
),
ordered as (
    select
        *,
        case when is_forward then srcaddr else dstaddr end as one_addr,
        case when is_forward then dstaddr else srcaddr end as other_addr
    from claims
    -- Nothing tells of packets to the very end that they come from.
    where role is not null
        and (
            coalesce(srcaddr <> dstaddr, coalesce(srcaddr, pkt_srcaddr, '') <> coalesce(dstaddr, pkt_dstaddr, ''))
            or coalesce(srcport <> dstport, false)
        )
),
turned as (
    select
        interface_id,
        one_addr,
        other_addr,
        end_hash(
            capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id),
            protocol,
            case when is_forward then srcaddr else dstaddr end,
            case when is_forward then pkt_srcaddr else pkt_dstaddr end,
            case when is_forward then srcport else dstport end
        ) as one,
        end_hash(
            capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id),
            protocol,
            case when is_forward then dstaddr else srcaddr end,
            case when is_forward then pkt_dstaddr else pkt_srcaddr end,
            case when is_forward then dstport else srcport end
        ) as other,
        is_forward = (role = 'client') as is_one_client,
        "start"
    from ordered
),
pairs as (
    -- Both directions in one: what shows one end as the client shows the other as the server.
    select
        interface_id,
        one_addr,
        other_addr,
        one,
        other,
        count(*) filter (where is_one_client) as one_as_client,
        count(*) filter (where not is_one_client) as other_as_client,
        max("start") filter (where is_one_client) as last_one_as_client,
        max("start") filter (where not is_one_client) as last_other_as_client
    from turned
    group by interface_id, one_addr, other_addr, one, other
)
select
    way_hash(one, other) as way,
    interface_id,
    one_addr as srcaddr,
    other_addr as dstaddr,
    one_as_client as as_client,
    other_as_client as as_server,
    last_one_as_client as last_as_client,
    last_other_as_client as last_as_server
from pairs
union all
select
    way_hash(other, one),
    interface_id,
    other_addr,
    one_addr,
    other_as_client,
    one_as_client,
    last_other_as_client,
    last_one_as_client
from pairs
