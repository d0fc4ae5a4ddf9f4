-- One row is what a load has of an interface and hour (UTC, since 1970): the flow log it is of and the kind of that, ACCEPT
-- or REJECT if it holds records of one action only, else ALL.
with grouped as (
    select
        interface_id,
        vpc_id,
        coalesce("start", "end") // 3600 as hour,
        load_id,
        count(*) as records,
        count(*) filter (where action = 'ACCEPT') as accepted,
        count(*) filter (where action = 'REJECT') as rejected,
        count(*) filter (where action is null and coalesce(log_status, 'OK') = 'OK') as other
    from records_in_context
    where interface_id is not null
    group by interface_id, vpc_id, coalesce("start", "end") // 3600, load_id
),
named as (
    select
        interface_id,
        vpc_id,
        hour,
        grouped.load_id,
        flow_log,
        fields,
        records,
        accepted,
        rejected,
        other
    from grouped
    left join load_logs on load_logs.load_id = grouped.load_id
),
kinds as (
    select
        coalesce(flow_log, '') as flow_log,
        case
            when sum(other) > 0 then 'ALL'
            when sum(rejected) > 0 and sum(accepted) = 0 then 'REJECT'
            when sum(accepted) > 0 and sum(rejected) = 0 then 'ACCEPT'
            else 'ALL'
        end as kind
    from named
    group by coalesce(flow_log, '')
)
select interface_id, vpc_id, hour, load_id, kinds.flow_log, fields, records, kind
from named
join kinds on kinds.flow_log = coalesce(named.flow_log, '')
