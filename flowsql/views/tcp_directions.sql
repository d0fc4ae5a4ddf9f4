-- One row is a TCP record of `flows`, with its columns and `sender_role`: whether the sender of these packets is the
-- connection's client or its server, null if nothing tells. `evidence` says by what, the strongest first: 'syn' and 'syn-ack'
-- (the flags of this record), 'paired' (the flags of the opposite record or of another interval), 'known-service' (one of
-- the sides sent SYN-ACK elsewhere in the store), 'fan-in' (its port met more ports), 'port-guess' (it has the lower port),
-- 'unknown'. The last four are all there is in logs without tcp_flags. The same in every window, given the context.
select
    flows.*,
    coalesce(
        flag_role,
        paired_role(
            coalesce(opened.as_client, elsewhere.as_client),
            coalesce(opened.as_server, elsewhere.as_server),
            coalesce(opened.last_as_client, elsewhere.last_as_client),
            coalesce(opened.last_as_server, elsewhere.last_as_server),
            flows."start"
        ),
        known_service_role(own.syn_acks, other.syn_acks),
        fan_in_role(own.peer_ports, other.peer_ports),
        port_role(flows.srcport, flows.dstport)
    ) as sender_role,
    case
        when flag_role = 'client' then 'syn'
        when flag_role = 'server' then 'syn-ack'
        when paired_role(
                coalesce(opened.as_client, elsewhere.as_client),
                coalesce(opened.as_server, elsewhere.as_server),
                coalesce(opened.last_as_client, elsewhere.last_as_client),
                coalesce(opened.last_as_server, elsewhere.last_as_server),
                flows."start"
            ) is not null
        then
            -- A transit gateway's SYN and ACK are a SYN-ACK if the other side sent SYN without ACK.
            case when tcp_flags & 18 = 18 and coalesce(opened.as_server, elsewhere.as_server) > 0 then 'syn-ack' else 'paired' end
        when known_service_role(own.syn_acks, other.syn_acks) is not null then 'known-service'
        when fan_in_role(own.peer_ports, other.peer_ports) is not null then 'fan-in'
        when port_role(flows.srcport, flows.dstport) is not null then 'port-guess'
        else 'unknown'
    end as evidence
from flows
-- Only records whose own flags do not tell look further.
left join openings as opened
    on opened.interface_id = flows.interface_id
    and opened.srcaddr = flows.srcaddr
    and opened.dstaddr = flows.dstaddr
    and opened.way = case
            when flag_role is null
            then way_hash(
                    end_hash(flows.interface_id, protocol, flows.srcaddr, pkt_srcaddr, srcport),
                    end_hash(flows.interface_id, protocol, flows.dstaddr, pkt_dstaddr, dstport)
                )
        end
left join openings_elsewhere as elsewhere
    on elsewhere.way = case
            when flag_role is null and flows.interface_id is null
            then way_hash(
                    end_hash(
                        capture_point(cast(null as varchar), resource_id, tgw_attachment_id, flows.vpc_id),
                        protocol,
                        flows.srcaddr,
                        pkt_srcaddr,
                        srcport
                    ),
                    end_hash(
                        capture_point(cast(null as varchar), resource_id, tgw_attachment_id, flows.vpc_id),
                        protocol,
                        flows.dstaddr,
                        pkt_dstaddr,
                        dstport
                    )
                )
        end
left join endpoints as own
    on own.vpc_id = coalesce(flows.vpc_id, '')
    and own.protocol = 6
    and own.port = flows.srcport
    and own.address = case when flag_role is null then flows.srcaddr end
left join endpoints as other
    on other.vpc_id = coalesce(flows.vpc_id, '')
    and other.protocol = 6
    and other.port = flows.dstport
    and other.address = case when flag_role is null then flows.dstaddr end
where flows.protocol = 6
