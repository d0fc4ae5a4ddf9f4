-- How big are the packets, by service, source or pair: which are oddly small or large?
-- counts: flows with packets, accepted or not, each once (`counted` in flows)
-- needs: bytes, packets
-- needs[by=service]: srcport, dstport, protocol
-- needs[by=source]: srcaddr
-- needs[by=pair]: srcaddr, dstaddr
-- uses: tcp_flags, interface_id, srcaddr, dstaddr, vpc_id, start, pkt_srcaddr, pkt_dstaddr
-- param by one of service|source|pair = service : what a row is
-- param order one of packets|smallest|largest = packets : most packets, smallest or largest mean first
-- param min_records integer [1..1000000] = 1 : leave out what has fewer records
-- param top integer [1..10000] = 20 : rows to show
-- alias: packet-size-profile
-- tags: overview, packets
-- read: bytes_per_packet is the mean, with IP headers; smallest and largest are the means of single records. About 40 to 60
--   is bare TCP control packets (scans, resets, keep-alives), 1,500 or, inside a VPC, 9,001 a bulk transfer; DNS
--   answers over 512 and ICMP over 128 are worth a look
with named as (
    select
        case $by
            when 'service' then service_name(protocol, srcport, dstport, flag_role)
            when 'source' then srcaddr
            when 'pair' then srcaddr
        end as name,
        case when $by = 'pair' then dstaddr end as peer,
        packets,
        bytes
    from flows
    where counted and packets > 0 and bytes is not null
),
summed as (
    select
        name,
        peer,
        count(*) as records,
        cast(sum(packets) as bigint) as packets,
        cast(sum(bytes) as bigint) as bytes,
        min(bytes // packets) as smallest,
        max(bytes // packets) as largest
    from named
    group by name, peer
    having count(*) >= $min_records
)
select
    name || coalesce(' -> ' || peer, '') as name,
    records,
    packets,
    bytes,
    round(cast(bytes as double) / packets, 1) as bytes_per_packet,
    smallest,
    largest
from summed
order by
    case $order
        when 'smallest' then cast(-bytes as double) / packets
        when 'largest' then cast(bytes as double) / packets
        else packets
    end desc,
    packets desc,
    summed.name nulls last,
    peer nulls last
limit $top
