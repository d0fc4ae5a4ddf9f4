-- Who reached, or tried to reach, which services: SSH and RDP, administration, databases, a port, or all?
-- counts: conversations by client and service, at the capture point that saw most of them, so one that two interfaces
--   logged counts once; late packets and backscatter do not count. Health checks count like all others.
-- needs: srcaddr, dstaddr, srcport, dstport, protocol
-- uses: action, tcp_flags, start, end, bytes, packets, interface_id, vpc_id, pkt_srcaddr, pkt_dstaddr
-- param to one of any|ssh-rdp|admin|database = admin : services by their ports; not looked at if a port is given
-- param port port = null : the services on this port
-- param way one of any|inside|in|out = any : inside the own networks, in from the internet, or out to it
-- param protocol one of any|tcp|udp = any : only this protocol
-- param top integer [1..10000] = 50 : rows to show
-- alias: ssh-rdp-access to=ssh-rdp
-- alias: admin-port-access to=admin
-- alias: database-port-access to=database
-- alias: external-inbound to=any way=in
-- alias: users-of-port to=any
-- alias: tcp-initiators to=any protocol=tcp
-- tags: access, audit, hunting
-- read: answered is what came through: ACCEPT alone says only that the filters passed it; refused is a RST by the host,
--   silent is accepted without an answer. evidence is the strongest by which client and server are told apart: syn and
--   syn-ack are certain, port-guess is not, and then the two may be the other way round. vpc_id is where it was seen: traffic
--   between two VPCs has a row in each
with seen as (
    select
        vpc_id,
        capture_point,
        client_addr,
        server_addr,
        server_port,
        protocol,
        count(*) as conversations,
        count(*) filter (where outcome = 'answered') as answered,
        count(*) filter (where outcome = 'refused by host') as refused,
        count(*) filter (where outcome = 'silent') as silent,
        count(*) filter (where outcome = 'rejected') as rejected,
        arg_min(evidence, evidence_rank(evidence)) as evidence,
        max(last_time) as last_time
    from conversations
    where server_port > 0
        and client_addr not in (select address from relay_addresses)
        and case when $port is null then is_service_of($to, protocol, server_port) else server_port = $port end
        and ($protocol = 'any' or protocol = case $protocol when 'tcp' then 6 else 17 end)
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
)
select
    client_addr,
    server_addr,
    service_name(protocol, server_port, server_port, null) as service,
    max(answered) as answered,
    max(refused) as refused,
    max(silent) as silent,
    max(rejected) as rejected,
    arg_min(evidence, evidence_rank(evidence)) as evidence,
    max(last_time) as last_time,
    vpc_id
from seen
group by vpc_id, client_addr, server_addr, server_port, seen.protocol
order by
    max(answered) desc,
    max(conversations) desc,
    client_addr,
    server_addr,
    server_port,
    seen.protocol,
    vpc_id nulls last
limit $top
