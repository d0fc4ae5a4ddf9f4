-- Where do the addresses of the interface and those inside the packets differ, and what are they?
-- counts: records at every interface that logged them, of overlapping flow logs in one, whose pkt_srcaddr or pkt_dstaddr
--   is another address than srcaddr or dstaddr
-- needs: pkt_srcaddr, pkt_dstaddr, srcaddr, dstaddr
-- uses: interface_id, resource_id, bytes, start, end
-- param ip ip = null : only where this address is among the four
-- param top integer [1..10000] = 50 : rows to show, the most bytes first
-- alias: nat-translation-view
-- tags: nat, lookup
-- read: a NAT gateway: dstaddr is its own, pkt_dstaddr the outside; coming back srcaddr is its own. A transit gateway's interface or
--   an appliance likewise. A pod or other secondary address: srcaddr or dstaddr is the interface's primary one. Ports after
--   translation are not logged, so an outside leg cannot be tied to a host
select
    capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id) as capture_point,
    srcaddr,
    pkt_srcaddr,
    dstaddr,
    pkt_dstaddr,
    count(*) as records,
    cast(sum(bytes) as bigint) as bytes,
    to_timestamp(max(coalesce("end", "start"))) as last_time
from flows
where (pkt_srcaddr <> srcaddr or pkt_dstaddr <> dstaddr)
    and ($ip is null or $ip in (srcaddr, pkt_srcaddr, dstaddr, pkt_dstaddr))
    and (second_view_of is null or second_view_of <> 'flow log')
group by
    capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id), srcaddr, pkt_srcaddr, dstaddr, pkt_dstaddr
order by
    bytes desc nulls last,
    records desc,
    capture_point nulls last,
    srcaddr nulls last,
    pkt_srcaddr nulls last,
    dstaddr nulls last,
    pkt_dstaddr nulls last
limit $top
