-- Which hosts reach the internet without passing the proxy, firewall or NAT gateway at these addresses?
-- counts: conversations from the own networks to the internet that no filter rejected, at the capture point that saw most of
--   them; not those between addresses of which an interface with an address in via logged some, nor those from there
-- absence: yes
-- needs: srcaddr, dstaddr, srcport, dstport, protocol
-- uses: action, bytes, packets, tcp_flags, start, end, interface_id, vpc_id, pkt_srcaddr, pkt_dstaddr
-- param via cidr : the network that all traffic to the internet should pass through
-- param guesses boolean = true : also where only the lower port tells who called whom
-- param top integer [1..10000] = 50 : rows to show, the most bytes first
-- tags: audit, internet
-- read: clients of a proxy send to the proxy, which is inside, and do not show. Through a NAT gateway or a firewall a packet keeps
--   the outside address, so that passing shows only if the interfaces there are logged, with pkt-dstaddr: without that
--   all that they carry shows here too. What goes to AWS's own services, as to S3 through a gateway endpoint, is internet by its
--   address. What only the lower port tells comes last
with conversed as (
    select
        vpc_id,
        capture_point,
        client_addr,
        server_addr,
        server_port,
        protocol,
        bytes_to_server,
        bytes_to_client,
        evidence_rank(evidence) as rank,
        last_time
    from conversations
    where coalesce(action_to_server <> 'REJECT', true)
        and not in_cidr(client_addr, $via)
        and client_addr not in (select address from relay_addresses)
        and is_between(
            'out',
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
passed as (
    select client_addr, server_addr
    from conversed
    where capture_point in (select interface_id from interface_addresses where in_cidr(address, $via))
    group by client_addr, server_addr
),
seen as (
    select
        vpc_id,
        capture_point,
        client_addr,
        server_port,
        protocol,
        count(distinct server_addr) as destinations,
        min(server_addr) as one_of_them,
        count(*) as conversations,
        sum(bytes_to_server) as bytes_out,
        sum(bytes_to_client) as bytes_in,
        min(rank) as rank,
        max(last_time) as last_time
    from conversed
    where (client_addr, server_addr) not in (select client_addr, server_addr from passed)
    group by vpc_id, capture_point, client_addr, server_port, protocol
),
hosts as (
    select
        vpc_id,
        client_addr,
        server_port,
        protocol,
        max(destinations) as destinations,
        min(one_of_them) as one_of_them,
        max(conversations) as conversations,
        cast(max(bytes_out) as bigint) as bytes_out,
        cast(max(bytes_in) as bigint) as bytes_in,
        min(rank) as rank,
        max(last_time) as last_time
    from seen
    group by vpc_id, client_addr, server_port, protocol
)
select
    client_addr,
    service_name(protocol, server_port, server_port, null) as service,
    destinations,
    one_of_them,
    conversations,
    bytes_out,
    bytes_in,
    evidence_of_rank(rank) as evidence,
    last_time,
    vpc_id
from hosts
where $guesses or rank <= 5
order by rank > 5, bytes_out desc nulls last, conversations desc, client_addr, server_port nulls last, protocol nulls last,
    vpc_id nulls last
limit $top
