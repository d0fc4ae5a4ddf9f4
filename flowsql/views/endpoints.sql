-- One row is an address and port of a VPC ('' if it was not logged) that looks like a service in the whole store, whatever
-- the window: `syn_acks` counts its SYN-ACKs, `peer_ports` the different ports on the other side, modulo 63. The
-- ports that clients take are new for each connection, so a client's port meets one port and a server's many.
with sides as (
    select
        vpc_id,
        srcaddr as address,
        srcport as port,
        protocol,
        dstport as peer_port,
        flag_role(protocol, tcp_flags, is_tgw(resource_type, tgw_id, tgw_attachment_id)) = 'server' as is_syn_ack
    from records
    union all
    select vpc_id, dstaddr, dstport, protocol, srcport, false
    from records
)
select
    coalesce(vpc_id, '') as vpc_id,
    address,
    port,
    protocol,
    count(*) filter (where is_syn_ack) as syn_acks,
    count(distinct peer_port % 63) as peer_ports
from sides
where port <> 0
group by coalesce(vpc_id, ''), address, port, protocol
having count(*) filter (where is_syn_ack) > 0 or count(distinct peer_port % 63) > 1
