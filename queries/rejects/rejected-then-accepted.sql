-- Which senders were rejected first and got in later?
-- counts: senders and destination ports at an interface with rejected records of the kinds attempt and unknown, as
--   `reject_kind` in flows has it, and accepted ones that begin after the last of them
-- needs: action, srcaddr, dstaddr, dstport, start
-- uses: protocol, tcp_flags, end, bytes, interface_id, pkt_srcaddr, pkt_dstaddr
-- param way one of any|inside|out|in = any : inside the own networks, out to the internet, or in from there
-- param top integer [1..10000] = 50 : rows to show, the latest acceptance first
-- tags: reject, change, hunting
-- read: a rule that was opened, or a scanner that found a way in: accepted says that the filters passed it, access
--   tells whether it was answered. Answers to ephemeral ports may show where tcp_flags are not logged
with grouped as (
    select
        interface_id,
        coalesce(pkt_srcaddr, srcaddr) as srcaddr,
        coalesce(pkt_dstaddr, dstaddr) as dstaddr,
        dstport,
        protocol,
        count(*) filter (where reject_kind in ('attempt', 'unknown')) as rejected,
        min(case when reject_kind in ('attempt', 'unknown') then "start" end) as first_rejected_s,
        max(case when reject_kind in ('attempt', 'unknown') then "start" end) as last_rejected_s
    from flows
    where second_view_of is null or second_view_of not in ('flow log', 'vpc')
    group by interface_id, coalesce(pkt_srcaddr, srcaddr), coalesce(pkt_dstaddr, dstaddr), dstport, protocol
    having count(*) filter (where action = 'ACCEPT') > 0
        and count(*) filter (where reject_kind in ('attempt', 'unknown')) > 0
)
select
    grouped.interface_id,
    grouped.srcaddr,
    grouped.dstaddr,
    grouped.dstport,
    protocol_name(grouped.protocol) as protocol,
    max(rejected) as rejected,
    to_timestamp(max(last_rejected_s)) as last_rejected_time,
    to_timestamp(min("start")) as accepted_since,
    count(*) as accepted,
    cast(sum(bytes) as bigint) as bytes
from grouped
join flows
    on flows.interface_id is not distinct from grouped.interface_id
    and coalesce(flows.pkt_srcaddr, flows.srcaddr) = grouped.srcaddr
    and coalesce(flows.pkt_dstaddr, flows.dstaddr) = grouped.dstaddr
    and flows.dstport = grouped.dstport
    and flows.protocol is not distinct from grouped.protocol
    and action = 'ACCEPT'
    and "start" > last_rejected_s
where (second_view_of is null or second_view_of not in ('flow log', 'vpc'))
    and is_between($way, src_scope, dst_scope)
group by grouped.interface_id, grouped.srcaddr, grouped.dstaddr, grouped.dstport, grouped.protocol
order by
    accepted_since desc,
    rejected desc,
    grouped.interface_id nulls last,
    grouped.srcaddr,
    grouped.dstaddr,
    grouped.dstport,
    grouped.protocol nulls last
limit $top
