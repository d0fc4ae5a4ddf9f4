-- How many records are there of each log status, in all or at each interface?
-- counts: all records of the window, NODATA and SKIPDATA ones included
-- needs: log_status
-- needs[by=interface]: interface_id
-- uses: start, end, interface_id
-- param by one of all|interface = all : one row a status, or a status of an interface
-- param top integer [1..100000] = 100 : rows to show
-- alias: traffic-by-log-status by=all
-- alias: records-by-interface by=interface
-- tags: data
-- read: OK is a flow, NODATA a capture slot without traffic, SKIPDATA one in which AWS left records out. INCOMPLETEDATA is known of Cloud
--   WAN only. An empty status is a log format without the field
with named as (
    select case when $by = 'interface' then interface_id end as interface_id, log_status, "start", "end",
        interface_id as logged_at
    from records
)
select
    interface_id,
    log_status,
    count(*) as records,
    round(cast(count(*) as double) * 100 / sum(count(*)) over (), 2) as percent,
    count(distinct logged_at) as interfaces,
    to_timestamp(min(coalesce("start", "end"))) as first_time,
    to_timestamp(max(coalesce("end", "start"))) as last_time
from named
group by interface_id, log_status
order by records desc, interface_id nulls last, log_status nulls last
limit $top
