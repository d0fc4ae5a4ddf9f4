-- Registered flow logs, and what there is of them
select
    flow_logs.flow_log_id,
    flow_logs.name,
    traffic_type,
    flow_logs.interval_s,
    coalesce(log_group, destination, destination_type) as delivers_to,
    delivery_problem,
    count(loads.load_id) as objects,
    cast(coalesce(sum(records), 0) as bigint) as records,
    to_timestamp(max(coalesce(max_end, max_start))) as last_time
from flow_logs
left join loads on loads.flow_log_id = flow_logs.flow_log_id and loads.state in ('live', 'incomplete')
group by all
order by objects, flow_logs.flow_log_id
