-- What was loaded, and how it is laid out
with found as (
    select
        *,
        starts_with(identity, 'aws:') as is_named,
        starts_with(identity, 'aws:cloudwatch:') as is_stream,
        case
            when starts_with(identity, 'aws:cloudwatch:') then '@([0-9]{12})/([a-z0-9-]+)/'
            else '^aws:([0-9]{12})_vpcflowlogs_([a-z0-9-]+)_'
        end as told_by
    from loads
    where state in ('live', 'incomplete')
)
select
    case
        when is_stream then 'hours of log streams'
        when is_named then 'files that AWS named'
        else 'other files'
    end as kind,
    case
        when is_stream or not is_named then null
        when regexp_matches(name, '/year=[0-9]{4}/month=[0-9]{2}/day=[0-9]{2}/hour=') then 'Hive-compatible, hourly'
        when regexp_matches(name, '/year=[0-9]{4}/month=[0-9]{2}/day=[0-9]{2}/') then 'Hive-compatible'
        when regexp_matches(name, '/[0-9]{4}/[0-9]{2}/[0-9]{2}/[0-9]{2}/') then 'by hour'
        when regexp_matches(name, '/[0-9]{4}/[0-9]{2}/[0-9]{2}/') then 'by day'
        else 'not in AWS''s folders'
    end as layout,
    nullif(regexp_extract(identity, told_by, 1), '') as account_id,
    nullif(regexp_extract(identity, told_by, 2), '') as region,
    count(*) as objects,
    cast(sum(records) as bigint) as records,
    count(*) filter (where state = 'incomplete') as incomplete,
    count(distinct flow_log_id) as flow_logs,
    to_timestamp(min(coalesce(min_start, min_end))) as first_time,
    to_timestamp(max(coalesce(max_end, max_start))) as last_time
from found
group by all
order by objects desc, kind, layout nulls last, account_id nulls last, region nulls last
