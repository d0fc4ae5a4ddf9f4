-- Which services are opened and then left: SYN, an answer, and no more?
-- counts: TCP conversations by service, at the capture point that saw most of them: completed if data or a close followed;
--   half_open if the server answered SYN-ACK and neither side sent anything more than the handshake; silent if accepted SYN got no
--   answer
-- needs: tcp_flags, srcaddr, dstaddr, srcport, dstport, protocol, packets, bytes
-- uses: action, start, end, interface_id, vpc_id, pkt_srcaddr, pkt_dstaddr
-- param min_records integer [1..1000000] = 1 : leave out what has fewer half-open and silent ones
-- param top integer [1..10000] = 20 : rows to show, the most half-open and silent first
-- alias: half-open-servers
-- tags: tcp, hunting
-- read: many of both from many sources is a SYN flood (the sources are forged, or behind one NAT address they are
--   not); from one source a scan. Load balancers' TCP checks close properly and do not count. Connections
--   opened in the last minute may still be at it
with judged as (
    select
        vpc_id,
        capture_point,
        client_addr,
        server_addr,
        server_port,
        outcome,
        last_time,
        outcome = 'answered'
            and client_flags & 18 = 2
            and server_flags & 18 = 18
            and (client_flags | server_flags) & 5 = 0
            and bytes_to_server <= packets_to_server * 80
            and bytes_to_client <= packets_to_client * 80 as is_half_open
    from conversations
    where protocol = 6
),
seen as (
    select
        vpc_id,
        capture_point,
        server_addr,
        server_port,
        count(*) filter (where outcome = 'answered' and not coalesce(is_half_open, false)) as completed,
        count(*) filter (where is_half_open) as half_open,
        count(*) filter (where outcome = 'silent') as silent,
        count(*) filter (where outcome = 'rejected') as rejected,
        count(distinct case when is_half_open or outcome = 'silent' then client_addr end) as sources,
        max(case when is_half_open or outcome = 'silent' then last_time end) as last_time
    from judged
    group by vpc_id, capture_point, server_addr, server_port
)
select
    server_addr,
    server_port,
    max(completed) as completed,
    max(half_open) as half_open,
    max(silent) as silent,
    max(rejected) as rejected,
    max(sources) as sources,
    max(last_time) as last_time,
    vpc_id
from seen
group by vpc_id, server_addr, server_port
having max(half_open) + max(silent) >= $min_records
order by max(half_open) + max(silent) desc, max(half_open) desc, server_addr, server_port, vpc_id nulls last
limit $top
