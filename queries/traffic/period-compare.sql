-- What rose or fell most between two parts of the window?
-- counts: flows accepted or not, each once (`counted` in flows), by interface all that it logged; a record counts in the
--   part of its start. Bytes are given per hour of each part, so that parts of different length compare.
-- needs: bytes
-- needs[by=source]: srcaddr
-- needs[by=destination]: dstaddr
-- needs[by=pair]: srcaddr, dstaddr
-- needs[by=port]: srcport, dstport, protocol
-- needs[by=interface]: interface_id
-- uses: start, end, tcp_flags, interface_id, srcaddr, vpc_id, pkt_srcaddr, pkt_dstaddr
-- param by one of source|destination|pair|port|interface = port : what a row is
-- param at time = null : where the first part ends and the second begins; the middle of the window if not given
-- param top integer [1..10000] = 20 : rows to show, the greatest change first
-- tags: overview, time, change
-- read: with --since 2d the last day is compared with the one before. An empty before is new, an empty after is gone. Gaps in
--   the logs look like a fall: the trust line tells of them. Without a window its ends are those of the records
with bounds as (
    select
        coalesce(max(since_s), min(coalesce("start", "end"))) as first_s,
        coalesce(max(until_s), max(coalesce("start", "end")) + 1) as last_s
    from query_window
    cross join records
),
parts as (
    select first_s, last_s, coalesce($at, first_s + (last_s - first_s) // 2) as at_s
    from bounds
),
named as (
    select
        case $by
            when 'source' then srcaddr
            when 'destination' then dstaddr
            when 'pair' then srcaddr
            when 'port' then service_name(protocol, srcport, dstport, flag_role)
            when 'interface' then interface_id
        end as name,
        case when $by = 'pair' then dstaddr end as peer,
        coalesce("start", "end") < at_s as is_before,
        bytes
    from flows
    cross join parts
    where counted or (second_view_of in ('sender', 'receiver') and $by = 'interface')
),
summed as (
    select
        name,
        peer,
        cast(sum(case when is_before then bytes end) as bigint) as before,
        cast(sum(case when not is_before then bytes end) as bigint) as after,
        count(*) filter (where is_before) as records_before,
        count(*) filter (where not is_before) as records_after
    from named
    group by name, peer
),
rated as (
    select
        *,
        cast(round(cast(before as double) * 3600 / nullif(at_s - first_s, 0)) as bigint) as before_bytes_h,
        cast(round(cast(after as double) * 3600 / nullif(last_s - at_s, 0)) as bigint) as after_bytes_h
    from summed
    cross join parts
)
select
    name || coalesce(' -> ' || peer, '') as name,
    before_bytes_h,
    after_bytes_h,
    coalesce(after_bytes_h, 0) - coalesce(before_bytes_h, 0) as change_bytes_h,
    round((coalesce(after_bytes_h, 0) - before_bytes_h) * 100.0 / nullif(before_bytes_h, 0), 1) as change_percent,
    records_before,
    records_after
from rated
order by abs(coalesce(after_bytes_h, 0) - coalesce(before_bytes_h, 0)) desc, rated.name nulls last, peer nulls last
limit $top
