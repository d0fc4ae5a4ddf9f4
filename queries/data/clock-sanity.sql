-- Which records have impossible times?
-- counts: records of the window whose times cannot be right, of each problem; a record may have several
-- needs: start, end
-- uses: interface_id
-- tags: data
-- read: starts and ends are good to about a minute. Of a span over 660 s the end is doubtful: the longest aggregation interval is 600 s. In the
--   future is after the last load. Records with such times are in windows by their start, and stretch what coverage takes
--   for the time that was logged
with judged as (
    select
        interface_id,
        "start",
        "end",
        "end" < "start" as ends_before,
        "end" - "start" > 660 as is_long,
        greatest("start", "end") > arrived_s + 300 as is_future,
        least("start", "end") < 1433894400 as is_ancient,
        "start" is null or "end" is null as is_missing
    from records
    cross join query_window
),
problems as (
    select 'ends before it starts' as problem, interface_id, "start", "end" from judged where ends_before
    union all
    select 'lasts over 660 s', interface_id, "start", "end" from judged where is_long
    union all
    select 'in the future', interface_id, "start", "end" from judged where is_future
    union all
    select 'before flow logs existed', interface_id, "start", "end" from judged where is_ancient
    union all
    select 'without start or end', interface_id, "start", "end" from judged where is_missing
)
select
    problem,
    count(*) as records,
    count(distinct interface_id) as interfaces,
    to_timestamp(min("start")) as first_start_time,
    to_timestamp(max("start")) as last_start_time,
    max("end" - "start") as longest_s
from problems
group by problem
order by records desc, problem
