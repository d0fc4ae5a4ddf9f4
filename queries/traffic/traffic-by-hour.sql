-- How does traffic move over time?
-- counts: one row a bin that has traffic. Bytes and packets of a record are split over the bins it touches, in
--   proportion to the time it spent in each, and add up to the total; records, accepted and rejected count a
--   record once, in the bin of its start. A flow counts at every interface that logged it. Transit gateway records
--   count only where there are no others.
-- needs: start, bytes
-- uses: end, packets, action
-- param bin span [1m..366d] = 1h : length of a bin; bins are cut in UTC, and weeks begin on Thursdays
-- tags: overview, time
-- read: start and end are good to about a minute, so bins of one minute are blurred
with timed as (
    select
        coalesce("start", "end") as first_s,
        greatest(coalesce("end", "start"), coalesce("start", "end")) as last_s,
        bytes,
        packets,
        action
    from flows
    where not is_tgw or (select bool_and(is_tgw) from flows)
),
binned as (
    -- A record that ends where a bin ends has nothing in the next one.
    select
        first_s // $bin as first_bin,
        greatest(first_s, last_s - 1) // $bin as last_bin,
        first_s,
        last_s - first_s as length_s,
        bytes,
        packets,
        action
    from timed
),
spread as (
    select
        unnest(generate_series(first_bin, last_bin)) as bin,
        first_bin,
        first_s,
        length_s,
        bytes,
        packets,
        action
    from binned
    where last_bin > first_bin
),
cut as (
    select
        bin,
        first_bin,
        greatest(bin * $bin - first_s, 0) as from_s,
        least((bin + 1) * $bin - first_s, length_s) as to_s,
        length_s,
        bytes,
        packets,
        action
    from spread
),
parts as (
    select first_bin as bin, bytes, packets, action, true as begins
    from binned
    where last_bin = first_bin or first_bin is null
    union all
    select
        bin,
        amount_until(bytes, to_s, length_s) - amount_until(bytes, from_s, length_s) as bytes,
        amount_until(packets, to_s, length_s) - amount_until(packets, from_s, length_s) as packets,
        action,
        bin = first_bin as begins
    from cut
)
select
    to_timestamp(bin * $bin) as bin_time,
    count(*) filter (where begins) as records,
    cast(sum(bytes) as bigint) as bytes,
    cast(sum(packets) as bigint) as packets,
    count(*) filter (where begins and action = 'ACCEPT') as accepted,
    count(*) filter (where begins and action = 'REJECT') as rejected
from parts
group by bin
order by bin nulls last
