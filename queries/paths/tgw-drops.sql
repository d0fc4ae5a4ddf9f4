-- Which packets did the transit gateway drop, and why?
-- counts: records of transit gateway flow logs with lost packets, each where it entered, by attachment, pair or cause
-- needs: packets_lost_no_route, packets_lost_blackhole, packets_lost_mtu_exceeded, packets_lost_ttl_expired
-- needs[by=attachment]: tgw_attachment_id
-- needs[by=pair]: srcaddr, dstaddr
-- uses: tgw_attachment_id, srcaddr, dstaddr, packets, start, end, flow_direction
-- param by one of pair|attachment = pair : what a row is
-- param top integer [1..10000] = 50 : rows to show, the most lost packets first
-- alias: tgw-drops-by-cause by=attachment
-- tags: tgw, diagnosis
-- read: no_route: no route in the attachment's table; blackhole: a route that says drop, or to a deleted attachment; mtu_exceeded:
--   over 8,500 bytes (1,500 over VPN); ttl_expired: a routing loop. packets are all of the
--   same records
with lossy as (
    select
        case when $by = 'attachment' then tgw_attachment_id else srcaddr end as name,
        case when $by = 'pair' then dstaddr end as peer,
        packets,
        coalesce(packets_lost_no_route, 0) as no_route,
        coalesce(packets_lost_blackhole, 0) as blackhole,
        coalesce(packets_lost_mtu_exceeded, 0) as mtu_exceeded,
        coalesce(packets_lost_ttl_expired, 0) as ttl_expired,
        coalesce("end", "start") as end_s
    from flows
    where is_tgw
),
summed as (
    select
        name,
        peer,
        sum(no_route) as no_route,
        sum(blackhole) as blackhole,
        sum(mtu_exceeded) as mtu_exceeded,
        sum(ttl_expired) as ttl_expired,
        sum(packets) as packets,
        max(end_s) as last_s
    from lossy
    where no_route + blackhole + mtu_exceeded + ttl_expired > 0
    group by name, peer
)
select
    name || coalesce(' -> ' || peer, '') as name,
    cast(no_route as bigint) as no_route,
    cast(blackhole as bigint) as blackhole,
    cast(mtu_exceeded as bigint) as mtu_exceeded,
    cast(ttl_expired as bigint) as ttl_expired,
    cast(packets as bigint) as packets,
    to_timestamp(last_s) as last_time
from summed
order by no_route + blackhole + mtu_exceeded + ttl_expired desc, summed.name nulls last, peer nulls last
limit $top
