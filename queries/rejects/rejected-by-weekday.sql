-- On which days of the week is how much rejected?
-- counts: rejected records at every interface that logged them, in the day of their start; of the kinds attempt and
--   unknown, as `reject_kind` in flows has it: strays are counted in others only
-- needs: action
-- uses: start, end, protocol, tcp_flags, srcaddr, dstaddr, dstport
-- param protocol one of any|tcp|udp|icmp = any : only this protocol
-- param utc_offset number [-12..14] = 0 : hours by which local time is ahead of UTC
-- alias: rejected-tcp-by-weekday protocol=tcp
-- tags: reject, time
-- read: records_a_day is the mean over the days of that name between the first and the last record of any kind
with logged as (
    select
        (coalesce("start", "end") + cast($utc_offset * 3600 as bigint)) // 86400 as day,
        reject_kind,
        srcaddr,
        dstaddr,
        dstport
    from flows
    where (
            $protocol = 'any'
            or ($protocol = 'tcp' and protocol = 6)
            or ($protocol = 'udp' and protocol = 17)
            or ($protocol = 'icmp' and protocol in (1, 58))
        )
),
days as (
    select unnest(generate_series(min(day), max(day))) as day
    from logged
),
-- 1970 began on a Thursday.
weekdays as (
    select (day + 3) % 7 as weekday, count(*) as days
    from days
    group by (day + 3) % 7
),
rejected as (
    select
        (day + 3) % 7 as weekday,
        count(*) filter (where reject_kind in ('attempt', 'unknown')) as records,
        count(distinct case when reject_kind in ('attempt', 'unknown') then srcaddr end) as sources,
        count(distinct case when reject_kind in ('attempt', 'unknown') then dstaddr end) as destinations,
        count(distinct case when reject_kind in ('attempt', 'unknown') then dstport end) as ports,
        count(*) filter (where reject_kind not in ('attempt', 'unknown')) as others
    from logged
    where reject_kind is not null
    group by (day + 3) % 7
)
select
    case weekdays.weekday
        when 0 then 'Monday'
        when 1 then 'Tuesday'
        when 2 then 'Wednesday'
        when 3 then 'Thursday'
        when 4 then 'Friday'
        when 5 then 'Saturday'
        when 6 then 'Sunday'
    end as weekday,
    days,
    coalesce(records, 0) as records,
    round(cast(coalesce(records, 0) as double) / days, 1) as records_a_day,
    coalesce(sources, 0) as sources,
    coalesce(destinations, 0) as destinations,
    coalesce(ports, 0) as ports,
    coalesce(others, 0) as others
from weekdays
left join rejected on rejected.weekday = weekdays.weekday
order by weekdays.weekday
