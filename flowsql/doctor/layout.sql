-- What was loaded, and how it is laid out
select
    case
        when starts_with(identity, 'aws:cloudwatch:') then 'hours of log streams'
        when starts_with(identity, 'aws:') then 'files that AWS named'
        else 'other files'
    end as kind,
    case
        when not starts_with(identity, 'aws:') or starts_with(identity, 'aws:cloudwatch:') then null
        when regexp_matches(name, '/year=[0-9]{4}/month=[0-9]{2}/day=[0-9]{2}/hour=') then 'Hive-compatible, hourly'
        when regexp_matches(name, '/year=[0-9]{4}/month=[0-9]{2}/day=[0-9]{2}/') then 'Hive-compatible'
        when regexp_matches(name, '/[0-9]{4}/[0-9]{2}/[0-9]{2}/[0-9]{2}/') then 'by hour'
        when regexp_matches(name, '/[0-9]{4}/[0-9]{2}/[0-9]{2}/') then 'by day'
        else 'not in AWS''s folders'
    end as layout,
    count(*) as objects,
    cast(sum(records) as bigint) as records,
    count(*) filter (where state = 'incomplete') as incomplete,
    count(distinct flow_log_id) as flow_logs,
    to_timestamp(min(coalesce(min_start, min_end))) as first_time,
    to_timestamp(max(coalesce(max_end, max_start))) as last_time
from loads
where state in ('live', 'incomplete')
group by all
order by objects desc, kind, layout nulls last
