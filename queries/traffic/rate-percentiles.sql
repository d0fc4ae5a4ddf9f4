-- How fast does it go: the median, 95th percentile and peak rate, of all traffic or by interface or pair?
-- counts: bytes and packets split over the bins that a record touches, in proportion to the time it spent in each. Of all
--   and by pair each flow once (`counted` in flows); by interface all that it logged, both directions. Percentiles are
--   of all bins from the first to the last with any traffic, those without traffic of their own included as zero: busy tells how many have some.
-- needs: bytes, start
-- needs[by=interface]: interface_id
-- needs[by=pair]: srcaddr, dstaddr
-- uses: packets, end, interface_id, srcaddr, dstaddr, vpc_id, pkt_srcaddr, pkt_dstaddr
-- param by one of all|interface|pair = interface : what a row is
-- param bin span [1m..1d] = 5m : length of a bin
-- param top integer [1..10000] = 20 : rows to show, the highest 95th percentile first
-- tags: overview, rate
-- read: rates are averages over a bin, in millions of bits a second and packets a second; nothing shorter than a bin shows.
--   Bins shorter than the aggregation interval (60 or 600 s) are blurred: AWS does not tell when in it the packets came.
--   The first and the last bin may be cut off by the window. A pair is one direction
with chosen as (
    select
        case $by when 'interface' then interface_id when 'pair' then srcaddr else 'all' end as name,
        case when $by = 'pair' then dstaddr end as peer,
        coalesce("start", "end") as first_s,
        greatest(coalesce("end", "start"), coalesce("start", "end")) as last_s,
        bytes,
        packets
    from flows
    where counted or (second_view_of in ('sender', 'receiver') and $by = 'interface')
),
spread as (
    select
        name,
        peer,
        unnest(generate_series(first_s // $bin, last_bin(first_s, last_s, $bin))) as bin,
        first_s,
        last_s,
        bytes,
        packets
    from chosen
),
binned as (
    select
        name,
        peer,
        bin,
        sum(amount_in_bin(bytes, first_s, last_s, bin, $bin)) as bytes,
        sum(amount_in_bin(packets, first_s, last_s, bin, $bin)) as packets
    from spread
    group by name, peer, bin
),
placed as (
    select
        *,
        row_number() over (partition by name, peer order by bytes nulls first, bin) as place,
        row_number() over (partition by name, peer order by packets nulls first, bin) as packets_place,
        count(*) over (partition by name, peer) as own_bins,
        max(bin) over () - min(bin) over () + 1 as bins
    from binned
),
-- The place of a percentile among all bins, the empty ones first.
ranked as (
    select *, (bins + 1) // 2 - bins + own_bins as median_place, (bins * 95 + 99) // 100 - bins + own_bins as p95_place
    from placed
),
rates as (
    select
        name,
        peer,
        max(bins) as bins,
        max(own_bins) as busy_bins,
        coalesce(max(case when place = median_place then bytes end), 0) as median_bytes,
        coalesce(max(case when place = p95_place then bytes end), 0) as p95_bytes,
        max(bytes) as max_bytes,
        min(case when place = own_bins then bin end) as max_bin,
        coalesce(max(case when packets_place = p95_place then packets end), 0) as p95_packets
    from ranked
    group by name, peer
)
select
    name || coalesce(' -> ' || peer, '') as name,
    cast(bins as bigint) as bins,
    busy_bins as busy,
    round(cast(median_bytes as double) * 8 / $bin / 1000000, 3) as median_mbit_s,
    round(cast(p95_bytes as double) * 8 / $bin / 1000000, 3) as p95_mbit_s,
    round(cast(max_bytes as double) * 8 / $bin / 1000000, 3) as max_mbit_s,
    to_timestamp(max_bin * $bin) as max_time,
    round(cast(p95_packets as double) / $bin, 1) as p95_packets_s
from rates
order by p95_bytes desc, max_bytes desc nulls last, rates.name nulls last, peer nulls last
limit $top
