-- What did this address send and receive?
-- counts: every record, accepted or not, with the address on either side, as the interface saw it or inside the
--   packet; one row a record, so a flow logged at two interfaces is there twice
-- needs: srcaddr, dstaddr
-- uses: pkt_srcaddr, pkt_dstaddr, start, end, srcport, dstport, protocol, packets, bytes, action, tcp_flags,
--   interface_id, flow_direction
-- param ip ip : the address
-- param top integer [1..10000] = 100 : records to show, the newest first
-- tags: lookup
-- read: sent tells who sent the packets of the record, not who opened the connection; direction is the interface's, by
--   flow_direction or, as local_evidence tells, by the address that all of its records have
select
    start_time,
    end_time,
    interface_id,
    direction,
    local_evidence,
    coalesce($ip in (srcaddr, pkt_srcaddr), false) as sent,
    srcaddr,
    srcport,
    dstaddr,
    dstport,
    protocol_name,
    packets,
    bytes,
    action,
    flags,
    pkt_srcaddr,
    pkt_dstaddr
from flows
where $ip in (srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr)
order by
    "start" desc nulls last,
    "end" desc nulls last,
    interface_id nulls last,
    srcaddr nulls last,
    srcport nulls last,
    dstaddr nulls last,
    dstport nulls last,
    protocol nulls last,
    action nulls last,
    flow_direction nulls last,
    tcp_flags nulls last,
    pkt_srcaddr nulls last,
    pkt_dstaddr nulls last,
    packets desc nulls last,
    bytes desc nulls last
limit $top
