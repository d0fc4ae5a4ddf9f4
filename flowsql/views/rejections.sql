-- One row is a rejected flow of the window. REJECT does not mean that someone was kept out: `kind` is 'attempt' (the opening of
-- a connection), 'reply' (the answer to an accepted request), 'late' (after FIN or RST), 'expired' (in the midst of a connection
-- after a silence, or out of nothing), 'backscatter' (an answer to nothing that was seen), 'unknown' (no flags, or none of these).
-- `filter` and `certainty` ('certain', 'likely', 'possible', 'not decidable') tell what can have rejected it and how sure that
-- is, `reason` why, in words: security groups let answers pass, network ACLs do not and stand only between subnets.
-- `rejected_since` is since when, in the window and its context, the sender's packets to the service were rejected without
-- one accepted between; `accepted_before` and `last_accepted_time` tell what was before that. The service is the lower port.
-- `rejected_at` is the end whose interface rejected it, 'sender' or 'receiver', null for one in between or unknown;
-- `accepted_by` the interface of the sender, in the same VPC, that had let it out: then only a filter of the receiver's can be it.
with services as (
    select
        *,
        hash(point, protocol, sender_addr, receiver_addr, least(srcport, dstport)) as service
    from flow_ends
    where action in ('ACCEPT', 'REJECT')
),
followed as (
    select
        *,
        max(case when action = 'ACCEPT' then start_s end) over (
            partition by service
            order by start_s, action rows between unbounded preceding and current row
        ) as last_accepted_s
    from services
    where service in (select service from services where action = 'REJECT')
),
rejected as (
    select
        *,
        min(case when action = 'REJECT' then start_s end) over (
            partition by service, last_accepted_s
        ) as rejected_since_s
    from followed
),
read_from as (
    select min(coalesce("start", "end")) as first_s from records_in_context
),
doubtful_minutes as (
    -- Minutes in which a connection may be known by records that AWS skipped.
    select distinct point, later as minute
    from (
        select point, unnest(generate_series(minute, minute + 6)) as later
        from skipped_minutes
    ) as spread
),
contexts as (
    select
        pair,
        min(case when action = 'ACCEPT' and is_forward then start_s end) as forward_accepted_s,
        min(case when action = 'ACCEPT' and not is_forward then start_s end) as back_accepted_s,
        max(case when action = 'ACCEPT' then end_s end) as last_accepted_s,
        max(case when action = 'ACCEPT' and is_forward then end_s end) as forward_last_s,
        max(case when action = 'ACCEPT' and not is_forward then end_s end) as back_last_s,
        min(case when action = 'ACCEPT' and is_forward and flag_role = 'client' then start_s end) as forward_opened_s,
        min(case when action = 'ACCEPT' and not is_forward and flag_role = 'client' then start_s end) as back_opened_s,
        min(case when action = 'ACCEPT' and tcp_flags & 5 <> 0 then start_s end) as closed_s,
        sum(case when action = 'ACCEPT' and is_forward then packets end) as forward_packets,
        sum(case when action = 'ACCEPT' and not is_forward then packets end) as back_packets,
        sum(case when action = 'ACCEPT' and is_forward then bytes end) as forward_bytes,
        sum(case when action = 'ACCEPT' and not is_forward then bytes end) as back_bytes,
        sum(case when action = 'REJECT' and is_forward then packets end) as forward_rejected_packets,
        sum(case when action = 'REJECT' and not is_forward then packets end) as back_rejected_packets,
        sum(case when action = 'REJECT' and is_forward then bytes end) as forward_rejected_bytes,
        sum(case when action = 'REJECT' and not is_forward then bytes end) as back_rejected_bytes
    from services
    where pair in (select pair from services where action = 'REJECT')
    group by pair
),
placed as (
    select
        rejected.*,
        case is_sent_here(flow_direction, srcaddr, dstaddr, own_ipv4, own_ipv6)
            when true then case when sender_addr = srcaddr then 'sender' end
            when false then case when receiver_addr = dstaddr then 'receiver' end
        end as rejected_at,
        case
            when accepted_by <> rejected.interface_id and start_s <= last_let_out_s + 60 and end_s >= first_let_out_s - 60
            then accepted_by
        end as accepted_by,
        coalesce(src.subnet_id = dst.subnet_id, false) as is_one_subnet,
        rejected.start_s < read_from.first_s + 350 or doubtful_minutes.minute is not null as is_doubtful,
        contexts.last_accepted_s as last_seen_s,
        closed_s,
        case when is_forward then forward_accepted_s else back_accepted_s end as own_accepted_s,
        case when is_forward then back_accepted_s else forward_accepted_s end as other_accepted_s,
        case when is_forward then back_opened_s else forward_opened_s end as other_opened_s,
        case when is_forward then back_last_s else forward_last_s end as other_last_s,
        case
            when is_forward then forward_rejected_packets = back_packets and forward_rejected_bytes = back_bytes
            else back_rejected_packets = forward_packets and back_rejected_bytes = forward_bytes
        end as is_alike
    from rejected
    cross join read_from
    join contexts on contexts.pair = rejected.pair
    left join address_subnets as src on src.vpc_id = coalesce(rejected.vpc_id, '') and src.address = srcaddr
    left join address_subnets as dst on dst.vpc_id = coalesce(rejected.vpc_id, '') and dst.address = dstaddr
    left join interface_ends as own on own.interface_id = rejected.interface_id
    left join let_out on way = hash(rejected.vpc_id, protocol, sender_addr, srcport, receiver_addr, dstport)
    left join doubtful_minutes
        on doubtful_minutes.point = rejected.point and doubtful_minutes.minute = rejected.start_s // 60
    where action = 'REJECT'
),
kinds as (
    select
        *,
        case
            when protocol = 6 and tcp_flags is not null
            then tcp_reject_kind(
                    tcp_flags,
                    start_s,
                    end_s,
                    own_accepted_s,
                    other_accepted_s,
                    last_seen_s,
                    other_opened_s,
                    closed_s
                )
            when own_accepted_s is null and other_accepted_s <= end_s then 'reply'
            -- Ping again and again: earlier answers passed, until a rule changed.
            when protocol in (1, 58) and other_accepted_s <= end_s then 'reply'
            else 'unknown'
        end as seen_kind
    from placed
),
told as (
    -- That nothing came before proves nothing where the records begin, or where AWS skipped some.
    select
        *,
        case
            when seen_kind = 'backscatter' and is_doubtful and tcp_flags & 2 = 0 then 'unknown'
            when seen_kind in ('backscatter', 'expired') and is_doubtful and last_seen_s is null then 'unknown'
            else seen_kind
        end as kind
    from kinds
),
filtered as (
    select *, rejecting_filter(reject_reason, kind, is_one_subnet) as filter from told
),
judged as (
    select
        *,
        case
            when reject_reason in ('BPA', 'EC') then 'certain'
            when filter = 'security-group' then 'certain'
            when filter <> 'network-acl' then 'not decidable'
            -- Requests of these cannot be told from replies, but one answers the other.
            when protocol in (1, 58) or srcport = dstport
            then case when is_alike then 'likely' else 'possible' end
            when start_s - other_last_s <= case when protocol = 6 then 350 else 30 end then 'likely'
            else 'possible'
        end as certainty
    from filtered
)
select
    to_timestamp(start_s) as start_time,
    to_timestamp(end_s) as end_time,
    interface_id,
    vpc_id,
    subnet_id,
    srcaddr,
    srcport,
    dstaddr,
    dstport,
    sender_addr as pkt_srcaddr,
    receiver_addr as pkt_dstaddr,
    protocol,
    packets,
    bytes,
    tcp_flags,
    flow_direction,
    reject_reason,
    kind,
    filter,
    certainty,
    case
        when reject_reason = 'BPA' then 'AWS says so: VPC Block Public Access'
        when reject_reason = 'EC' then 'AWS says so: Encryption Controls of a VPC endpoint'
        when filter = 'security-group' then 'both ends are in one subnet, where no network ACL stands between them'
        when filter = 'network-acl' and (protocol in (1, 58) or srcport = dstport)
        then 'the other direction was accepted, and security groups let answers pass; requests and answers look alike here'
        when filter = 'network-acl' and certainty = 'likely'
        then 'the request was accepted, the connection open: security groups let answers pass, network ACLs do not'
        when filter = 'network-acl' then 'the request was accepted, but long ago: it may not be tracked any more'
        when kind = 'late' then 'the connection was closed, and is tracked no more'
        when kind = 'expired' then 'a packet of no connection that was seen here lately'
        when kind = 'backscatter' then 'an answer to an opening that was not seen here'
        when accepted_by is not null and rejected_at = 'receiver'
        then 'the interface of the sender let it out: a filter of the receiver, a security group or a network ACL there'
        else 'a rejected opening alone does not tell which filter it was'
    end as reason,
    to_timestamp(rejected_since_s) as rejected_since,
    last_accepted_s is not null as accepted_before,
    to_timestamp(last_accepted_s) as last_accepted_time,
    point as capture_point,
    rejected_at,
    accepted_by
from judged
cross join query_window
where coalesce(start_s >= since_s, since_s is null) and coalesce(start_s < until_s, until_s is null)
