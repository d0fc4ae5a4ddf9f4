-- Flow logs that log the same interfaces in the same hours: totals take one of them
with together as (
    select interface_id, hour, string_agg(distinct flow_log, ', ' order by flow_log) as flow_logs
    from log_hours
    group by interface_id, hour
    having count(distinct flow_log) > 1
)
select flow_logs, count(distinct interface_id) as interfaces, count(*) as interface_hours
from together
group by flow_logs
order by interfaces desc, flow_logs
