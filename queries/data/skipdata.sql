-- When did AWS skip records, and at which interfaces?
-- counts: SKIPDATA records by capture point and bin of their start, and the flows that were logged there in the same bin
-- needs: log_status
-- uses: start, end, interface_id, resource_id, tgw_attachment_id, bytes
-- param bin span [1m..366d] = 1h : length of a bin
-- param top integer [1..10000] = 100 : rows to show, the newest first
-- alias: skipdata-by-hour bin=1h
-- tags: data, time
-- read: how much is missing is not known: not even whether it is one flow or most of them. Sums over these bins are lower bounds. It
--   happens at busy interfaces, for want of AWS's capacity; shorter aggregation intervals may help, and nothing brings the records
--   back
with bins as (
    select
        coalesce(interface_id, resource_id, tgw_attachment_id, tgw_id) as capture_point,
        coalesce("start", "end") // $bin as bin,
        count(*) filter (where log_status = 'SKIPDATA') as skipped,
        count(*) filter (where log_status is null or log_status not in ('NODATA', 'SKIPDATA')) as flows,
        sum(case when log_status is null or log_status not in ('NODATA', 'SKIPDATA') then bytes end) as bytes
    from records
    group by coalesce(interface_id, resource_id, tgw_attachment_id, tgw_id), coalesce("start", "end") // $bin
)
select to_timestamp(bin * $bin) as bin_time, capture_point, skipped, flows, cast(bytes as bigint) as bytes
from bins
where skipped > 0
order by bin desc nulls last, skipped desc, capture_point nulls last
limit $top
