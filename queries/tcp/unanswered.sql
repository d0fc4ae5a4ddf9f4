-- Who sends, is let through, and gets no answer?
-- counts: conversations with outcome silent by client and service, at the capture point that saw most of them: accepted
--   where it was logged, and nothing came back
-- absence: yes
-- needs: srcaddr, dstaddr, srcport, dstport, protocol
-- uses: action, tcp_flags, start, end, packets, bytes, interface_id, vpc_id, pkt_srcaddr, pkt_dstaddr
-- param protocol one of any|tcp|udp|icmp = tcp : only this protocol
-- param min_records integer [1..1000000] = 1 : leave out what has fewer silent conversations
-- param top integer [1..10000] = 50 : rows to show, the most silent first
-- alias: unanswered-syn protocol=tcp
-- tags: tcp, diagnosis
-- read: the host is down, its own firewall drops it, or a filter further on rejects it (rejected-pairs tells, if that interface
--   is logged). not_decidable are those where an answer may have been missed: SKIPDATA, one direction or one
--   action logged only, or too near the end of the logs. A pair with answered above 0 fails only at times. vpc_id is where it was seen: traffic between two VPCs has a row in each
with seen as (
    select
        vpc_id,
        capture_point,
        client_addr,
        server_addr,
        server_port,
        protocol,
        count(*) filter (where outcome = 'silent') as silent,
        count(*) filter (where outcome = 'answered') as answered,
        count(*) filter (where outcome = 'not decidable') as not_decidable,
        max(case when outcome = 'silent' then last_time end) as last_time
    from conversations
    where $protocol = 'any'
        or ($protocol = 'tcp' and protocol = 6)
        or ($protocol = 'udp' and protocol = 17)
        or ($protocol = 'icmp' and protocol in (1, 58))
    group by vpc_id, capture_point, client_addr, server_addr, server_port, protocol
)
select
    client_addr,
    server_addr,
    service_name(protocol, server_port, server_port, null) as service,
    max(silent) as silent,
    max(answered) as answered,
    max(not_decidable) as not_decidable,
    max(last_time) as last_time,
    vpc_id
from seen
group by vpc_id, client_addr, server_addr, server_port, protocol
having max(silent) >= $min_records
order by
    max(silent) desc, client_addr, server_addr, server_port nulls last, protocol nulls last, vpc_id nulls last
limit $top
