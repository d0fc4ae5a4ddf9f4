-- Which protocols other than TCP, UDP and ICMP are there, between whom?
-- counts: flows accepted or not, each once (`counted` in flows)
-- needs: protocol, srcaddr, dstaddr
-- uses: bytes, packets, action, start, end, interface_id, vpc_id, pkt_srcaddr, pkt_dstaddr
-- param top integer [1..10000] = 50 : rows to show
-- tags: overview, hunting
-- read: GRE (47), ESP (50) and AH (51) are tunnels: VPNs, or a way around the rules. SCTP, VRRP and the like belong to
--   appliances. protocol is the IANA number
with named as (
    select protocol, coalesce(pkt_srcaddr, srcaddr) as srcaddr, coalesce(pkt_dstaddr, dstaddr) as dstaddr, bytes, packets,
        action, coalesce("start", "end") as start_s, coalesce("end", "start") as end_s
    from flows
    where protocol not in (1, 6, 17, 58) and counted
)
select
    protocol,
    protocol_name(protocol) as protocol_name,
    srcaddr,
    dstaddr,
    count(*) as records,
    count(*) filter (where action = 'REJECT') as rejected,
    cast(sum(packets) as bigint) as packets,
    cast(sum(bytes) as bigint) as bytes,
    to_timestamp(min(start_s)) as first_time,
    to_timestamp(max(end_s)) as last_time
from named
group by protocol, srcaddr, dstaddr
order by bytes desc nulls last, records desc, protocol, srcaddr nulls last, dstaddr nulls last
limit $top
