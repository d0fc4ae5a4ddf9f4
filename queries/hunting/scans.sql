-- Who tried many ports of one host, one port of many hosts, or a few of them slowly for hours, and did any of it answer?
-- counts: openings of TCP and UDP conversations, each once, that were rejected, refused, or had no answer; hits are those
--   to the same targets that were answered. Answers from a well-known port to ports above 1023 are left out: they are what
--   other scans in a forged name leave behind.
-- needs: srcaddr, dstaddr, srcport, dstport, protocol
-- uses: tcp_flags, action, interface_id, start, end, pkt_srcaddr, pkt_dstaddr
-- param kind one of any|vertical|horizontal|slow = any : many ports of a host, one port of many hosts, or evenly over hours
-- param direction one of any|inbound|outbound|internal = any : from outside the VPCs, to outside, or neither
-- param min_ports integer [2..65536] = 20 : ports of one host that make a vertical scan
-- param min_hosts integer [2..1000000] = 10 : hosts at one port that make a horizontal scan
-- param min_failed number [0..1] = 0.8 : share of the targets that never answered
-- param hits boolean = false : only those to which something answered
-- param top integer [1..10000] = 50 : rows to show
-- alias: port-scan-vertical kind=vertical
-- alias: port-scan-horizontal kind=horizontal
-- alias: scan-slow kind=slow
-- alias: scan-outbound direction=outbound
-- alias: scan-hits hits=true
-- tags: hunting, scan
-- read: targets are pairs of host and port. answered says what was open: look there first. A slow scan tries at least five
--   targets, over three hours or more, fewer than forty in a quarter of an hour, more evenly than chance would. Vulnerability
--   scanners of your own look the same; clients of a service that went down try one port of few hosts, below min_hosts
with opening as (
    select
        -- Without flags, who alone sends is who asks; a scanner that keeps its port looks like a server otherwise.
        evidence in ('fan-in', 'port-guess', 'unknown') and coalesce(packets_to_server, 0) = 0 as is_turned,
        client_addr,
        client_port,
        server_addr,
        server_port,
        protocol,
        outcome,
        action_to_server,
        first_time
    from conversations
    where protocol in (6, 17)
        -- Not what answers an opening that was not seen: others made it in this name.
        and (coalesce(packets_to_server, 0) > 0 or evidence in ('fan-in', 'port-guess', 'unknown'))
),
tried as (
    select
        case when is_turned then server_addr else client_addr end as source_addr,
        case when is_turned then server_port else client_port end as source_port,
        case when is_turned then client_addr else server_addr end as target_addr,
        case when is_turned then client_port else server_port end as target_port,
        protocol,
        -- An answer that a filter rejects is an answer.
        outcome = 'answered' or (outcome = 'rejected' and action_to_server = 'ACCEPT' and not is_turned) as is_answered,
        is_turned,
        first_time
    from opening
),
attempt as (
    select
        source_addr,
        target_addr,
        target_port,
        protocol,
        max(case when is_answered then 1 else 0 end) as answered,
        count(distinct source_port) as source_ports,
        min(case when is_turned then 0 else 1 end) as is_sure,
        cast(floor(epoch(first_time) / 900) as bigint) as quarter,
        min(first_time) as first_time,
        max(first_time) as last_time
    from tried
    where not (source_port < 1024 and target_port >= 1024)
    group by source_addr, target_addr, target_port, protocol, cast(floor(epoch(first_time) / 900) as bigint)
),
target as (
    select
        source_addr,
        target_addr,
        target_port,
        max(answered) as answered,
        max(is_sure) as is_sure,
        cast(sum(source_ports) as bigint) as attempts,
        min(first_time) as first_time,
        max(last_time) as last_time
    from attempt
    group by source_addr, target_addr, target_port
),
quarter as (
    select source_addr, quarter, sum(source_ports) as attempts
    from attempt
    where answered = 0
    group by source_addr, quarter
),
span as (
    select
        source_addr,
        min(quarter) as first_quarter,
        max(quarter) - min(quarter) + 1 as quarters,
        max(attempts) as most
    from quarter
    group by source_addr
),
-- At most 24 parts of the time, so that intervals of ten minutes do not blur them.
part as (
    select
        quarter.source_addr,
        least(quarters, 24) as parts,
        (quarter - first_quarter) * least(quarters, 24) // quarters as part,
        sum(attempts) as attempts
    from quarter
    join span on span.source_addr = quarter.source_addr
    where quarters >= 12 and most < 40
    group by quarter.source_addr, quarters, (quarter - first_quarter) * least(quarters, 24) // quarters
),
-- The mean, and the index of dispersion, over all parts, also those without an attempt.
dispersion as (
    select
        source_addr,
        parts,
        cast(sum(attempts) as double) / parts as mean,
        sum(attempts * attempts) / cast(sum(attempts) as double) - cast(sum(attempts) as double) / parts as dispersion
    from part
    group by source_addr, parts
),
-- The cube root of what comes by chance is normal (Wilson and Hilferty): four deviations below it is no chance.
even_source as (
    select source_addr
    from dispersion
    where mean >= 1
        and power(greatest(dispersion, 0), 1.0 / 3)
            < 1 - 2.0 / (9 * (parts - 1)) - 4 * sqrt(2.0 / (9 * (parts - 1)))
),
found as (
    select
        'vertical' as kind,
        source_addr,
        target_addr,
        cast(null as integer) as target_port,
        count(*) as targets,
        1 as hosts,
        count(*) as ports,
        sum(attempts) as attempts,
        sum(answered) as answered,
        max(target_addr) as a_target,
        min(first_time) as first_time,
        max(last_time) as last_time
    from target
    group by source_addr, target_addr
    having count(*) - sum(answered) >= $min_ports
        -- Servers whose requests pass elsewhere also send from one port to many: those of clients, above 1023.
        and (sum(is_sure) >= $min_ports or min(case when is_sure = 0 then target_port end) < 1024)
    union all
    select
        'horizontal',
        source_addr,
        null,
        target_port,
        count(*),
        count(*),
        1,
        sum(attempts),
        sum(answered),
        max(case when is_private_address(target_addr) then null else target_addr end),
        min(first_time),
        max(last_time)
    from target
    group by source_addr, target_port
    having count(*) - sum(answered) >= $min_hosts
    union all
    select
        'slow',
        target.source_addr,
        null,
        null,
        count(*),
        count(distinct target_addr),
        count(distinct target_port),
        sum(attempts),
        sum(answered),
        max(case when is_private_address(target_addr) then null else target_addr end),
        min(first_time),
        max(last_time)
    from target
    join even_source on even_source.source_addr = target.source_addr
    group by target.source_addr
    having count(*) - sum(answered) >= 5
),
placed as (
    select
        found.*,
        case
            when source.network is null and not is_private_address(source_addr) then 'inbound'
            when target.network is null and not is_private_address(a_target) then 'outbound'
            else 'internal'
        end as direction
    from found
    left join own_networks as source on source.network = coalesce(ipv6_network_64(source_addr), source_addr)
    left join own_networks as target on target.network = coalesce(ipv6_network_64(a_target), a_target)
    where targets - answered >= $min_failed * targets
)
select
    kind,
    direction,
    source_addr,
    target_addr,
    target_port,
    hosts,
    ports,
    cast(attempts as bigint) as attempts,
    cast(answered as bigint) as answered,
    first_time,
    last_time
from placed
where $kind in ('any', kind) and $direction in ('any', direction) and (answered > 0 or not $hits)
order by answered > 0 desc, targets desc, kind, source_addr, target_addr nulls first, target_port nulls first
limit $top
