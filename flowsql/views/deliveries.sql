-- One row is an object that AWS delivered to S3, by its own name for it: the flow log, account and region in that,
-- `slot_start` (the 5-minute slot that it is of, Unix seconds), `arrived_at` (when the copy that was loaded was written, or when
-- it was loaded if that is not known or earlier), `first_s` and `last_s` (of its records) and how many those are.
select
    load_id,
    cast(null as varchar) as flow_log_id,
    cast(null as varchar) as account_id,
    cast(null as varchar) as region,
    cast(null as bigint) as slot_start,
    cast(null as bigint) as arrived_at,
    "start" as first_s,
    "end" as last_s,
    cast(null as bigint) as records
from records
where false
