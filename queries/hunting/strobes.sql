-- Which pairs open conversations most often?
-- counts: conversations of TCP and UDP with one service, each once, at the interface that saw most of the pair; DNS and NTP
--   are left out, and counted in left_out
-- needs: srcaddr, dstaddr, srcport, dstport, protocol
-- uses: tcp_flags, bytes, start, end, interface_id, pkt_srcaddr, pkt_dstaddr
-- param min_count integer [1..1000000000] = 100 : conversations of a pair
-- param top integer [1..10000] = 50 : rows to show
-- tags: hunting, top
-- read: load balancers and clients without a connection pool come first. per_minute is over the time from the first to the
--   last; failed were rejected, refused or had no answer
with pair as (
    select
        capture_point,
        client_addr,
        server_addr,
        server_port,
        protocol,
        count(*) as conversations,
        sum(case when outcome in ('answered', 'one-way', 'not decidable') then 0 else 1 end) as failed,
        sum(bytes_to_server) as bytes_to_server,
        sum(bytes_to_client) as bytes_to_client,
        min(first_time) as first_time,
        max(last_time) as last_time
    from conversations
    where protocol in (6, 17)
    group by capture_point, client_addr, server_addr, server_port, protocol
    having count(*) >= $min_count
),
ranked as (
    select
        *,
        case when server_port in (53, 123, 853, 5353) then 1 else 0 end as is_usual,
        row_number() over (
            partition by client_addr, server_addr, server_port, protocol order by conversations desc, capture_point
        ) as place
    from pair
)
select
    client_addr,
    server_addr,
    server_port,
    protocol_name(protocol) as protocol_name,
    conversations,
    cast(failed as bigint) as failed,
    round(
        conversations * 60.0 / greatest(epoch(last_time) - epoch(first_time), 60), 1
    ) as per_minute,
    cast(bytes_to_server as bigint) as bytes_to_server,
    cast(bytes_to_client as bigint) as bytes_to_client,
    first_time,
    last_time,
    (select count(*) from ranked where place = 1 and is_usual = 1) as left_out
from ranked
where place = 1 and is_usual = 0
order by conversations desc, client_addr, server_addr, server_port, protocol
limit $top
