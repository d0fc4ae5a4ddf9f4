-- Which rules would let in what was used, and nothing more?
-- counts: conversations that reached a service of the own networks, by service and source, at the capture point that saw most of
--   them; not what a NAT gateway makes of them. ICMP has no ports, and no rows
-- needs: srcaddr, dstaddr, srcport, dstport, protocol
-- uses: action, tcp_flags, start, end, packets, bytes, interface_id, vpc_id, pkt_srcaddr, pkt_dstaddr
-- param prefix one of 32|24|16 = 32 : bits of the source that an IPv4 rule has; IPv6 sources are single addresses
-- param most integer [1..100000] = 20 : from more sources on the internet than that, the rule is for all of it
-- param answered boolean = true : only what was answered; false adds what was refused, silent or not decidable
-- param guesses boolean = true : also services that only the lower port tells from clients
-- param top integer [1..100000] = 1000 : rows to show
-- tags: audit, access, rules
-- read: a proposal from what was seen in the window: what runs once a month, and who answers only when something fails, is not in
--   it. Choose a long window, and look at what the trust line says of gaps. Rules of evidence port-guess come last, and may be
--   the other way round. Security groups need nothing for the answers, network ACLs a rule for ports 1024 to 65535
with seen as (
    select
        vpc_id,
        capture_point,
        client_addr,
        server_addr,
        server_port,
        protocol,
        count(*) as conversations,
        min(evidence_rank(evidence)) as rank,
        max(last_time) as last_time
    from conversations
    where server_port > 0
        and (
            outcome = 'answered'
            or (not $answered and outcome in ('refused by host', 'silent', 'one-way', 'not decidable'))
        )
        and client_addr not in (select address from relay_addresses)
    group by vpc_id, capture_point, client_addr, server_addr, server_port, protocol
),
scoped as (
    select
        vpc_id,
        client_addr,
        server_addr,
        server_port,
        protocol,
        max(conversations) as conversations,
        min(rank) as rank,
        max(last_time) as last_time,
        address_scope(
            client_addr,
            null,
            coalesce(ipv6_network_64(client_addr), client_addr) in (select network from own_networks)
        ) not in ('vpc', 'private') as is_outside
    from seen
    where address_scope(
            server_addr,
            null,
            coalesce(ipv6_network_64(server_addr), server_addr) in (select network from own_networks)
        ) in ('vpc', 'private')
    group by vpc_id, client_addr, server_addr, server_port, protocol
),
counted as (
    select
        *,
        sum(case when is_outside then 1 else 0 end) over (
            partition by vpc_id, server_addr, server_port, protocol
        ) as outside
    from scoped
),
sourced as (
    select
        vpc_id,
        server_addr,
        server_port,
        protocol,
        case
            when is_outside and outside > $most and contains(client_addr, ':') then '::/0'
            when is_outside and outside > $most then '0.0.0.0/0'
            when contains(client_addr, ':') then client_addr || '/128'
            when $prefix = '32' then client_addr || '/32'
            when $prefix = '24' then regexp_extract(client_addr, '^[0-9]+[.][0-9]+[.][0-9]+', 0) || '.0/24'
            else regexp_extract(client_addr, '^[0-9]+[.][0-9]+', 0) || '.0.0/16'
        end as source,
        conversations,
        rank,
        last_time
    from counted
    where $guesses or rank <= 5
)
select
    server_addr,
    service_name(protocol, server_port, server_port, null) as service,
    source,
    count(*) as clients,
    cast(sum(conversations) as bigint) as conversations,
    evidence_of_rank(min(rank)) as evidence,
    max(last_time) as last_time,
    vpc_id
from sourced
group by server_addr, server_port, protocol, source, vpc_id
order by min(rank) > 5, server_addr, server_port, protocol, source, vpc_id nulls last
limit $top
