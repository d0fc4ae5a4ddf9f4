-- Who exceeds a number of records or bytes within a minute, or another bin?
-- counts: flows, each once (`counted` in flows); of rejected ones every record of the kinds attempt and unknown, as
--   `reject_kind` in flows has it, strays not. Records count in the bin of their start; bytes are split over the bins that
--   a record touches.
-- needs: start
-- needs[by=source]: srcaddr
-- needs[by=destination]: dstaddr
-- needs[by=pair]: srcaddr, dstaddr
-- needs[by=interface]: interface_id
-- needs[action=accepted]: action
-- needs[action=rejected]: action
-- uses: end, bytes, srcaddr, dstaddr, dstport, tcp_flags, protocol, interface_id, vpc_id, pkt_srcaddr, pkt_dstaddr
-- param by one of source|destination|pair|interface = source : what exceeds it
-- param action one of any|accepted|rejected = any : which flows
-- param bin span [1m..1d] = 1m : length of a bin
-- param min_records integer [0..1000000000] = 100 : at least so many records in a bin
-- param min_bytes integer [0..1000000000000000] = 0 : and at least so many bytes
-- param top integer [1..10000] = 50 : rows to show, the most records first
-- alias: burst-minutes
-- alias: reject-bursts by=source action=rejected min_records=20
-- tags: time, hunting, reject
-- read: one record stands for all packets of a flow in an aggregation interval, so many records are many flows. With
--   intervals of 600 s the starts bunch together: use bin=10m. Load balancers, NAT gateways and resolvers lead by nature
with chosen as (
    select
        case $by
            when 'source' then srcaddr
            when 'destination' then dstaddr
            when 'pair' then srcaddr
            when 'interface' then interface_id
        end as name,
        case when $by = 'pair' then dstaddr end as peer,
        srcaddr,
        dstaddr,
        dstport,
        bytes,
        coalesce("start", "end") as first_s,
        greatest(coalesce("end", "start"), coalesce("start", "end")) as last_s
    from flows
    where ($action = 'any' and counted)
        or ($action = 'accepted' and action = 'ACCEPT' and counted)
        or (
            $action = 'rejected'
            and reject_kind in ('attempt', 'unknown')
            and (second_view_of is null or second_view_of in ('sender', 'receiver'))
        )
),
spread as (
    select *, unnest(generate_series(first_s // $bin, last_bin(first_s, last_s, $bin))) as bin
    from chosen
)
select
    to_timestamp(bin * $bin) as bin_time,
    name || coalesce(' -> ' || peer, '') as name,
    count(*) filter (where bin = first_s // $bin) as records,
    cast(sum(amount_in_bin(bytes, first_s, last_s, bin, $bin)) as bigint) as bytes,
    count(distinct srcaddr) as sources,
    count(distinct dstaddr) as destinations,
    count(distinct dstport) as ports
from spread
where name is not null
group by bin, name, peer
having count(*) filter (where bin = first_s // $bin) >= $min_records
    and coalesce(sum(amount_in_bin(bytes, first_s, last_s, bin, $bin)), 0) >= $min_bytes
order by records desc, bytes desc nulls last, bin, spread.name, peer nulls last
limit $top
