-- One row is a bin of time in which one end tried to reach the other, or packets of such an attempt were seen.
with begun as (
    select
        opener,
        first_s // $bin as bin,
        sum(attempts) as attempts,
        sum(answered) as answered,
        sum(refused) as refused,
        sum(rejected) as rejected,
        sum(silent) as silent
    from attempts
    where coalesce(first_s >= $since, true) and coalesce(first_s < $until, true)
    group by opener, first_s // $bin
),
moved as (
    select
        opener,
        start_s // $bin as bin,
        sum(bytes) filter (where counted and is_to_server and action is distinct from 'REJECT') as bytes_to_server,
        sum(bytes) filter (where counted and not is_to_server and action is distinct from 'REJECT') as bytes_to_client,
        count(*) filter (where action = 'REJECT') as rejected_records,
        string_agg(distinct point, ' ' order by point) as seen_at
    from packets
    group by opener, start_s // $bin
),
bins as (
    select opener, bin from begun
    union
    select opener, bin from moved
)
select
    to_timestamp(bins.bin * $bin) as bin_time,
    case bins.opener when 'a' then $a else $b end as opener,
    cast(coalesce(attempts, 0) as bigint) as attempts,
    cast(coalesce(answered, 0) as bigint) as answered,
    cast(coalesce(refused, 0) as bigint) as refused_by_host,
    cast(coalesce(rejected, 0) as bigint) as rejected,
    cast(coalesce(silent, 0) as bigint) as silent,
    cast(coalesce(attempts - answered - refused - rejected - silent, 0) as bigint) as not_decidable,
    cast(coalesce(rejected_records, 0) as bigint) as rejected_records,
    cast(bytes_to_server as bigint) as bytes_to_server,
    cast(bytes_to_client as bigint) as bytes_to_client,
    seen_at
from bins
left join begun on begun.opener = bins.opener and begun.bin = bins.bin
left join moved on moved.opener = bins.opener and moved.bin = bins.bin
order by bins.bin, bins.opener
