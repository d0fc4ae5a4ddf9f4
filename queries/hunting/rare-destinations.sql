-- Which places on the internet do only a few of our hosts talk to?
-- counts: conversations that our hosts opened, each pair at the interface that saw most of it; only answered ones; what
--   gateways pass on in their own name, DNS and NTP are left out
-- needs: srcaddr, dstaddr, srcport, dstport, protocol
-- uses: tcp_flags, bytes, start, end, interface_id, pkt_srcaddr, pkt_dstaddr
-- param max_hosts integer [1..1000000] = 1 : so many hosts at most
-- param top integer [1..10000] = 50 : rows to show
-- tags: hunting, internet
-- read: rare is not bad: an address of a large service is rare when there are many to choose from. Look at what was sent,
--   at odd ports, and at how long it has been going on
with pair as (
    select
        capture_point,
        client_addr,
        server_addr,
        count(*) as conversations,
        min(server_port) as a_port,
        count(distinct server_port) as ports,
        sum(bytes_to_server) as bytes_sent,
        sum(bytes_to_client) as bytes_received,
        min(first_time) as first_time,
        max(last_time) as last_time
    from conversations
    where outcome = 'answered'
        and protocol in (6, 17)
        and server_port not in (53, 123, 853)
        and not is_private_address(server_addr)
        and not is_special_address(server_addr)
        and client_addr not in (select address from relay_addresses)
    group by capture_point, client_addr, server_addr
),
ranked as (
    select
        pair.*,
        row_number() over (
            partition by client_addr, server_addr order by conversations desc, capture_point
        ) as place
    from pair
    left join own_networks as server on server.network = coalesce(ipv6_network_64(server_addr), server_addr)
    left join own_networks as client on client.network = coalesce(ipv6_network_64(client_addr), client_addr)
    where server.network is null and (client.network is not null or is_private_address(client_addr))
)
select
    server_addr,
    count(*) as hosts,
    min(client_addr) as a_host,
    min(a_port) as a_port,
    max(ports) as ports,
    cast(sum(conversations) as bigint) as conversations,
    cast(sum(bytes_sent) as bigint) as bytes_sent,
    cast(sum(bytes_received) as bigint) as bytes_received,
    min(first_time) as first_time,
    max(last_time) as last_time
from ranked
where place = 1
group by server_addr
having count(*) <= $max_hosts
order by bytes_sent desc nulls last, conversations desc, server_addr
limit $top
