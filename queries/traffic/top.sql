-- Which sources, destinations, pairs, services, protocols, interfaces or the like moved the most bytes?
-- counts: flows accepted or not, each once: at its sender's interface where that is logged, else at the receiver's
--   (`counted` in flows). By interface, instance and subnet, all that each of them logged, so a flow between two of
--   them is in both rows. Of overlapping flow logs one counts; transit gateway records count only where there are no
--   others. A pair is one direction. A port is the service's as far as the record tells: by its TCP flags, else the
--   lower of the two, which is a guess.
-- needs: bytes
-- needs[by=source]: srcaddr
-- needs[by=destination]: dstaddr
-- needs[by=pair]: srcaddr, dstaddr
-- needs[by=packet-source]: pkt_srcaddr
-- needs[by=packet-pair]: pkt_srcaddr, pkt_dstaddr
-- needs[by=port]: srcport, dstport, protocol
-- needs[by=protocol]: protocol
-- needs[by=family]: srcaddr
-- needs[by=interface]: interface_id
-- needs[by=instance]: instance_id
-- needs[by=subnet]: subnet_id
-- needs[by=vpc]: vpc_id
-- needs[by=account]: account_id
-- needs[by=region]: region
-- needs[by=az]: az_id
-- needs[by=aws-service]: pkt_src_aws_service, pkt_dst_aws_service
-- needs[by=path]: traffic_path
-- needs[by=next-hop]: next_hop_interface_type
-- uses: packets, tcp_flags, interface_id, vpc_id, start, srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr, next_hop_az_id,
--   flow_direction
-- param by one of
--   source|destination|pair|packet-source|packet-pair|port|protocol|family|interface|instance|subnet|vpc|account|region|az|aws-service|path|next-hop
--   = source : what a row is
-- param port port = null : only what was sent to this port
-- param cidr cidr = null : only what was sent from this network
-- param protocol one of any|tcp|udp|icmp = any : only this protocol
-- param order one of bytes|packets|records = bytes : most of what comes first
-- param top integer [1..10000] = 10 : rows to show
-- alias: top-sources by=source
-- alias: top-talkers by=source top=50
-- alias: top-destinations by=destination
-- alias: top-pairs by=pair
-- alias: top-packet-level-talkers by=packet-source top=50
-- alias: top-packet-level-pairs by=packet-pair top=50
-- alias: top-ports by=port
-- alias: traffic-by-port by=port
-- alias: traffic-by-protocol by=protocol
-- alias: ipv4-vs-ipv6 by=family
-- alias: top-interfaces by=interface
-- alias: top-instances by=instance
-- alias: top-subnets by=subnet
-- alias: traffic-by-vpc by=vpc
-- alias: traffic-by-account by=account
-- alias: traffic-by-region by=region
-- alias: traffic-by-az by=az
-- alias: top-aws-services by=aws-service
-- alias: traffic-path-breakdown by=path
-- alias: next-hop-breakdown by=next-hop
-- alias: https-receivers by=destination port=443
-- tags: overview, top
-- read: an empty name stands for the records that do not have the field; bytes_percent is of all bytes that port, cidr
--   and protocol leave, not only of the rows shown. packet-source and packet-pair are the addresses inside the packets,
--   which NAT gateways and the like hide from source and pair. A path is only known where the sender's interface logs it
with named as (
    select
        case $by
            when 'source' then srcaddr
            when 'destination' then dstaddr
            when 'pair' then srcaddr
            when 'packet-source' then pkt_srcaddr
            when 'packet-pair' then pkt_srcaddr
            when 'port' then service_name(protocol, srcport, dstport, flag_role)
            when 'protocol' then protocol_name
            when 'family' then case when contains(srcaddr, ':') then 'IPv6' when srcaddr is not null then 'IPv4' end
            when 'interface' then interface_id
            when 'instance' then instance_id
            when 'subnet' then subnet_id
            when 'vpc' then vpc_id
            when 'account' then account_id
            when 'region' then region
            when 'az' then az_id
            when 'aws-service' then coalesce(pkt_dst_aws_service, pkt_src_aws_service)
            when 'path' then path_name
            when 'next-hop' then coalesce(next_hop_interface_type, case when next_hop_az_id is not null then 'interface' end)
        end as name,
        -- Joined to the name after grouping, once a group instead of once a record.
        case $by
            when 'pair' then dstaddr
            when 'packet-pair' then pkt_dstaddr
            when 'next-hop' then next_hop_az_id
        end as peer,
        bytes,
        packets
    from flows
    where (
            counted
            or (second_view_of in ('sender', 'receiver') and $by in ('interface', 'instance', 'subnet'))
        )
        and ($port is null or dstport = $port)
        and ($cidr is null or in_cidr(srcaddr, $cidr))
        and (
            $protocol = 'any'
            or ($protocol = 'tcp' and protocol = 6)
            or ($protocol = 'udp' and protocol = 17)
            or ($protocol = 'icmp' and protocol in (1, 58))
        )
),
summed as (
    select
        name,
        peer,
        cast(sum(bytes) as bigint) as bytes,
        cast(sum(packets) as bigint) as packets,
        count(*) as records
    from named
    group by name, peer
)
select
    case when $by in ('pair', 'packet-pair') then name || ' -> ' || peer else name || coalesce(' in ' || peer, '') end as name,
    bytes,
    packets,
    records,
    round(cast(bytes as double) * 100 / nullif((select sum(bytes) from summed), 0), 2) as bytes_percent
from summed
order by
    case $order when 'packets' then packets when 'records' then records else bytes end desc nulls last,
    bytes desc nulls last,
    records desc,
    summed.name nulls last,
    peer nulls last
limit $top
