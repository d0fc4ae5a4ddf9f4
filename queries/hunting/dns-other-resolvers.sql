-- Which hosts ask resolvers outside, past the ones that they should ask?
-- counts: conversations to port 53 and 853 that hosts of ours opened, to other addresses than those of the VPCs and private
--   ones; each host and resolver at the interface that saw most of it
-- needs: srcaddr, dstaddr, srcport, dstport, protocol
-- uses: tcp_flags, bytes, action, start, end, interface_id, pkt_srcaddr, pkt_dstaddr
-- param cidr cidr = null : resolvers that may be asked
-- param top integer [1..10000] = 50 : rows to show
-- tags: hunting, dns
-- read: AWS does not log what goes to the Amazon DNS server. Your own resolvers ask outside, of course: name the hosts that
--   may with --where. Many bytes for each conversation are zone transfers or a tunnel; DNS over HTTPS is not told from HTTPS
with pair as (
    select
        capture_point,
        client_addr,
        server_addr,
        server_port,
        count(*) as conversations,
        sum(case when outcome = 'answered' then 1 else 0 end) as answered,
        sum(bytes_to_server) as bytes_sent,
        sum(bytes_to_client) as bytes_received,
        min(first_time) as first_time,
        max(last_time) as last_time
    from conversations
    where protocol in (6, 17)
        and server_port in (53, 853)
        and not is_private_address(server_addr)
        and not is_special_address(server_addr)
        and client_addr not in (select address from relay_addresses)
    group by capture_point, client_addr, server_addr, server_port
),
ranked as (
    select
        pair.*,
        row_number() over (
            partition by client_addr, server_addr, server_port order by conversations desc, capture_point
        ) as place
    from pair
    left join own_networks as server on server.network = coalesce(ipv6_network_64(server_addr), server_addr)
    left join own_networks as client on client.network = coalesce(ipv6_network_64(client_addr), client_addr)
    where server.network is null and (client.network is not null or is_private_address(client_addr))
)
select
    client_addr,
    server_addr,
    server_port,
    conversations,
    cast(answered as bigint) as answered,
    cast(bytes_sent as bigint) as bytes_sent,
    cast(bytes_received as bigint) as bytes_received,
    first_time,
    last_time
from ranked
where place = 1 and ($cidr is null or not in_cidr(server_addr, $cidr))
order by conversations desc, client_addr, server_addr, server_port
limit $top
