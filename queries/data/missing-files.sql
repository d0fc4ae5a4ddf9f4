-- In which 5-minute slots did a flow log deliver no file?
-- counts: slots between two files of the same flow log, account and region, by AWS's names for the files; the window is that of
--   the slots. Before the first file and after the last nothing is known to be missing.
-- param min_slots integer [1..1000000] = 1 : shorter gaps are left out
-- tags: data, coverage
-- read: AWS delivers no file for a slot without records: a busy flow log has one for each slot, one of 600-second intervals on
--   few interfaces has not. `coverage` tells which interfaces lack records. Log streams and renamed files are not looked at.
with slots as (
    select distinct flow_log_id, account_id, region, slot_start
    from deliveries
    cross join query_window
    where (since_s is null or slot_start >= since_s) and (until_s is null or slot_start < until_s)
),
followed as (
    select
        flow_log_id,
        account_id,
        region,
        slot_start,
        lead(slot_start) over (partition by flow_log_id, account_id, region order by slot_start) as next_start
    from slots
)
select
    flow_log_id,
    account_id,
    region,
    to_timestamp(slot_start + 300) as first_missing,
    to_timestamp(next_start - 300) as last_missing,
    (next_start - slot_start) // 300 - 1 as slots
from followed
where (next_start - slot_start) // 300 > $min_slots
order by slots desc, first_missing, flow_log_id, account_id, region
