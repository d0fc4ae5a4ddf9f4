-- Which source addresses were rejected most, and how widely did they try?
-- counts: rejected records at every interface that logged them; of the kinds attempt and unknown (see `rejections`): late
--   packets of closed connections, expired ones, backscatter and replies are counted in others only
-- needs: action, srcaddr
-- uses: tcp_flags, dstaddr, dstport, packets, start, end
-- param kinds one of attempts|all = attempts : all also counts what nobody was kept out by
-- param top integer [1..10000] = 50 : rows to show
-- tags: reject, top
-- read: many ports on few destinations is a port scan, one port on many destinations a sweep. others are the records of
--   this source that were left out, others_in_all those of all sources; without tcp_flags hardly any can be told, and
--   answers to ephemeral ports (above 1023) are usually late packets of connections that had been allowed
with chosen as (
    select *, $kinds = 'all' or kind in ('attempt', 'unknown') as is_chosen
    from rejections
)
select
    srcaddr,
    count(*) filter (where is_chosen) as records,
    cast(sum(packets) filter (where is_chosen) as bigint) as packets,
    count(distinct case when is_chosen then dstaddr end) as destinations,
    count(distinct case when is_chosen then dstport end) as ports,
    min(case when is_chosen then start_time end) as first_time,
    max(case when is_chosen then end_time end) as last_time,
    count(*) filter (where not is_chosen) as others,
    (select count(*) from chosen where not is_chosen) as others_in_all
from chosen
group by srcaddr
having count(*) filter (where is_chosen) > 0
order by records desc, srcaddr nulls last
limit $top
