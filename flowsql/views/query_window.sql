-- One row is the window of the query, and there is only this one: `since_s` and `until_s` in Unix seconds, null for no
-- bound; `arrived_s`, the present or the last load before it, since nothing later can be there; and `lag_s`, how long
-- records take to arrive, null for what AWS says: the slot, ten minutes to publish and a file of five minutes.
select
    cast(null as bigint) as since_s,
    cast(null as bigint) as until_s,
    cast(null as bigint) as arrived_s,
    cast(null as bigint) as lag_s
