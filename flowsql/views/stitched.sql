-- One row is a conversation of the window and its context: `conversations` shows those that touch the window. `pair` and
-- `part` tell them apart, `packet_pair` is the same at every interface that the packets pass.
with grouped as (
    -- a is the end that sends forward, b the other.
    select
        pair,
        part,
        any_value(point) as point,
        any_value(interface_id) as interface_id,
        any_value(vpc_id) as vpc_id,
        any_value(interface_type) as interface_type,
        any_value(protocol) as protocol,
        any_value(case when is_forward then sender_addr else receiver_addr end) as a_addr,
        any_value(case when is_forward then receiver_addr else sender_addr end) as b_addr,
        any_value(case when is_forward then srcaddr else dstaddr end) as a_leg,
        any_value(case when is_forward then dstaddr else srcaddr end) as b_leg,
        any_value(case when is_forward then srcport else dstport end) as a_port,
        any_value(case when is_forward then dstport else srcport end) as b_port,
        min(start_s) as first_s,
        max(end_s) as last_s,
        min(start_s) filter (where is_forward) as a_first_s,
        min(start_s) filter (where not is_forward) as b_first_s,
        min(start_s) filter (where flag_role = 'client') as opened_s,
        count(*) as records,
        count(*) filter (where is_forward) as a_records,
        cast(sum(packets) filter (where is_forward) as bigint) as a_packets,
        cast(sum(packets) filter (where not is_forward) as bigint) as b_packets,
        cast(sum(bytes) filter (where is_forward) as bigint) as a_bytes,
        cast(sum(bytes) filter (where not is_forward) as bigint) as b_bytes,
        bit_or(tcp_flags) filter (where is_forward) as a_flags,
        bit_or(tcp_flags) filter (where not is_forward) as b_flags,
        count(*) filter (where is_forward and action = 'ACCEPT') as a_accepts,
        count(*) filter (where is_forward and action = 'REJECT') as a_rejects,
        count(*) filter (where not is_forward and action = 'ACCEPT') as b_accepts,
        count(*) filter (where not is_forward and action = 'REJECT') as b_rejects,
        count(*) filter (where flag_role = 'client' and is_forward) as a_syns,
        count(*) filter (where flag_role = 'client' and not is_forward) as b_syns,
        count(*) filter (where flag_role = 'server' and is_forward) as a_syn_acks,
        count(*) filter (where flag_role = 'server' and not is_forward) as b_syn_acks
    from numbered_flows
    group by pair, part
),
judged as (
    -- The part that a plays, as the evidence tells, the strongest first.
    select
        grouped.*,
        case
            when a_syns > 0 and b_syns = 0 then 'client'
            when b_syns > 0 and a_syns = 0 then 'server'
        end as by_syn,
        case
            when b_syn_acks > 0 and a_syn_acks = 0 then 'client'
            when a_syn_acks > 0 and b_syn_acks = 0 then 'server'
        end as by_syn_ack,
        known_service_role(own.syn_acks, other.syn_acks) as by_service,
        fan_in_role(own.peer_ports, other.peer_ports) as by_fan_in,
        port_role(a_port, b_port) as by_port,
        -- Nothing tells of the part itself: who is heard alone, whose packets passed, who came a minute before.
        case
            when a_records = records then 'client'
            when a_records = 0 then 'server'
            when a_accepts > 0 and a_rejects = 0 and b_rejects > 0 and b_accepts = 0 then 'client'
            when b_accepts > 0 and b_rejects = 0 and a_rejects > 0 and a_accepts = 0 then 'server'
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
        and own.address = case when a_syns + b_syns + a_syn_acks + b_syn_acks = 0 then a_leg end
    left join endpoints as other
        on other.vpc_id = coalesce(grouped.vpc_id, '')
        and other.protocol = grouped.protocol
        and other.port = b_port
        and other.address = case when a_syns + b_syns + a_syn_acks + b_syn_acks = 0 then b_leg end
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
        end as evidence,
        a_records > 0 and a_records < records as has_both_sides
    from judged
),
points as (
    -- A NAT gateway's interface: packets go to an address of its own, but are for the internet.
    select
        point,
        bool_or(has_both_sides) as sees_both_sides,
        bool_or(
            coalesce(interface_type in ('nat_gateway', 'regional_nat_gateway'), false)
            or point like 'nat-%'
            or (b_addr <> b_leg and is_private_address(b_leg) and not is_private_address(b_addr))
            or (a_addr <> a_leg and is_private_address(a_leg) and not is_private_address(a_addr))
        ) as is_nat
    from sided
    group by point
),
read_until as (
    select max(last_s) as last_s, sum(a_rejects + b_rejects) as rejects, sum(a_accepts + b_accepts) as accepts
    from sided
),
undecided as (
    -- Conversations of which a missing answer proves nothing: only one direction, or one action, is ever logged there;
    -- the answer may be in what was not loaded yet, or in what AWS skipped.
    select pair, part
    from sided
    join points on points.point = sided.point
    cross join read_until
    where not has_both_sides
        and (
            not sees_both_sides
            or sided.last_s >= read_until.last_s - 60
            or (rejects = 0 and accepts > 1000)
        )
    union
    select pair, part
    from sided
    join (
        select
            capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id) as point,
            coalesce("start", "end") as first_s,
            coalesce("end", "start") as last_s
        from records_in_context
        where log_status = 'SKIPDATA'
    ) as skipped
        on skipped.point = sided.point
        and skipped.first_s <= sided.last_s + 60
        and skipped.last_s >= sided.first_s - 60
    where not has_both_sides
),
turned as (
    select
        sided.pair,
        sided.part,
        sided.point,
        interface_id,
        vpc_id,
        protocol,
        case when a_opened then a_addr else b_addr end as client_addr,
        case when a_opened then a_port else b_port end as client_port,
        case when a_opened then b_addr else a_addr end as server_addr,
        case when a_opened then b_port else a_port end as server_port,
        first_s,
        last_s,
        opened_s,
        records,
        case when a_opened then a_records else records - a_records end as client_records,
        case when a_opened then records - a_records else a_records end as server_records,
        coalesce(case when a_opened then a_packets else b_packets end, 0) as packets_to_server,
        coalesce(case when a_opened then a_bytes else b_bytes end, 0) as bytes_to_server,
        coalesce(case when a_opened then b_packets else a_packets end, 0) as packets_to_client,
        coalesce(case when a_opened then b_bytes else a_bytes end, 0) as bytes_to_client,
        case when a_opened then a_flags else b_flags end as client_flags,
        case when a_opened then b_flags else a_flags end as server_flags,
        case when a_opened then a_accepts else b_accepts end as client_accepts,
        case when a_opened then a_rejects else b_rejects end as client_rejects,
        case when a_opened then b_accepts else a_accepts end as server_accepts,
        case when a_opened then b_rejects else a_rejects end as server_rejects,
        evidence,
        coalesce(is_nat, false)
            and not is_private_address(case when a_opened then a_addr else b_addr end) as is_for_nat,
        undecided.pair is not null as is_undecided,
        pair_hash(
            end_hash('', protocol, a_addr, a_addr, a_port), end_hash('', protocol, b_addr, b_addr, b_port)
        ) as packet_pair
    from sided
    left join points on points.point = sided.point
    left join undecided on undecided.pair = sided.pair and undecided.part = sided.part
)
select
    *,
    case
        when client_rejects + server_rejects > 0 and client_accepts + server_accepts = 0 then 'rejected'
        when (client_rejects > 0 and client_accepts = 0) or (server_rejects > 0 and server_accepts = 0) then 'rejected'
        when client_records = 0 then 'one-way'
        when server_records = 0 and not is_bare_opening(protocol, client_flags, packets_to_server, bytes_to_server)
        then 'one-way'
        when server_records = 0 and is_for_nat then 'dropped by NAT'
        when server_records = 0 and is_undecided then 'not decidable'
        when server_records = 0 then 'silent'
        when protocol = 6 and client_flags & 18 = 2 and server_flags & 22 = 4 then 'refused by host'
        else 'answered'
    end as outcome
from turned
