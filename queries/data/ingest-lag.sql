-- How long do records take to arrive?
-- counts: files that AWS delivered to S3, by its names for them, and the seconds from the end of a file's 5-minute slot to its
--   arrival: when it was written there, or when it was loaded if that is not known; and events of CloudWatch Logs, from an event's
--   time (the start of its record) to AWS's taking it in. One row a day (UTC), flow log and destination; the window is that of the
--   slots, and of the hours of log streams.
-- tags: data, lag
-- read: late are files that came after more than an hour, and events after more than two, which loads miss without a longer
--   --overlap. A copy of old files counts as late as it was made. An event's record lasts up to ten minutes, its lag to five more.
with delays as (
    select
        flow_log_id,
        'S3' as delivered_to,
        slot_start as time_s,
        greatest(arrived_at - slot_start - 300, 0) as delay_s,
        1 as number,
        3600 as late_s
    from deliveries
    union all
    select flow_log_id, 'CloudWatch Logs', hour_start, lag_s, events, 7200
    from event_arrivals
),
ranked as (
    select
        flow_log_id,
        delivered_to,
        time_s // 86400 as day,
        delay_s,
        number,
        late_s,
        sum(number) over (
            partition by flow_log_id, delivered_to, time_s // 86400 order by delay_s range unbounded preceding
        ) as until_here,
        sum(number) over (partition by flow_log_id, delivered_to, time_s // 86400) as all_of_them
    from delays
    cross join query_window
    where (since_s is null or time_s >= since_s) and (until_s is null or time_s < until_s)
)
select
    to_timestamp(day * 86400) as day_time,
    flow_log_id,
    delivered_to,
    cast(sum(number) as bigint) as arrivals,
    min(delay_s) as min_s,
    min(delay_s) filter (where 2 * until_here >= all_of_them) as median_s,
    min(delay_s) filter (where 100 * until_here >= 99 * all_of_them) as p99_s,
    max(delay_s) as max_s,
    cast(coalesce(sum(number) filter (where delay_s > late_s), 0) as bigint) as late
from ranked
group by day, flow_log_id, delivered_to
order by day_time, flow_log_id nulls last, delivered_to
