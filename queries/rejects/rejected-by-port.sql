-- Which services are being blocked, how often, and from how many sources?
-- counts: rejected records at every interface that logged them, by destination port; of the kinds attempt and unknown (see
--   `rejections`): late packets of closed connections, expired ones, backscatter and replies are counted in others only
-- needs: action, dstport, protocol
-- uses: tcp_flags, srcaddr, dstaddr, packets, start, end
-- param kinds one of attempts|all = attempts : all also counts what nobody was kept out by
-- param ports one of all|uncommon = all : uncommon leaves out 22, 80 and 443
-- param top integer [1..10000] = 50 : rows to show
-- alias: reject-uncommon-ports ports=uncommon
-- tags: reject, ports, top
-- read: others are the records left out at this port, others_in_all those of all ports that count; without tcp_flags hardly any can be
--   told, and high ports are mostly replies and late packets, not services
with chosen as (
    select *, $kinds = 'all' or kind in ('attempt', 'unknown') as is_chosen
    from rejections
    where $ports = 'all' or dstport is null or dstport not in (22, 80, 443)
)
select
    dstport,
    protocol_name(protocol) as protocol_name,
    count(*) filter (where is_chosen) as records,
    cast(sum(packets) filter (where is_chosen) as bigint) as packets,
    count(distinct case when is_chosen then srcaddr end) as sources,
    count(distinct case when is_chosen then dstaddr end) as destinations,
    min(case when is_chosen then start_time end) as first_time,
    max(case when is_chosen then end_time end) as last_time,
    count(*) filter (where not is_chosen) as others,
    (select count(*) from chosen where not is_chosen) as others_in_all
from chosen
group by dstport, protocol
having count(*) filter (where is_chosen) > 0
order by records desc, dstport nulls last, protocol nulls last
limit $top
