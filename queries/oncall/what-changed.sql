-- What changed at that time: what is rejected, refused or unanswered since, who is new, and who is gone?
-- counts: conversations as one interface saw them, by client, server and service, before and since the time; failing ones
--   are those that were rejected, refused by the host or silent
-- needs: srcaddr, dstaddr, srcport, dstport, protocol, start
-- uses: action, tcp_flags, end, interface_id, pkt_srcaddr, pkt_dstaddr, packets, bytes, vpc_id
-- param at time : when something changed; the window is what is compared, before and after
-- param top integer [1..10000] = 50 : rows to show
-- absence: yes
-- tags: oncall, reject, change
-- read: change tells how each fared since the time and not before; newly unanswered may be a broken route, which makes no
--   rejects; new peer had no conversation before, so a short window before the time makes many; without TCP flags who
--   opened is told by ports. For who fell silent, see vanished-pairs
with sided as (
    select
        client_addr,
        server_addr,
        server_port,
        protocol,
        outcome,
        first_time >= to_timestamp($at) as is_since,
        first_time
    from conversations
    where protocol in (6, 17)
),
counted as (
    select
        client_addr,
        server_addr,
        server_port,
        protocol,
        count(*) filter (where not is_since) as before,
        count(*) filter (where is_since) as since,
        count(*) filter (where not is_since and outcome = 'rejected') as rejected_before,
        count(*) filter (where is_since and outcome = 'rejected') as rejected_since,
        count(*) filter (where not is_since and outcome = 'refused by host') as refused_before,
        count(*) filter (where is_since and outcome = 'refused by host') as refused_since,
        count(*) filter (where not is_since and outcome = 'silent') as silent_before,
        count(*) filter (where is_since and outcome = 'silent') as silent_since,
        min(case when is_since and outcome in ('rejected', 'refused by host', 'silent') then first_time end) as failing_time,
        min(case when is_since then first_time end) as since_time
    from sided
    group by client_addr, server_addr, server_port, protocol
),
changed as (
    select
        *,
        case
            when rejected_since > 0 and rejected_before = 0 and before > 0 then 'newly rejected'
            when refused_since > 0 and refused_before = 0 and before > 0 then 'newly refused'
            when silent_since > 0 and silent_before = 0 and before > 0 then 'newly unanswered'
            when before = 0 and rejected_since + refused_since + silent_since = since then 'new peer, failing'
            when before = 0 then 'new peer'
        end as change
    from counted
    where since > 0
)
select
    change,
    client_addr,
    server_addr,
    server_port,
    protocol_name(protocol) as protocol_name,
    before,
    since,
    rejected_since,
    refused_since,
    silent_since,
    coalesce(failing_time, since_time) as first_time
from changed
where change is not null
order by
    case change
        when 'newly rejected' then 1
        when 'newly refused' then 2
        when 'newly unanswered' then 3
        when 'new peer, failing' then 4
        else 5
    end,
    before desc,
    since desc,
    client_addr,
    server_addr,
    server_port nulls last,
    protocol
limit $top
