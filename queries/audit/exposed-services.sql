-- Which services do hosts on the internet reach: what answers, refuses, or is let through in silence?
-- counts: conversations opened from outside the own networks, by service, at the capture point that saw most of them. Services of
--   which all was rejected are left out, and what a NAT gateway drops is not let in
-- needs: srcaddr, dstaddr, srcport, dstport, protocol
-- uses: action, tcp_flags, start, end, packets, bytes, interface_id, vpc_id, pkt_srcaddr, pkt_dstaddr
-- param port port = null : only this port
-- param guesses boolean = true : also services that only the lower port tells from clients
-- param top integer [1..10000] = 50 : rows to show
-- alias: internet-exposed-services
-- tags: audit, access, internet
-- read: answered is open to the world; refused is a RST: the filters let it pass and nothing listens; silent passed the filters
--   and nothing came back, so a rule is wider than the service. Clients are different addresses. Answers to hosts that called
--   out are no exposure: those are told apart by evidence, certain with tcp_flags; those that only the
--   lower port tells come last. Health checkers of Route 53 are clients like others
with scoped as (
    select
        vpc_id,
        capture_point,
        client_addr,
        server_addr,
        server_port,
        protocol,
        outcome,
        evidence_rank(evidence) as rank,
        last_time
    from conversations
    where server_port > 0
        and ($port is null or server_port = $port)
        and is_between(
            'in',
            address_scope(
                client_addr,
                null,
                coalesce(ipv6_network_64(client_addr), client_addr) in (select network from own_networks)
            ),
            address_scope(
                server_addr,
                null,
                coalesce(ipv6_network_64(server_addr), server_addr) in (select network from own_networks)
            )
        )
),
seen as (
    select
        vpc_id,
        capture_point,
        server_addr,
        server_port,
        protocol,
        count(distinct client_addr) as clients,
        count(*) filter (where outcome = 'answered') as answered,
        count(*) filter (where outcome = 'refused by host') as refused,
        count(*) filter (where outcome in ('silent', 'not decidable')) as silent,
        count(*) filter (where outcome = 'rejected') as rejected,
        min(case when outcome in ('answered', 'refused by host', 'silent', 'not decidable') then rank end) as rank,
        max(last_time) as last_time
    from scoped
    group by vpc_id, capture_point, server_addr, server_port, protocol
),
services as (
    select
        vpc_id,
        server_addr,
        server_port,
        protocol,
        max(clients) as clients,
        max(answered) as answered,
        max(refused) as refused,
        max(silent) as silent,
        max(rejected) as rejected,
        min(rank) as rank,
        max(last_time) as last_time
    from seen
    group by vpc_id, server_addr, server_port, protocol
    having max(answered) + max(refused) + max(silent) > 0
)
select
    server_addr,
    service_name(protocol, server_port, server_port, null) as service,
    clients,
    answered,
    refused,
    silent,
    rejected,
    evidence_of_rank(rank) as evidence,
    last_time,
    vpc_id
from services
where $guesses or rank <= 5
order by rank > 5, answered desc, refused desc, silent desc, server_addr, server_port, protocol, vpc_id nulls last
limit $top
