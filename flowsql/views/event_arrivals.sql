-- One row is a number of log events that came to CloudWatch Logs about equally long after their time, which is the `start` of
-- their records: the flow log that alone writes to their log group (if it is known), `hour_start` (of the hour of a log stream
-- that they are in, Unix seconds), `lag_s` (from an event's time to AWS's taking it in, rounded up to whole minutes within an
-- hour and to whole hours beyond) and how many `events`.
select
    load_id,
    cast(null as varchar) as flow_log_id,
    cast(null as bigint) as hour_start,
    cast(null as bigint) as lag_s,
    cast(null as bigint) as events
from records
where false
