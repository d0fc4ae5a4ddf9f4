-- Which single conversations carried most, or lasted longest, from the opening to the close?
-- counts: conversations that touch the window, with all their records in it and its context (--context); one seen at
--   several interfaces once, at the one with the most records of it, and not what a NAT gateway makes of it
-- needs: srcaddr, dstaddr, srcport, dstport, protocol, start
-- uses: end, bytes, packets, tcp_flags, action, interface_id, vpc_id, pkt_srcaddr, pkt_dstaddr
-- param order one of bytes|duration|latest = bytes : most bytes, longest or latest first
-- param protocol one of any|tcp|udp|icmp = any : only this protocol
-- param opened one of any|inside|before = any : whether the opening is in the window, or before it or not to be seen
-- param min_bytes integer [0..1000000000000000] = 0 : at least so many bytes, both directions together
-- param min_duration span [0s..366d] = 0s : at least so long
-- param top integer [1..10000] = 20 : rows to show
-- alias: tcp-conversations order=latest protocol=tcp
-- alias: fin-only-leftovers opened=before protocol=tcp
-- tags: lookup, tcp, hunting
-- read: bytes_out are the client's, bytes_in the server's. start and end are good to about a minute. state is Zeek's, from the flags of all intervals; without flags, client and
--   server are known by what evidence says, and silence ends a conversation (TCP an hour, UDP 180 s). Connections that
--   were open before the window and its context look shorter than they are
with seen as (
    select
        *,
        first_value(capture_point) over (
            partition by client_addr, client_port, server_addr, server_port, protocol
            order by records desc, capture_point nulls last
        ) as chosen_point
    from conversations
    where duration_s >= $min_duration
        and coalesce(bytes_to_server, 0) + coalesce(bytes_to_client, 0) >= $min_bytes
        and (
            $protocol = 'any'
            or ($protocol = 'tcp' and protocol = 6)
            or ($protocol = 'udp' and protocol = 17)
            or ($protocol = 'icmp' and protocol in (1, 58))
        )
        and client_addr not in (select address from relay_addresses)
        and ($opened = 'any' or opened_in_window = ($opened = 'inside'))
)
select
    endpoint_name(client_addr, client_port) as client,
    server_addr,
    service_name(protocol, server_port, server_port, null) as service,
    bytes_to_server as bytes_out,
    bytes_to_client as bytes_in,
    first_time,
    duration_s as lasted_s,
    evidence,
    state
from seen
where capture_point is not distinct from chosen_point
order by
    case when $order = 'latest' then last_time end desc nulls last,
    case
        when $order = 'duration' then duration_s
        else coalesce(bytes_to_server, 0) + coalesce(bytes_to_client, 0)
    end desc,
    client_addr,
    client_port nulls last,
    server_addr,
    server_port nulls last,
    protocol nulls last,
    first_time
limit $top
