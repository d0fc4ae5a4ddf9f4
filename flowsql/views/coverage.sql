-- One row is a capture slot of one capture point (interface_id, else resource_id or the transit gateway attachment):
-- whether its records arrived. `state` is covered (flows were logged), idle (NODATA), partial (SKIPDATA: sums are lower
-- bounds), gap (nothing arrived, though the capture point was logging before and after), or unknown: before its first
-- record or after its last one in the store, cut off by an end of the window, or too new to have been delivered.
-- A slot is covered by one short flow in it, since records tell first and last packet, not the time of capture.
-- `slot_s`, 60 or 600, and where slots begin are learned from the capture point's records. `records` and `flows` count
-- each record once, in the slot of its start. In a log of one action only, idle means none of that kind.
with seen as (
    -- Records that AWS wrote in one go share their times, so that there are few rows from here on.
    select
        interface_id,
        resource_id,
        tgw_attachment_id,
        tgw_id,
        "start",
        "end",
        log_status,
        count(*) as records
    from logged_records
    group by interface_id, resource_id, tgw_attachment_id, tgw_id, "start", "end", log_status
),
captures as (
    -- What ends where a slot ends has nothing in the next one. No capture lasts an hour: a wrong `end` covers no year.
    select
        coalesce(interface_id, resource_id, tgw_attachment_id, tgw_id) as capture_point,
        coalesce(tgw_attachment_id, tgw_id) is not null as is_tgw,
        coalesce("start", "end") as first_s,
        greatest(
            coalesce("start", "end"),
            least(coalesce("end", "start") - 1, coalesce("start", "end") + 3600)
        ) as last_s,
        coalesce(log_status = 'NODATA', false) as is_idle,
        coalesce(log_status = 'SKIPDATA', false) as is_partial,
        records
    from seen
    where coalesce("start", "end") is not null
        and coalesce(interface_id, resource_id, tgw_attachment_id, tgw_id) is not null
),
minutes as (
    select capture_point, first_s // 60 as minute
    from captures
    group by capture_point, first_s // 60
),
stepped as (
    select
        capture_point,
        minute - lag(minute) over (partition by capture_point order by minute) as step
    from minutes
),
steps as (
    select
        capture_point,
        count(step) as steps,
        count(*) filter (where step > 2) as wide_steps
    from stepped
    group by capture_point
),
lengths as (
    select
        capture_point,
        bool_or(is_tgw) as is_tgw,
        min(first_s) as first_s,
        max(last_s) as last_s,
        count(*) as captures,
        count(*) filter (where last_s - first_s > 75) as long,
        count(*) filter (where last_s - first_s between 45 and 75) as near_minute,
        count(*) filter (where is_idle or is_partial) as without_flow,
        max(last_s - first_s) filter (where last_s - first_s < 600) as longest_s
    from captures
    group by capture_point
),
intervals as (
    -- Transit gateways log every minute. Else 600 s if records last longer than a minute, and some seconds for AWS's
    -- clocks; 60 s if NODATA does not, if many records last nearly a minute, or if hardly two minutes follow each
    -- other without a record; else AWS's default.
    select
        lengths.capture_point,
        first_s,
        last_s,
        captures,
        longest_s,
        case
            when is_tgw then 60
            when long * 100 >= captures and long > 0 then 600
            when without_flow > 0 or near_minute * 4 >= captures then 60
            when steps > 0 and wide_steps * 10 <= steps then 60
            else 600
        end as slot_s
    from lengths
    join steps on steps.capture_point = lengths.capture_point
),
placed as (
    select
        captures.capture_point,
        slot_s,
        captures.first_s % slot_s as first_second,
        captures.last_s % slot_s as last_second
    from captures
    join intervals on intervals.capture_point = captures.capture_point
    where captures.last_s - captures.first_s < slot_s
),
changes as (
    -- How many captures a slot that begins at that second of the interval would cut in two, as a running sum.
    select capture_point, slot_s, first_second + 1 as second, count(*) as change
    from placed
    group by capture_point, slot_s, first_second
    union all
    select capture_point, slot_s, last_second + 1, -count(*)
    from placed
    group by capture_point, slot_s, last_second
    union all
    select capture_point, slot_s, 0, count(*) filter (where last_second < first_second)
    from placed
    group by capture_point, slot_s
),
at_seconds as (
    select capture_point, slot_s, second, sum(change) as change
    from changes
    where second < slot_s
    group by capture_point, slot_s, second
),
cuts as (
    select
        capture_point,
        second,
        sum(change) over (partition by capture_point order by second) as cut,
        lead(second, 1, slot_s) over (partition by capture_point order by second) - second as seconds
    from at_seconds
),
fewest as (
    select capture_point, min(cut) as cut
    from cuts
    group by capture_point
),
begins as (
    -- Slots begin at full minutes if that cuts fewest captures, else where a capture begins behind the longest break.
    select
        cuts.capture_point,
        case when min(second) = 0 then 0 else arg_max(second + seconds - 1, seconds * 1000 - second) end as slot_second,
        sum(seconds) as free_seconds,
        min(fewest.cut) as cut
    from cuts
    join fewest on fewest.capture_point = cuts.capture_point and fewest.cut = cuts.cut
    group by cuts.capture_point
),
seen_points as (
    -- `offset_s` keeps slot numbers from falling below zero. A grid is sharp if it could hardly begin at other seconds,
    -- which only captures of some length show.
    select
        intervals.capture_point,
        slot_s,
        slot_s - coalesce(slot_second, 0) as offset_s,
        intervals.first_s,
        intervals.last_s,
        coalesce(longest_s * 2 >= slot_s and free_seconds * 4 <= slot_s and cut * 20 <= captures, false) as is_sharp
    from intervals
    left join begins on begins.capture_point = intervals.capture_point
),
known_points as (
    -- Those with records before and after the window, but none in it, are silent in all of it.
    select
        coalesce(seen_points.capture_point, interface_times.capture_point) as capture_point,
        coalesce(slot_s, 600) as slot_s,
        coalesce(offset_s, 600) as offset_s,
        least(seen_points.first_s, interface_times.first_s) as first_s,
        greatest(seen_points.last_s, interface_times.last_s) as last_s,
        coalesce(is_sharp, false) as is_sharp
    from seen_points
    full join interface_times on interface_times.capture_point = seen_points.capture_point
),
store_times as (
    select min(first_s) as first_s, max(last_s) as last_s
    from known_points
),
points as (
    select
        capture_point,
        slot_s,
        offset_s,
        known_points.first_s,
        known_points.last_s,
        is_sharp,
        since_s,
        until_s,
        arrived_s - coalesce(lag_s, slot_s + 900) as decided_s,
        case
            when since_s is null then (known_points.first_s + offset_s) // slot_s
            else (greatest(since_s, store_times.first_s) + offset_s) // slot_s
        end as begin_slot,
        case
            when until_s is not null then (least(until_s - 1, store_times.last_s) + offset_s) // slot_s
            when since_s is not null then (store_times.last_s + offset_s) // slot_s
            else (known_points.last_s + offset_s) // slot_s
        end as end_slot
    from known_points
    cross join store_times
    cross join query_window
    where (until_s is null or known_points.first_s < until_s)
        and (since_s is null or known_points.last_s >= since_s)
),
touched as (
    select
        captures.capture_point,
        (captures.first_s + offset_s) // slot_s as first_slot,
        unnest(generate_series(
            (captures.first_s + offset_s) // slot_s, (captures.last_s + offset_s) // slot_s
        )) as slot,
        captures.first_s,
        captures.last_s,
        is_idle,
        is_partial,
        records
    from captures
    join points on points.capture_point = captures.capture_point
),
occupied as (
    select
        capture_point,
        slot,
        case when bool_or(is_partial) then 'partial' when bool_and(is_idle) then 'idle' else 'covered' end as state,
        cast(coalesce(sum(records) filter (where slot = first_slot), 0) as bigint) as records,
        cast(
            coalesce(sum(records) filter (where slot = first_slot and not is_idle and not is_partial), 0) as bigint
        ) as flows,
        min(first_s) as first_s,
        max(last_s) as last_s
    from touched
    group by capture_point, slot
),
ends as (
    select capture_point, min(slot) as first_slot, max(slot) as last_slot
    from occupied
    group by capture_point
),
breaks as (
    select
        capture_point,
        lag(slot) over (partition by capture_point order by slot) + 1 as begin_slot,
        slot - 1 as end_slot,
        first_s - lag(last_s) over (partition by capture_point order by slot) as break_s
    from occupied
    union all
    select points.capture_point, begin_slot, coalesce(first_slot - 1, end_slot), null
    from points
    left join ends on ends.capture_point = points.capture_point
    union all
    select points.capture_point, last_slot + 1, end_slot, null
    from points
    join ends on ends.capture_point = points.capture_point
),
empty as (
    select capture_point, unnest(generate_series(begin_slot, end_slot)) as slot, break_s
    from breaks
    where begin_slot <= end_slot
),
slots as (
    select capture_point, slot, state, records, flows, cast(null as bigint) as break_s
    from occupied
    union all
    select capture_point, slot, null, 0, 0, break_s
    from empty
),
timed as (
    select
        slots.capture_point,
        slot * slot_s - offset_s as slot_start,
        slot_s,
        state,
        records,
        flows,
        break_s,
        is_sharp,
        first_s,
        last_s,
        since_s,
        until_s,
        decided_s
    from slots
    join points on points.capture_point = slots.capture_point
    where slot between begin_slot and end_slot
)
select
    capture_point,
    to_timestamp(slot_start) as slot_time,
    slot_start,
    slot_s,
    case
        when state is not null then state
        when slot_start < since_s or slot_start + slot_s > until_s then 'unknown'
        when slot_start < first_s or slot_start > last_s or slot_start + slot_s > decided_s then 'unknown'
        -- Where slots begin is not known well, and captures one after the other may have left no more than this.
        when not is_sharp and break_s < 2 * slot_s then 'covered'
        else 'gap'
    end as state,
    records,
    flows
from timed
