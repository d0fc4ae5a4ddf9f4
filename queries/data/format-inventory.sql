-- Which log formats are in the store: since when, in how many objects and records?
-- counts: live objects of all of the store, whatever the window, by their field list
-- param top integer [1..10000] = 20 : rows to show, the most records first
-- tags: data
-- read: a query that needs a field answers for the records of formats with it only, and its trust line says so. Several
--   formats at a time are several flow logs; one after the other, a flow log that was made anew
select
    length(log_format) - length(replace(log_format, '$', '')) as fields,
    count(*) as objects,
    cast(sum(records) as bigint) as records,
    count(distinct flow_log_id) as flow_logs,
    to_timestamp(min(coalesce(min_start, min_end))) as first_time,
    to_timestamp(max(coalesce(max_end, max_start))) as last_time,
    log_format
from loads
where state in ('live', 'incomplete')
group by log_format
order by records desc, log_format
limit $top
