-- Log formats
select
    length(log_format) - length(replace(log_format, '$', '')) as fields,
    count(*) as objects,
    cast(sum(records) as bigint) as records,
    to_timestamp(min(coalesce(min_start, min_end))) as first_time,
    to_timestamp(max(coalesce(max_end, max_start))) as last_time,
    log_format
from loads
where state in ('live', 'incomplete')
group by log_format
order by objects desc, log_format
