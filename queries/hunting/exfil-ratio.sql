-- Which hosts sent far more than they got to places on the internet that hardly anyone else talks to?
-- counts: bytes of conversations that the host opened, each once, at the interface that saw most of the pair; what gateways
--   pass on in their own name, DNS and NTP are left out
-- needs: srcaddr, dstaddr, srcport, dstport, bytes
-- uses: protocol, tcp_flags, interface_id, start, end, pkt_srcaddr, pkt_dstaddr
-- param min_bytes integer [0..1000000000000000] = 500000000 : bytes sent by a pair
-- param min_ratio number [0..1000000000] = 10 : bytes sent for each byte received
-- param max_hosts integer [1..1000000] = 2 : so many hosts may send there, in all
-- param top integer [1..10000] = 50 : rows to show
-- tags: hunting, exfiltration, bytes
-- read: backups, log shipping and uploads to object storage look the same; a place to which many hosts send is usually
--   theirs. sent_percent is of all that was sent to the internet in conversations opened here
with pair as (
    select
        capture_point,
        client_addr,
        server_addr,
        count(*) as conversations,
        sum(coalesce(bytes_to_server, 0)) as bytes_sent,
        sum(coalesce(bytes_to_client, 0)) as bytes_received,
        min(first_time) as first_time,
        max(last_time) as last_time
    from conversations
    where outcome in ('answered', 'one-way', 'not decidable')
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
            partition by client_addr, server_addr order by bytes_sent desc, bytes_received desc, capture_point
        ) as place
    from pair
    left join own_networks as server on server.network = coalesce(ipv6_network_64(server_addr), server_addr)
    left join own_networks as client on client.network = coalesce(ipv6_network_64(client_addr), client_addr)
    where server.network is null and (client.network is not null or is_private_address(client_addr))
),
sent as (
    select
        *,
        count(*) over (partition by server_addr) as hosts,
        sum(bytes_sent) over () as all_bytes_sent
    from ranked
    where place = 1
)
select
    client_addr,
    server_addr,
    conversations,
    cast(bytes_sent as bigint) as bytes_sent,
    cast(bytes_received as bigint) as bytes_received,
    round(cast(bytes_sent as double) / nullif(bytes_received, 0), 1) as ratio,
    round(cast(bytes_sent as double) * 100 / nullif(all_bytes_sent, 0), 2) as sent_percent,
    hosts,
    first_time,
    last_time
from sent
where bytes_sent >= $min_bytes and bytes_sent >= $min_ratio * bytes_received and hosts <= $max_hosts
order by bytes_sent desc, client_addr, server_addr
limit $top
