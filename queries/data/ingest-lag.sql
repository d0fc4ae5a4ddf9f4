-- How long do files take to arrive?
-- counts: files that AWS delivered to S3, by its names for them, and the seconds from the end of a file's 5-minute slot to its
--   arrival: when the loaded copy was written, or when it was loaded. One row a day (UTC) and flow log; the window is that of
--   the slots.
-- tags: data, lag
-- read: what was loaded long after it was delivered, as in a first load of old logs, counts as late: late_files came after more
--   than an hour.
with delays as (
    select
        flow_log_id,
        slot_start // 86400 as day,
        greatest(arrived_at - slot_start - 300, 0) as delay_s
    from deliveries
    cross join query_window
    where (since_s is null or slot_start >= since_s) and (until_s is null or slot_start < until_s)
),
ranked as (
    select
        flow_log_id,
        day,
        delay_s,
        row_number() over (partition by flow_log_id, day order by delay_s) as place,
        count(*) over (partition by flow_log_id, day) as files
    from delays
)
select
    to_timestamp(day * 86400) as day_time,
    flow_log_id,
    count(*) as files,
    min(delay_s) as min_s,
    max(delay_s) filter (where 2 * place <= files + 1) as median_s,
    max(delay_s) filter (where 100 * place <= 99 * files + 99) as p99_s,
    max(delay_s) as max_s,
    count(*) filter (where delay_s > 3600) as late_files
from ranked
group by day, flow_log_id
order by day_time, flow_log_id nulls last
