-- Which interfaces were logged, and had no traffic at all?
-- counts: capture points of which the window has NODATA slots, and none with a flow or with SKIPDATA (see `coverage`)
-- absence: yes
-- needs: interface_id, log_status
-- uses: start, end
-- param top integer [1..10000] = 100 : rows to show, the longest idle first
-- tags: cost, inventory
-- read: a candidate for deletion, if the window is long enough: --since 14d. idle, gap and unknown are slots (see coverage-by-interface): gap and unknown ones say nothing of traffic: an interface
--   with many of them may have been busy. In a log of rejected records only, idle means nothing rejected
select
    capture_point as interface_id,
    count(*) filter (where state = 'idle') as idle,
    count(*) filter (where state = 'gap') as gap,
    count(*) filter (where state = 'unknown') as unknown,
    round(cast(sum(case when state = 'idle' then slot_s end) as double) / 3600, 1) as idle_hours,
    to_timestamp(min(case when state = 'idle' then slot_start end)) as first_time,
    to_timestamp(max(case when state = 'idle' then slot_start + slot_s end)) as last_time
from coverage
group by capture_point
having count(*) filter (where state = 'idle') > 0 and count(*) filter (where state in ('covered', 'partial')) = 0
order by sum(case when state = 'idle' then slot_s end) desc, capture_point
limit $top
