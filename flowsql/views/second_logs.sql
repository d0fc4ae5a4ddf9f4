-- One row is what a load has of an interface and hour that another flow log has too, and is left out of totals for that.
-- Of several flow logs one is taken, an hour at a time: one of all traffic before those of one action, then the one
-- with more fields, then the one with more records, which has the finer interval. Without one of all traffic, one of
-- each action is taken.
with logs as (
    select interface_id, hour, flow_log, kind, max(fields) as fields, sum(records) as records
    from log_hours
    group by interface_id, hour, flow_log, kind
),
ranked as (
    select
        interface_id,
        hour,
        flow_log,
        kind,
        row_number() over (
            partition by interface_id, hour, kind
            order by fields desc nulls last, records desc, flow_log
        ) as place,
        bool_or(kind = 'ALL') over (partition by interface_id, hour) as has_all
    from logs
)
select distinct log_hours.interface_id, log_hours.hour, log_hours.load_id
from log_hours
join ranked
    on ranked.interface_id = log_hours.interface_id
    and ranked.hour = log_hours.hour
    and ranked.flow_log = log_hours.flow_log
where place > 1 or (has_all and ranked.kind <> 'ALL')
