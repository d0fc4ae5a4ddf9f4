-- Which hosts call the same service again and again, at a steady pace and always with as much to say?
-- counts: conversations of TCP and UDP with one service (address, port, protocol), each once, at the interface that saw most
--   of them; those less than 30 s apart are one call. What gateways pass on in their own name is left out. DNS and NTP are
--   left out, too, and counted in left_out.
-- needs: srcaddr, dstaddr, srcport, dstport, protocol, bytes
-- uses: start, end, tcp_flags, interface_id, pkt_srcaddr, pkt_dstaddr, pkt_dst_aws_service
-- param to one of internet|internal|any = internet : where the service is
-- param min_calls integer [4..1000000] = 6 : calls that make a series
-- param min_score number [0..1] = 0.8 : interval_share times size_share
-- param include one of calls|all = calls : all also shows DNS and NTP
-- param top integer [1..10000] = 50 : rows to show
-- tags: hunting, beacon
-- read: interval_share is the share of pauses within a tenth of the median pause (for short ones, up to a minute), size_share
--   that of calls within a tenth of the median bytes sent; coverage is the share of the time asked for in which it went on.
--   Records are a minute or more coarse: a period below 90 s is no evidence, and is not shown. Update services, monitoring
--   and licence checks beacon too; hosts tells how many call the same service: one or two are the suspicious ones
with conversation as (
    select
        capture_point,
        client_addr,
        server_addr,
        server_port,
        protocol,
        cast(floor(epoch(first_time)) as bigint) as start_s,
        coalesce(bytes_to_server, 0) as bytes_sent,
        coalesce(bytes_to_client, 0) as bytes_received
    from conversations
    where protocol in (6, 17)
        and outcome in ('answered', 'one-way', 'not decidable', 'silent')
        and client_addr not in (select address from relay_addresses)
),
-- Of several interfaces that saw a series, the one that saw most of it.
seen as (
    select capture_point, client_addr, server_addr, server_port, protocol, count(*) as conversations
    from conversation
    group by capture_point, client_addr, server_addr, server_port, protocol
    having count(*) >= $min_calls
),
ranked as (
    select
        *,
        row_number() over (
            partition by client_addr, server_addr, server_port, protocol
            order by conversations desc, capture_point
        ) as place
    from seen
),
paused as (
    select
        conversation.client_addr,
        conversation.server_addr,
        conversation.server_port,
        conversation.protocol,
        start_s,
        bytes_sent,
        bytes_received,
        start_s - lag(start_s) over (
            partition by conversation.client_addr, conversation.server_addr, conversation.server_port, conversation.protocol
            order by start_s
        ) as pause_s
    from conversation
    join ranked
        on ranked.capture_point = conversation.capture_point
        and ranked.client_addr = conversation.client_addr
        and ranked.server_addr = conversation.server_addr
        and ranked.server_port = conversation.server_port
        and ranked.protocol = conversation.protocol
    where place = 1
),
call as (
    select * from paused where pause_s is null or pause_s >= 30
),
placed as (
    select
        *,
        row_number() over (partition by client_addr, server_addr, server_port, protocol order by pause_s nulls last) as pause_place,
        row_number() over (partition by client_addr, server_addr, server_port, protocol order by bytes_sent) as size_place,
        count(*) over (partition by client_addr, server_addr, server_port, protocol) as calls
    from call
),
middle as (
    select
        client_addr,
        server_addr,
        server_port,
        protocol,
        calls,
        max(case when pause_place = calls // 2 then pause_s end) as period_s,
        max(case when size_place = (calls + 1) // 2 then bytes_sent end) as usual_bytes
    from placed
    group by client_addr, server_addr, server_port, protocol, calls
    having calls >= $min_calls
),
series as (
    select
        middle.client_addr,
        middle.server_addr,
        middle.server_port,
        middle.protocol,
        middle.calls,
        period_s,
        usual_bytes,
        cast(
            sum(
                case when abs(pause_s - period_s) <= greatest(least(60, period_s / 4.0), period_s / 10.0) then 1 else 0 end
            ) as double
        ) / (middle.calls - 1) as interval_share,
        cast(sum(case when abs(bytes_sent - usual_bytes) <= usual_bytes / 10.0 then 1 else 0 end) as double)
            / middle.calls as size_share,
        cast(sum(bytes_sent) as bigint) as bytes_sent,
        cast(sum(bytes_received) as bigint) as bytes_received,
        min(start_s) as first_s,
        max(start_s) as last_s
    from call
    join middle
        on middle.client_addr = call.client_addr
        and middle.server_addr = call.server_addr
        and middle.server_port = call.server_port
        and middle.protocol = call.protocol
    group by
        middle.client_addr, middle.server_addr, middle.server_port, middle.protocol, middle.calls, period_s, usual_bytes
),
steady as (
    select * from series where period_s >= 90 and interval_share * size_share >= $min_score
),
placed_series as (
    select
        steady.*,
        own.network is not null or is_private_address(steady.server_addr) as is_internal,
        steady.server_port in (53, 123, 853, 5353) as is_usual,
        count(distinct steady.client_addr) over (
            partition by steady.server_addr, steady.server_port, steady.protocol
        ) as hosts
    from steady
    left join own_networks as own
        on own.network = coalesce(ipv6_network_64(steady.server_addr), steady.server_addr)
    where not is_special_address(steady.server_addr)
)
select
    client_addr,
    server_addr,
    server_port,
    protocol_name(protocol) as protocol_name,
    calls,
    period_s,
    round(interval_share, 2) as interval_share,
    round(size_share, 2) as size_share,
    round(interval_share * size_share, 2) as score,
    usual_bytes,
    bytes_sent,
    bytes_received,
    hosts,
    to_timestamp(first_s) as first_time,
    to_timestamp(last_s) as last_time,
    (
        select count(*)
        from placed_series as other
        where is_usual and ($to = 'any' or ($to = 'internal') = is_internal) and $include = 'calls'
    ) as left_out
from placed_series
where ($to = 'any' or ($to = 'internal') = is_internal) and (not is_usual or $include = 'all')
order by hosts, score desc, calls desc, client_addr, server_addr, server_port, protocol
limit $top
