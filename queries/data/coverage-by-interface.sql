-- Is the answer complete: for which interfaces did records arrive, and for which not?
-- counts: capture slots of each capture point in the window, by state (see `coverage`)
-- needs: start
-- uses: end, interface_id, resource_id, tgw_attachment_id, log_status
-- param top integer [1..100000] = 100 : rows to show, the least covered first
-- alias: coverage
-- tags: data
-- read: covered has flows, idle NODATA, partial SKIPDATA: its sums are lower bounds. gap is nothing at all although it logged before
--   and after: an object that was not delivered or not loaded. unknown is no fault: before its first or after its last record,
--   cut off by the window, or too new. covered_percent leaves those out
select
    capture_point,
    max(slot_s) as slot_s,
    count(*) as slots,
    count(*) filter (where state = 'covered') as covered,
    count(*) filter (where state = 'idle') as idle,
    count(*) filter (where state = 'partial') as partial,
    count(*) filter (where state = 'gap') as gap,
    count(*) filter (where state = 'unknown') as unknown,
    round(
        cast(count(*) filter (where state in ('covered', 'idle')) as double) * 100
            / nullif(count(*) filter (where state <> 'unknown'), 0),
        2
    ) as covered_percent,
    to_timestamp(min(case when state = 'gap' then slot_start end)) as first_gap_time
from coverage
group by capture_point
order by covered_percent nulls last, gap desc, capture_point
limit $top
