-- Which addresses talked to each other regularly until that time, and not once since?
-- counts: accepted records of flows at every interface, a pair of addresses with both directions in one; bins of time in
--   which they exchanged any
-- needs: srcaddr, dstaddr
-- uses: action, start, end, bytes, protocol
-- param at time : since when they should have been heard
-- param bin span [1m..1d] = 10m : what counts as once
-- param regular number [0.1..1] = 0.8 : the least share of the bins before the time in which they talked
-- param min_bins integer [2..10000] = 3 : the fewest bins before the time to tell a habit from
-- param top integer [1..10000] = 50 : rows to show
-- absence: yes
-- tags: oncall, change
-- read: a broken route makes no rejects, only silence; but so does a host that was shut down. The trust line tells whether
--   records are missing since. Bins are counted from the first in which the pair was seen
with bounds as (
    select min(coalesce("start", "end")) // $bin as first_bin
    from flows
),
talks as (
    select
        case when srcaddr < dstaddr then srcaddr else dstaddr end as address,
        case when srcaddr < dstaddr then dstaddr else srcaddr end as peer,
        coalesce("start", "end") as start_s,
        coalesce("end", "start") as end_s,
        bytes
    from flows
    where (action is null or action = 'ACCEPT') and coalesce("start", "end") is not null
),
pairs as (
    select
        address,
        peer,
        count(distinct case when start_s < $at then start_s // $bin end) as bins_with,
        $at // $bin - min(start_s) // $bin as bins_before,
        max(end_s) as last_s,
        max(start_s) as last_start_s,
        cast(sum(bytes) as bigint) as bytes
    from talks
    where address is not null and peer is not null
    group by address, peer
)
select
    address,
    peer,
    to_timestamp(last_s) as last_time,
    bins_with,
    bins_before,
    round(cast(bins_with as double) / bins_before, 2) as share,
    bytes
from pairs
where last_start_s < $at and bins_before >= $min_bins and bins_with >= $regular * bins_before
order by bins_with desc, bytes desc nulls last, address, peer
limit $top
