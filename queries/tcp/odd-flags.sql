-- Which packets have combinations of TCP flags that no proper connection has?
-- counts: TCP records of one packet with SYN and FIN, SYN and RST, or FIN and RST together; only one packet's flags are known
--   to belong together, as AWS ORs those of an interval. Each at every interface that logged it, of overlapping flow logs in one
-- needs: tcp_flags, packets, protocol, srcaddr
-- uses: action, dstaddr, dstport, start, end, interface_id, pkt_srcaddr, pkt_dstaddr
-- param top integer [1..10000] = 50 : rows to show
-- alias: odd-flag-combinations
-- tags: tcp, hunting
-- read: SYN,FIN and the like in one packet come from scanners that fingerprint hosts, or broken devices. Null and Xmas scans do
--   not show: without SYN, FIN or RST the flags are 0 as in any data packet. Records of several packets with SYN,FIN
--   are whole short connections, and normal
select
    coalesce(pkt_srcaddr, srcaddr) as srcaddr,
    flags,
    count(*) as records,
    count(*) filter (where action = 'REJECT') as rejected,
    count(distinct coalesce(pkt_dstaddr, dstaddr)) as destinations,
    count(distinct dstport) as ports,
    to_timestamp(min(coalesce("start", "end"))) as first_time,
    to_timestamp(max(coalesce("end", "start"))) as last_time
from flows
where protocol = 6
    and packets = 1
    and (tcp_flags & 3 = 3 or tcp_flags & 6 = 6 or tcp_flags & 5 = 5)
    and (second_view_of is null or second_view_of not in ('flow log', 'vpc'))
group by coalesce(pkt_srcaddr, srcaddr), flags
order by records desc, srcaddr nulls last, flags
limit $top
