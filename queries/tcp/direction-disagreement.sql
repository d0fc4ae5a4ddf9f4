-- Where do the TCP flags say that the higher port is the service?
-- counts: TCP records of `tcp_directions` whose role is certain by flags (evidence syn, syn-ack, paired) and other than the lower
--   port suggests, each flow once (`counted` in flows)
-- needs: tcp_flags, srcaddr, dstaddr, srcport, dstport, protocol
-- uses: bytes, start, end, interface_id, vpc_id, pkt_srcaddr, pkt_dstaddr
-- param top integer [1..10000] = 50 : rows to show
-- tags: tcp, diagnosis
-- read: services on high ports, whose traffic every tool that guesses by port books on the client: what top by=port,
--   on records without flags, has wrong
with sided as (
    select
        case when sender_role = 'server' then srcaddr else dstaddr end as server_addr,
        case when sender_role = 'server' then srcport else dstport end as server_port,
        case when sender_role = 'server' then dstport else srcport end as client_port,
        case when sender_role = 'server' then dstaddr else srcaddr end as client_addr,
        bytes
    from tcp_directions
    where counted
        and evidence in ('syn', 'syn-ack', 'paired')
        and sender_role <> port_role(srcport, dstport)
)
select
    server_addr,
    server_port,
    min(client_port) as lowest_client_port,
    max(client_port) as highest_client_port,
    count(distinct client_addr) as clients,
    count(*) as records,
    cast(sum(bytes) as bigint) as bytes
from sided
group by server_addr, server_port
order by records desc, server_addr, server_port
limit $top
