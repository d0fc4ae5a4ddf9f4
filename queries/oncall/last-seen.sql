-- When did each interface last send and last receive anything?
-- counts: accepted records of flows at each interface; egress and ingress by flow_direction, else by the address that all
--   records of the interface have (see `flows`)
-- needs: interface_id
-- uses: start, end, flow_direction, srcaddr, dstaddr, action, log_status
-- param top integer [1..10000] = 100 : rows to show, the longest silent first
-- absence: yes
-- tags: oncall, coverage
-- read: an interface that only receives was cut off on its way out, or nobody answers; unknown_time is of records whose
--   direction is not known. last_record_time is also of NODATA, so of the log, not of traffic: where it is old too, the flow
--   log or its delivery has stopped, or the interface is gone
with seen as (
    select
        interface_id,
        max(case when direction = 'egress' then coalesce("end", "start") end) as sent_s,
        max(case when direction = 'ingress' then coalesce("end", "start") end) as received_s,
        max(case when direction is null then coalesce("end", "start") end) as unknown_s,
        count(*) as flows
    from flows
    where (action is null or action = 'ACCEPT') and interface_id is not null
    group by interface_id
),
logged as (
    select interface_id, max(coalesce("end", "start")) as logged_s
    from records
    where interface_id is not null
    group by interface_id
)
select
    logged.interface_id,
    to_timestamp(sent_s) as last_sent_time,
    to_timestamp(received_s) as last_received_time,
    to_timestamp(unknown_s) as unknown_time,
    to_timestamp(logged_s) as last_record_time,
    coalesce(flows, 0) as flows
from logged
left join seen on seen.interface_id = logged.interface_id
order by greatest(sent_s, received_s, unknown_s) nulls first, logged.interface_id
limit $top
