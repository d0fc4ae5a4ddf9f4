-- At which hours of which weekdays is there how much traffic?
-- counts: the mean over the hours of that weekday and time between the first and the last with traffic, those without any
--   counted as zero. Bytes and packets are split over the hours that a record touches and count a flow once (`counted`
--   in flows); records and rejected count each record once, in the hour of its start, at every interface.
-- needs: start, bytes
-- uses: end, packets, action, interface_id, srcaddr, vpc_id, pkt_srcaddr, pkt_dstaddr
-- param measure one of bytes|packets|records|rejected = bytes : what is counted
-- param utc_offset number [-12..14] = 0 : hours by which local time is ahead of UTC
-- tags: overview, time
-- read: hour is the local one, 8 means 8:00 to 9:00; an empty cell is an hour that the window does not have. One offset
--   holds for all of the window: where summer time begins or ends in it, take two windows. A hole in the logs looks
--   like an hour without traffic: see coverage-by-interface
with chosen as (
    select
        coalesce("start", "end") + cast($utc_offset * 3600 as bigint) as first_s,
        greatest(coalesce("end", "start"), coalesce("start", "end")) + cast($utc_offset * 3600 as bigint) as last_s,
        case $measure
            when 'bytes' then case when counted then bytes end
            when 'packets' then case when counted then packets end
            when 'records' then 1
            when 'rejected' then case when action = 'REJECT' then 1 else 0 end
        end as amount
    from flows
    where second_view_of is null or second_view_of not in ('vpc', 'flow log')
),
spread as (
    select
        unnest(
            generate_series(
                first_s // 3600,
                case when $measure in ('bytes', 'packets') then last_bin(first_s, last_s, 3600) else first_s // 3600 end
            )
        ) as hour,
        first_s,
        last_s,
        amount
    from chosen
),
sums as (
    select
        hour,
        sum(
            case
                when $measure in ('bytes', 'packets') then amount_in_bin(amount, first_s, last_s, hour, 3600)
                else amount
            end
        ) as amount
    from spread
    group by hour
),
hours as (
    select unnest(generate_series(min(hour), max(hour))) as hour
    from sums
),
-- 1970 began on a Thursday.
cells as (
    select
        hours.hour % 24 as hour,
        (hours.hour // 24 + 3) % 7 as weekday,
        cast(round(cast(sum(coalesce(amount, 0)) as double) / count(*)) as bigint) as mean
    from hours
    left join sums on sums.hour = hours.hour
    group by hours.hour % 24, (hours.hour // 24 + 3) % 7
)
select
    hour,
    max(case when weekday = 0 then mean end) as monday,
    max(case when weekday = 1 then mean end) as tuesday,
    max(case when weekday = 2 then mean end) as wednesday,
    max(case when weekday = 3 then mean end) as thursday,
    max(case when weekday = 4 then mean end) as friday,
    max(case when weekday = 5 then mean end) as saturday,
    max(case when weekday = 6 then mean end) as sunday
from cells
group by hour
order by hour
