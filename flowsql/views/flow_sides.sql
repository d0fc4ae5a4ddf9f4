-- One row is a record of `checked_records`, with the side that the interface itself is on, how that is known
-- (`local_evidence`: 'flow-direction', or 'address': the one address that all its records of the family have, with two
-- peers or more), and what both addresses are to the VPC. What a forwarding interface passes on has no local side.
select
    f.*,
    case is_sent_here(flow_direction, srcaddr, dstaddr, own_ipv4, own_ipv6)
        when true then 'egress'
        when false then 'ingress'
    end as direction,
    case local_end(is_tgw, flow_direction, srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr, own_ipv4, own_ipv6)
        when 'src' then coalesce(pkt_srcaddr, srcaddr)
        when 'dst' then coalesce(pkt_dstaddr, dstaddr)
    end as local_addr,
    case local_end(is_tgw, flow_direction, srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr, own_ipv4, own_ipv6)
        when 'src' then srcport
        when 'dst' then dstport
    end as local_port,
    case local_end(is_tgw, flow_direction, srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr, own_ipv4, own_ipv6)
        when 'src' then coalesce(pkt_dstaddr, dstaddr)
        when 'dst' then coalesce(pkt_srcaddr, srcaddr)
    end as remote_addr,
    case local_end(is_tgw, flow_direction, srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr, own_ipv4, own_ipv6)
        when 'src' then dstport
        when 'dst' then srcport
    end as remote_port,
    case
        when local_end(is_tgw, flow_direction, srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr, own_ipv4, own_ipv6) is null
        then null
        when flow_direction is not null then 'flow-direction'
        else 'address'
    end as local_evidence,
    address_scope(
        coalesce(pkt_srcaddr, srcaddr), pkt_src_aws_service, src_network.network is not null
    ) as src_scope,
    address_scope(
        coalesce(pkt_dstaddr, dstaddr), pkt_dst_aws_service, dst_network.network is not null
    ) as dst_scope
from checked_records as f
left join interface_ends as own on own.interface_id = f.interface_id
left join own_networks as src_network
    on src_network.network = coalesce(ipv6_network_64(coalesce(pkt_srcaddr, srcaddr)), pkt_srcaddr, srcaddr)
left join own_networks as dst_network
    on dst_network.network = coalesce(ipv6_network_64(coalesce(pkt_dstaddr, dstaddr)), pkt_dstaddr, dstaddr)
