-- Which of our hosts open remote-control and file-sharing sessions to others of ours?
-- counts: TCP conversations between private addresses or those of the VPCs to ports 22, 135, 139, 445, 3389, 5985 and 5986
--   (or the one port asked for), each host and target once
-- needs: srcaddr, dstaddr, srcport, dstport, protocol
-- uses: tcp_flags, action, start, end, interface_id, pkt_srcaddr, pkt_dstaddr
-- param port port = null : only this port
-- param min_hosts integer [1..1000000] = 1 : targets of a source at a port, answered or not
-- param top integer [1..10000] = 50 : rows to show
-- tags: hunting, internal
-- read: bastions and configuration management are expected here; a workstation, or a server that never did so before, is
--   not. reached answered; the others were refused, rejected or silent
with opened as (
    select
        client_addr,
        server_addr,
        server_port,
        max(case when outcome = 'answered' then 1 else 0 end) as reached,
        max(case when outcome = 'rejected' then 1 else 0 end) as rejected,
        min(first_time) as first_time,
        max(last_time) as last_time
    from conversations
    where protocol = 6
        and (server_port = $port or ($port is null and server_port in (22, 135, 139, 445, 3389, 5985, 5986)))
        and evidence <> 'unknown'
        and client_addr not in (select address from relay_addresses)
    group by client_addr, server_addr, server_port
)
select
    client_addr,
    server_port,
    count(*) as hosts,
    cast(sum(reached) as bigint) as reached,
    cast(sum(rejected) as bigint) as rejected,
    min(server_addr) as a_host,
    min(first_time) as first_time,
    max(last_time) as last_time
from opened
left join own_networks as client on client.network = coalesce(ipv6_network_64(client_addr), client_addr)
left join own_networks as server on server.network = coalesce(ipv6_network_64(server_addr), server_addr)
where (client.network is not null or is_private_address(client_addr))
    and (server.network is not null or is_private_address(server_addr))
group by client_addr, server_port
having count(*) >= $min_hosts
order by hosts desc, reached desc, client_addr, server_port
limit $top
