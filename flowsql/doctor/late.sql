-- What came late, or again
with hours as (
    select
        name,
        load_id,
        loaded_at,
        records,
        cast(epoch(try_strptime(split_part(name, '/', -1), '%Y-%m-%dT%HZ')) as bigint) + 3600 as end_s
    from loads
    where starts_with(identity, 'aws:cloudwatch:')
),
grown as (
    select distinct hours.name
    from loads as before
    join hours on hours.load_id = before.replaced_by
    where hours.records > before.records and before.loaded_at > hours.end_s + 7200
),
found as (
    select 'files that arrived over an hour after their 5-minute slot' as what, count(*) as number
    from deliveries
    where arrived_at - slot_start - 300 > 3600
    union all
    select
        'log events that AWS took in over two hours after their time, too late for the usual --overlap',
        cast(coalesce(sum(events), 0) as bigint)
    from event_arrivals
    where lag_s > 7200
    union all
    select 'hours of log streams to which events came over two hours after their end', count(*)
    from grown
)
select what, number
from found
where number > 0
order by what
