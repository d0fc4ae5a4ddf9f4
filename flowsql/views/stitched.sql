-- One row is a conversation of the window and its context: `conversations` shows those that touch the window. `pair` and
-- `part` tell them apart, `packet_pair` is the same at every interface that the packets pass.
with grouped as (
    select * from pair_sums where not coalesce(is_reused, false)
    union all
    select * from part_sums
),
judged as (
    -- The part that a plays, as the evidence tells, the strongest first.
    select
        grouped.*,
        case marks & 192 when 64 then 'client' when 128 then 'server' end as by_syn,
        case marks & 768 when 512 then 'client' when 256 then 'server' end as by_syn_ack,
        known_service_role(own.syn_acks, other.syn_acks) as by_service,
        fan_in_role(own.peer_ports, other.peer_ports) as by_fan_in,
        port_role(a_port, b_port) as by_port,
        -- Nothing tells of the part itself: who is heard alone, whose packets passed, who came a minute before.
        case
            when marks & 2 = 0 then 'client'
            when marks & 1 = 0 then 'server'
            when marks & 60 = 36 then 'client'
            when marks & 60 = 24 then 'server'
            when b_first_s - a_first_s > 60 then 'client'
            when a_first_s - b_first_s > 60 then 'server'
            when a_addr < b_addr then 'client'
            else 'server'
        end as by_default
    from grouped
    left join endpoints as own
        on own.vpc_id = coalesce(grouped.vpc_id, '')
        and own.protocol = grouped.protocol
        and own.port = a_port
        and own.address = case when marks & 960 = 0 then a_addr end
    left join endpoints as other
        on other.vpc_id = coalesce(grouped.vpc_id, '')
        and other.protocol = grouped.protocol
        and other.port = b_port
        and other.address = case when marks & 960 = 0 then b_addr end
    where a_addr is not null and b_addr is not null
),
sided as (
    select
        *,
        coalesce(by_syn, by_syn_ack, by_service, by_fan_in, by_port, by_default) = 'client' as a_opened,
        case
            when by_syn is not null then 'syn'
            when by_syn_ack is not null then 'syn-ack'
            when by_service is not null then 'known-service'
            when by_fan_in is not null then 'fan-in'
            when by_port is not null then 'port-guess'
            else 'unknown'
        end as evidence
    from judged
),
read_until as (
    select max(coalesce("end", "start")) as last_s from records_in_context
),
logged_actions as (
    select count(*) filter (where action = 'REJECT') as rejects, count(*) filter (where action = 'ACCEPT') as accepts
    from records_in_context
),
turned as (
    select
        sided.pair,
        sided.part,
        sided.point,
        case when marks & 1024 <> 0 then sided.point end as interface_id,
        vpc_id,
        protocol,
        case when a_opened then a_addr else b_addr end as client_addr,
        case when a_opened then a_port else b_port end as client_port,
        case when a_opened then b_addr else a_addr end as server_addr,
        case when a_opened then b_port else a_port end as server_port,
        coalesce(least(a_first_s, b_first_s), a_first_s, b_first_s) as first_s,
        sided.last_s,
        -- Without flags nothing else marks the opening; with flags it may have been before.
        protocol <> 6 or marks & 960 <> 0 or marks & 33816576 = 0 as is_opened_here,
        records,
        cast(
            case
                when marks & case when a_opened then 1 else 2 end = 0 then 0
                else case when a_opened then a_packets else b_packets end
            end as bigint
        ) as packets_to_server,
        cast(
            case
                when marks & case when a_opened then 1 else 2 end = 0 then 0
                else case when a_opened then a_bytes else b_bytes end
            end as bigint
        ) as bytes_to_server,
        cast(
            case
                when marks & case when a_opened then 2 else 1 end = 0 then 0
                else case when a_opened then b_packets else a_packets end
            end as bigint
        ) as packets_to_client,
        cast(
            case
                when marks & case when a_opened then 2 else 1 end = 0 then 0
                else case when a_opened then b_bytes else a_bytes end
            end as bigint
        ) as bytes_to_client,
        seen_flags(marks, a_opened) as client_flags,
        seen_flags(marks, not a_opened) as server_flags,
        marks & case when a_opened then 1 else 2 end <> 0 as has_client,
        marks & case when a_opened then 2 else 1 end <> 0 as has_server,
        marks & case when a_opened then 4 else 8 end <> 0 as client_accepted,
        marks & case when a_opened then 16 else 32 end <> 0 as client_rejected,
        marks & case when a_opened then 8 else 4 end <> 0 as server_accepted,
        marks & case when a_opened then 32 else 16 end <> 0 as server_rejected,
        evidence,
        nat_points.point is not null
            and not is_private_address(case when a_opened then a_addr else b_addr end) as is_for_nat,
        -- Where a missing answer proves nothing: only one direction, or one action, is ever logged there; the answer may be
        -- in what was not loaded yet, or in what AWS skipped.
        not coalesce(sees_both_sides, false)
            or sided.last_s >= read_until.last_s - 60
            or (rejects = 0 and accepts > 1000)
            or skipped_first.minute is not null
            or skipped_last.minute is not null as is_undecided,
        pair_hash(
            end_hash('', protocol, a_addr, a_addr, a_port), end_hash('', protocol, b_addr, b_addr, b_port)
        ) as packet_pair
    from sided
    cross join read_until
    cross join logged_actions
    -- Only what one side sent without an answer is looked up.
    left join capture_points on capture_points.point = case when marks & 3 <> 3 then sided.point end
    left join nat_points on nat_points.point = case when marks & 3 <> 3 then sided.point end
    left join skipped_minutes as skipped_first
        on skipped_first.point = case when marks & 3 <> 3 then sided.point end
        and skipped_first.minute = coalesce(least(a_first_s, b_first_s), a_first_s, b_first_s) // 60
    left join skipped_minutes as skipped_last
        on skipped_last.point = case when marks & 3 <> 3 then sided.point end
        and skipped_last.minute = sided.last_s // 60
)
select
    *,
    case
        when (client_rejected and not client_accepted) or (server_rejected and not server_accepted) then 'rejected'
        when not has_client then 'one-way'
        when not has_server and not is_bare_opening(protocol, client_flags, packets_to_server, bytes_to_server)
        then 'one-way'
        when not has_server and is_for_nat then 'dropped by NAT'
        when not has_server and is_undecided then 'not decidable'
        when not has_server then 'silent'
        when protocol = 6 and client_flags & 18 = 2 and server_flags & 22 = 4 then 'refused by host'
        else 'answered'
    end as outcome
from turned
