-- One row is a capture point of the whole store, whatever the window: when its first record starts and its last one
-- ends, in Unix seconds. Without a store behind it there are none, and the records have to do.
select
    cast(null as varchar) as capture_point,
    cast(null as bigint) as first_s,
    cast(null as bigint) as last_s
where false
