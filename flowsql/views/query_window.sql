-- One row is the window of the query, and there is only this one: `since_s` and `until_s` in Unix seconds, null for no
-- bound, and `decided_s`, until when records can be expected to have been delivered; null if all can.
select
    cast(null as bigint) as since_s,
    cast(null as bigint) as until_s,
    cast(null as bigint) as decided_s
