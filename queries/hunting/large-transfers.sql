-- Which single conversations moved the most bytes?
-- counts: conversations, each once, at the interface that saw most of it; what gateways pass on in their own name is left
--   out. Bytes are of the whole conversation, over all its intervals, as far as window and context reach.
-- needs: srcaddr, dstaddr, srcport, dstport, protocol, bytes
-- uses: tcp_flags, packets, start, end, interface_id, pkt_srcaddr, pkt_dstaddr
-- param min_bytes integer [0..1000000000000000] = 100000000 : bytes in both directions
-- param top integer [1..10000] = 50 : rows to show
-- tags: hunting, bytes, top
-- read: a transfer that takes hours is many records and one row here
with large as (
    select *, coalesce(bytes_to_server, 0) + coalesce(bytes_to_client, 0) as bytes
    from conversations
    where coalesce(bytes_to_server, 0) + coalesce(bytes_to_client, 0) >= $min_bytes
        and client_addr not in (select address from relay_addresses)
),
ranked as (
    select
        *,
        row_number() over (
            partition by client_addr, client_port, server_addr, server_port, protocol,
                cast(floor(epoch(first_time) / 600) as bigint)
            order by bytes desc, capture_point, first_time
        ) as place
    from large
)
select
    client_addr,
    client_port,
    server_addr,
    server_port,
    protocol_name(protocol) as protocol_name,
    cast(bytes as bigint) as bytes,
    bytes_to_server,
    bytes_to_client,
    cast(epoch(last_time) - epoch(first_time) as bigint) as duration_s,
    evidence,
    first_time,
    last_time
from ranked
where place = 1
order by bytes desc, client_addr, client_port, server_addr, server_port, protocol, first_time
limit $top
