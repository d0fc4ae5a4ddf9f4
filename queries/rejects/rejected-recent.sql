-- What was rejected last, and which filter can it have been?
-- counts: rejected records at every interface that logged them, of the kinds attempt and unknown (see `rejections`)
-- needs: action, srcaddr, dstaddr
-- uses: start, end, srcport, dstport, protocol, packets, tcp_flags, interface_id, vpc_id, subnet_id, reject_reason,
--   pkt_srcaddr, pkt_dstaddr
-- param kinds one of attempts|all = attempts : all also shows what nobody was kept out by
-- param top integer [1..10000] = 20 : rows to show, the newest first
-- alias: rejected-traffic
-- tags: reject, lookup
-- read: kind attempt is the opening of a connection, unknown anything without flags. filter is empty where
--   nothing tells a security group from a network ACL, the normal case: see reject-filters
select
    start_time,
    interface_id,
    coalesce(pkt_srcaddr, srcaddr) as srcaddr,
    coalesce(pkt_dstaddr, dstaddr) as dstaddr,
    service_name(protocol, dstport, dstport, null) as service,
    packets,
    kind,
    case when certainty <> 'not decidable' then filter || ', ' || certainty end as filter
from rejections
where $kinds = 'all' or kind in ('attempt', 'unknown')
order by
    start_time desc nulls last,
    end_time desc nulls last,
    interface_id nulls last,
    srcaddr nulls last,
    dstaddr nulls last,
    dstport nulls last,
    protocol nulls last,
    srcport nulls last,
    packets nulls last,
    bytes nulls last,
    kind,
    tcp_flags nulls last
limit $top
