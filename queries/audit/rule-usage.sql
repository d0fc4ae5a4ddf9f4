-- Which rules of a list did accepted connections use, and which did nobody use?
-- counts: conversations whose opening the filters let pass, at the capture point that saw most of them, by the rules of the list
--   that fit client, server, protocol and port; one that fits several rules counts for each
-- needs: srcaddr, dstaddr, srcport, dstport, protocol
-- uses: action, tcp_flags, start, end, packets, bytes, interface_id, vpc_id, pkt_srcaddr, pkt_dstaddr
-- absence: yes
-- param file file : CSV file with the columns rule (its name), source, target (addresses or networks), protocol, from_port, to_port
-- param top integer [1..100000] = 1000 : rows to show, the unused ones first
-- alias: unused-open-port
-- tags: audit, access, rules
-- read: a rule with 0 conversations was not used in the window, as far as the trust line says that it is covered: a backup or a
--   failover may need it still. protocol is a name or number, all or -1; without ports a rule is for all of them. Rules that
--   overlap hide each other's use: both have it
with rules as (
    select
        cast(rule as text) as rule,
        case
            when is_ipv4_cidr(trim(source)) or is_ipv6_cidr(trim(source)) then trim(source)
            else error('neither an address nor a CIDR block: ' || trim(source))
        end as source,
        case
            when is_ipv4_cidr(trim(target)) or is_ipv6_cidr(trim(target)) then trim(target)
            else error('neither an address nor a CIDR block: ' || trim(target))
        end as target,
        lower(trim(cast(protocol as text))) as protocol,
        cast(from_port as integer) as from_port,
        cast(to_port as integer) as to_port
    from file
    where source is not null and target is not null
    group by rule, source, target, protocol, from_port, to_port
),
seen as (
    select
        vpc_id,
        capture_point,
        client_addr,
        server_addr,
        server_port,
        protocol,
        count(*) as conversations,
        max(last_time) as last_time
    from conversations
    where coalesce(action_to_server <> 'REJECT', true)
    group by vpc_id, capture_point, client_addr, server_addr, server_port, protocol
),
used as (
    select
        client_addr,
        server_addr,
        server_port,
        protocol,
        protocol_name(protocol) as protocol_name,
        max(conversations) as conversations,
        max(last_time) as last_time
    from seen
    group by client_addr, server_addr, server_port, protocol
),
fitting as (
    select rules.rule, source, target, rules.protocol, from_port, to_port, conversations, client_addr, server_addr, last_time
    from rules
    join used
        on in_cidr(client_addr, source)
        and in_cidr(server_addr, target)
        and (
            rules.protocol in ('all', '-1')
            or rules.protocol = protocol_name
            or rules.protocol = cast(used.protocol as text)
        )
        and (from_port is null or server_port between from_port and coalesce(to_port, from_port))
)
select
    rules.rule,
    rules.source,
    rules.target,
    rules.protocol,
    rules.from_port,
    rules.to_port,
    cast(coalesce(sum(conversations), 0) as bigint) as conversations,
    count(distinct client_addr) as clients,
    count(distinct server_addr) as servers,
    max(last_time) as last_time
from rules
left join fitting
    on fitting.rule is not distinct from rules.rule
    and fitting.source = rules.source
    and fitting.target = rules.target
    and fitting.protocol is not distinct from rules.protocol
    and fitting.from_port is not distinct from rules.from_port
    and fitting.to_port is not distinct from rules.to_port
group by rules.rule, rules.source, rules.target, rules.protocol, rules.from_port, rules.to_port
order by
    conversations,
    rules.rule nulls last,
    rules.source,
    rules.target,
    rules.protocol nulls last,
    rules.from_port nulls first,
    rules.to_port nulls first
limit $top
