-- Which services end connections with RST, and which side sends it?
-- counts: TCP conversations with flags by service, at the capture point that saw most of them: refused is RST instead of SYN-ACK,
--   reset_by_server and reset_by_client one after the opening; both may have sent it
-- needs: tcp_flags, srcaddr, dstaddr, srcport, dstport, protocol
-- uses: action, start, end, packets, bytes, interface_id, vpc_id, pkt_srcaddr, pkt_dstaddr
-- param min_records integer [1..1000000] = 1 : leave out services with fewer conversations
-- param top integer [1..10000] = 20 : rows to show, the most resets first
-- alias: reset-connections
-- tags: tcp, diagnosis
-- read: refused: nothing listens there. Resets by the server after an idle time point to its time-out or a load balancer's (350 s
--   of a NAT gateway or Network Load Balancer); by the client they are often just how browsers and probes close. reset_percent
--   is of the connections that were opened
with seen as (
    select
        vpc_id,
        capture_point,
        server_addr,
        server_port,
        count(*) as conversations,
        count(*) filter (where outcome = 'refused by host') as refused,
        count(*) filter (where outcome = 'answered') as answered,
        count(*) filter (where outcome = 'answered' and server_flags & 4 <> 0) as reset_by_server,
        count(*) filter (where outcome = 'answered' and client_flags & 4 <> 0) as reset_by_client,
        count(*) filter (where outcome = 'answered' and (client_flags & 4 <> 0 or server_flags & 4 <> 0)) as resets,
        count(distinct case when client_flags & 4 <> 0 or server_flags & 4 <> 0 then client_addr end) as clients
    from conversations
    where protocol = 6
    group by vpc_id, capture_point, server_addr, server_port
)
select
    server_addr,
    server_port,
    max(conversations) as conversations,
    max(refused) as refused,
    max(reset_by_server) as reset_by_server,
    max(reset_by_client) as reset_by_client,
    round(cast(max(resets) as double) * 100 / nullif(max(answered), 0), 1) as reset_percent,
    max(clients) as clients,
    vpc_id
from seen
group by vpc_id, server_addr, server_port
having max(conversations) >= $min_records and max(refused) + max(resets) > 0
order by max(refused) + max(resets) desc, max(conversations) desc, server_addr, server_port, vpc_id nulls last
limit $top
