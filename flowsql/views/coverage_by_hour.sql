-- One row is an hour (UTC) of one capture point: how many of its slots are covered, idle, partial, gap or unknown, as in
-- `coverage`; slots count in the hour in which they begin. `covered_percent` is the share of covered and idle ones among
-- those that are not unknown; null if all are.
select
    capture_point,
    to_timestamp(slot_start // 3600 * 3600) as hour_time,
    max(slot_s) as slot_s,
    count(*) as slots,
    count(*) filter (where state = 'covered') as covered,
    count(*) filter (where state = 'idle') as idle,
    count(*) filter (where state = 'partial') as partial,
    count(*) filter (where state = 'gap') as gap,
    count(*) filter (where state = 'unknown') as unknown,
    cast(sum(records) as bigint) as records,
    cast(sum(flows) as bigint) as flows,
    round(
        cast(count(*) filter (where state in ('covered', 'idle')) as double) * 100
            / nullif(count(*) filter (where state <> 'unknown'), 0),
        2
    ) as covered_percent
from coverage
group by capture_point, slot_start // 3600
