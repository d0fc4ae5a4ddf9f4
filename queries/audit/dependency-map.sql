-- Who depends on which service: the edges from clients to services, with what went over them?
-- counts: answered conversations by client and service, at the capture point that saw most of them, so one that two interfaces
--   logged counts once; not what a NAT gateway makes of them
-- needs: srcaddr, dstaddr, srcport, dstport, protocol
-- uses: action, tcp_flags, start, end, packets, bytes, interface_id, vpc_id, pkt_srcaddr, pkt_dstaddr
-- param way one of inside|out|in|any = inside : inside the own networks, out to the internet, or in from there
-- param ip ip = null : only edges from or to this address
-- param guesses boolean = true : also edges of which only the lower port tells the service
-- param top integer [1..100000] = 100 : rows to show, the most bytes first
-- alias: network-graph-edges top=100000
-- tags: audit, inventory, graph
-- read: -o edges.csv gives a graph to any drawing tool. Health checks are edges like others: from load balancers, to all their
--   targets. DNS and NTP servers have all others as clients. Edges with evidence port-guess come last, and
--   may be the other way round
with seen as (
    select
        vpc_id,
        capture_point,
        client_addr,
        server_addr,
        server_port,
        protocol,
        count(*) as conversations,
        sum(bytes_to_server) as bytes_to_server,
        sum(bytes_to_client) as bytes_to_client,
        min(evidence_rank(evidence)) as rank,
        max(last_time) as last_time
    from conversations
    where outcome = 'answered'
        and server_port > 0
        and ($ip is null or $ip in (client_addr, server_addr))
        and client_addr not in (select address from relay_addresses)
        and is_between(
            $way,
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
    group by vpc_id, capture_point, client_addr, server_addr, server_port, protocol
),
edges as (
    select
        vpc_id,
        client_addr,
        server_addr,
        server_port,
        protocol,
        max(conversations) as conversations,
        cast(max(bytes_to_server) as bigint) as bytes_to_server,
        cast(max(bytes_to_client) as bigint) as bytes_to_client,
        min(rank) as rank,
        max(last_time) as last_time
    from seen
    group by vpc_id, client_addr, server_addr, server_port, protocol
)
select
    client_addr,
    server_addr,
    service_name(protocol, server_port, server_port, null) as service,
    conversations,
    bytes_to_server,
    bytes_to_client,
    evidence_of_rank(rank) as evidence,
    last_time,
    vpc_id
from edges
where $guesses or rank <= 5
order by
    rank > 5,
    coalesce(bytes_to_server, 0) + coalesce(bytes_to_client, 0) desc,
    conversations desc,
    client_addr,
    server_addr,
    server_port,
    protocol,
    vpc_id nulls last
limit $top
