-- What talks outside working hours?
-- counts: flows that began on a Saturday or Sunday, or before or after the working hours of another day; each once
--   (`counted` in flows). off_percent is their share of all bytes from the one address to the other at that service.
-- needs: srcaddr, dstaddr, bytes
-- uses: start, srcport, dstport, protocol, tcp_flags, interface_id, vpc_id, pkt_srcaddr, pkt_dstaddr
-- param from_hour integer [0..23] = 8 : the hour at which work begins
-- param to_hour integer [1..24] = 18 : the hour at which work ends
-- param utc_offset number [-12..14] = 0 : hours by which local time is ahead of UTC
-- param way one of any|inside|out|in = any : inside the own networks, out to the internet, or in from there
-- param top integer [1..10000] = 50 : rows to show
-- tags: time, hunting
-- read: backups, updates and health checks work at night, with an off_percent of what the night is of the day; what shows only
--   then (100) and is no batch work is worth a question. Holidays are not known; one offset holds for all of the
--   window, summer time or not
with placed as (
    select
        coalesce(pkt_srcaddr, srcaddr) as srcaddr,
        coalesce(pkt_dstaddr, dstaddr) as dstaddr,
        service_name(protocol, srcport, dstport, flag_role) as service,
        bytes,
        coalesce("end", "start") as end_s,
        (coalesce("start", "end") + cast($utc_offset * 3600 as bigint)) // 3600 as local_hour
    from flows
    where counted and is_between($way, src_scope, dst_scope)
),
judged as (
    select
        *,
        (local_hour // 24 + 3) % 7 >= 5 or local_hour % 24 < $from_hour or local_hour % 24 >= $to_hour as is_off
    from placed
)
select
    srcaddr,
    dstaddr,
    service,
    cast(sum(case when is_off then bytes end) as bigint) as bytes,
    count(*) filter (where is_off) as records,
    count(distinct case when is_off then local_hour end) as hours,
    round(cast(sum(case when is_off then bytes end) as double) * 100 / nullif(sum(bytes), 0), 1) as off_percent,
    to_timestamp(max(case when is_off then end_s end)) as last_time
from judged
group by srcaddr, dstaddr, service
having count(*) filter (where is_off) > 0
order by bytes desc nulls last, records desc, srcaddr nulls last, dstaddr nulls last, service nulls last
limit $top
