-- Which services listen where, on what evidence, and how many use them?
-- counts: services that answered a conversation, at the capture point that saw most of them; bytes both ways, there
-- needs: srcaddr, dstaddr, srcport, dstport, protocol
-- uses: action, tcp_flags, start, end, packets, bytes, interface_id, vpc_id, pkt_srcaddr, pkt_dstaddr
-- param kind one of any|cleartext|admin|database|ssh-rdp = any : services by their ports
-- param port port = null : only this port
-- param place one of inside|outside|any = inside : services of the own networks, of others that were used, or both
-- param guesses boolean = true : also services that only the lower port tells from clients
-- param top integer [1..10000] = 100 : rows to show, the most clients first
-- alias: cleartext-services kind=cleartext place=any
-- alias: database-services kind=database
-- tags: audit, inventory, access
-- read: evidence syn and syn-ack are the TCP flags, known-service and fan-in its behaviour towards others, port-guess is none
--   and comes last. cleartext is TCP on 21, 23, 80, 110, 143 and 389: 80 may only redirect,
--   110, 143 and 389 may turn to TLS in the connection, which flow logs do not show. A service that nobody used is not
--   there. vpc_id is where it was seen
with seen as (
    select
        vpc_id,
        capture_point,
        server_addr,
        server_port,
        protocol,
        count(distinct client_addr) as clients,
        count(*) as conversations,
        sum(coalesce(bytes_to_server, 0) + coalesce(bytes_to_client, 0)) as bytes,
        min(evidence_rank(evidence)) as rank,
        max(last_time) as last_time
    from conversations
    where outcome = 'answered'
        and server_port > 0
        and case when $port is null then is_service_of($kind, protocol, server_port) else server_port = $port end
        and client_addr not in (select address from relay_addresses)
        and (
            $place = 'any'
            or ($place = 'inside') = (
                address_scope(
                    server_addr,
                    null,
                    coalesce(ipv6_network_64(server_addr), server_addr) in (select network from own_networks)
                ) in ('vpc', 'private')
            )
        )
    group by vpc_id, capture_point, server_addr, server_port, protocol
),
services as (
    select
        vpc_id,
        server_addr,
        server_port,
        protocol,
        max(clients) as clients,
        max(conversations) as conversations,
        max(bytes) as bytes,
        min(rank) as rank,
        max(last_time) as last_time
    from seen
    group by vpc_id, server_addr, server_port, protocol
)
select
    server_addr,
    service_name(protocol, server_port, server_port, null) as service,
    clients,
    conversations,
    cast(bytes as bigint) as bytes,
    evidence_of_rank(rank) as evidence,
    last_time,
    vpc_id
from services
where $guesses or rank <= 5
order by rank > 5, clients desc, conversations desc, server_addr, server_port, protocol, vpc_id nulls last
limit $top
