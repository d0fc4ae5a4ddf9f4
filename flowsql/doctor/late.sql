-- What came late
select 'files that arrived over an hour after their 5-minute slot' as what, count(*) as number
from deliveries
where arrived_at - slot_start - 300 > 3600
having count(*) > 0
union all
select
    'log events that AWS took in over two hours after their time, too late for the usual --overlap',
    cast(sum(events) as bigint)
from event_arrivals
where lag_s > 7200
having count(*) > 0
order by what
