-- Which conversations went on for longest?
-- counts: conversations, each once, at the interface that saw it longest; NTP and ICMP, where all with the same ports is one
--   conversation, are left out
-- needs: srcaddr, dstaddr, srcport, dstport, protocol, start, end
-- uses: tcp_flags, bytes, interface_id, action, pkt_srcaddr, pkt_dstaddr
-- param longer_than span = 1h : shortest conversation to show
-- param top integer [1..10000] = 50 : rows to show
-- tags: hunting, tcp
-- read: database pools, tunnels and log shipping last for days; a long connection to the internet that is none of these
--   deserves a look. opened and closed say whether flags showed that, in the window and its context; without flags TCP
--   ends after an hour of silence
with lasting as (
    select
        *,
        epoch(last_time) - epoch(first_time) as duration_s
    from conversations
    where protocol in (6, 17)
        and not (protocol = 17 and server_port = 123)
        and epoch(last_time) - epoch(first_time) >= $longer_than
),
ranked as (
    select
        *,
        row_number() over (
            partition by client_addr, client_port, server_addr, server_port, protocol
            order by duration_s desc, capture_point, first_time
        ) as place
    from lasting
)
select
    client_addr,
    client_port,
    server_addr,
    server_port,
    protocol_name(protocol) as protocol_name,
    cast(duration_s as bigint) as duration_s,
    bytes_to_server,
    bytes_to_client,
    outcome,
    state,
    first_time,
    last_time,
    capture_point
from ranked
where place = 1
order by duration_s desc, client_addr, client_port, server_addr, server_port, protocol, first_time
limit $top
