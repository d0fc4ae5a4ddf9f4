-- How does traffic move over time?
-- counts: one row a bin that has traffic. Bytes and packets of a record are split over the bins it touches, in
--   proportion to the time it spent in each, and add up to the total; records, accepted and rejected count a
--   record once, in the bin of its start. Bytes and packets count a flow once, at its sender's interface where that is
--   logged, else at the receiver's (`counted` in flows); records, accepted and rejected count it at every interface, of
--   overlapping flow logs in one; transit gateway records only where there are no others.
-- needs: start, bytes
-- uses: end, packets, action, log_status, interface_id, srcaddr, vpc_id, pkt_srcaddr, pkt_dstaddr
-- param bin span [1m..366d] = 1h : length of a bin; bins are cut in UTC, and weeks begin on Thursdays
-- alias: traffic-by-day bin=1d
-- alias: accept-reject-trend
-- tags: overview, time
-- read: start and end are good to about a minute, so bins of one minute are blurred; sum_is tells whether the sums of a
--   bin are exact (=) or lower bounds (>=), since AWS logged SKIPDATA in it, or packets without bytes
with timed as (
    select
        coalesce("start", "end") as first_s,
        greatest(coalesce("end", "start"), coalesce("start", "end")) as last_s,
        case when counted then bytes end as bytes,
        case when counted then packets end as packets,
        action,
        counted and packets > 0 and bytes is null as lacks_bytes
    from flows
    where second_view_of is null or second_view_of not in ('vpc', 'flow log')
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
        action,
        lacks_bytes
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
        action,
        lacks_bytes
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
        action,
        lacks_bytes
    from spread
),
parts as (
    select first_bin as bin, bytes, packets, action, lacks_bytes, true as begins
    from binned
    where last_bin = first_bin or first_bin is null
    union all
    select
        bin,
        amount_until(bytes, to_s, length_s) - amount_until(bytes, from_s, length_s) as bytes,
        amount_until(packets, to_s, length_s) - amount_until(packets, from_s, length_s) as packets,
        action,
        lacks_bytes,
        bin = first_bin as begins
    from cut
),
skipped as (
    select distinct unnest(generate_series("start" // $bin, greatest("start", coalesce("end", "start") - 1) // $bin)) as bin
    from records
    where log_status = 'SKIPDATA'
)
select
    to_timestamp(parts.bin * $bin) as bin_time,
    count(*) filter (where begins) as records,
    cast(sum(bytes) as bigint) as bytes,
    cast(sum(packets) as bigint) as packets,
    case when bool_or(lacks_bytes) or count(skipped.bin) > 0 then '>=' else '=' end as sum_is,
    count(*) filter (where begins and action = 'ACCEPT') as accepted,
    count(*) filter (where begins and action = 'REJECT') as rejected
from parts
left join skipped on skipped.bin = parts.bin
group by parts.bin
order by parts.bin nulls last
