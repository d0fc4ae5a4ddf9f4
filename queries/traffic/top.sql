-- Which sources, destinations, pairs, services, interfaces, instances or subnets moved the most bytes?
-- counts: flows accepted or not, each once: at its sender's interface where that is logged, else at the receiver's
--   (`counted` in flows). By interface, instance and subnet, all that each of them logged, so a flow between two of
--   them is in both rows. Of overlapping flow logs one counts; transit gateway records count only where there are no
--   others. A pair is one direction. A port is the service's as far as the record tells: by its TCP flags, else the
--   lower of the two, which is a guess.
-- needs: bytes
-- needs[by=source]: srcaddr
-- needs[by=destination]: dstaddr
-- needs[by=pair]: srcaddr, dstaddr
-- needs[by=port]: srcport, dstport, protocol
-- needs[by=interface]: interface_id
-- needs[by=instance]: instance_id
-- needs[by=subnet]: subnet_id
-- uses: packets, tcp_flags, interface_id, vpc_id, start, pkt_srcaddr, pkt_dstaddr
-- param by one of source|destination|pair|port|interface|instance|subnet = source : what a row is
-- param top integer [1..10000] = 10 : rows to show
-- alias: top-sources by=source
-- alias: top-destinations by=destination
-- alias: top-pairs by=pair
-- alias: top-ports by=port
-- alias: top-interfaces by=interface
-- alias: top-instances by=instance
-- alias: top-subnets by=subnet
-- tags: overview, top
-- read: an empty name stands for the records that do not have the field; bytes_percent is of all bytes, not only of
--   the rows shown
with named as (
    select
        case $by
            when 'source' then srcaddr
            when 'destination' then dstaddr
            when 'pair' then srcaddr
            when 'port' then service_name(protocol, srcport, dstport, flag_role)
            when 'interface' then interface_id
            when 'instance' then instance_id
            when 'subnet' then subnet_id
        end as name,
        -- Joined to the name after grouping, once a group instead of once a record.
        case when $by = 'pair' then dstaddr end as peer,
        bytes,
        packets
    from flows
    where counted
        or (second_view_of in ('sender', 'receiver') and $by in ('interface', 'instance', 'subnet'))
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
    case when $by = 'pair' then name || ' -> ' || peer else name end as name,
    bytes,
    packets,
    records,
    round(cast(bytes as double) * 100 / nullif((select sum(bytes) from summed), 0), 2) as bytes_percent
from summed
order by bytes desc nulls last, records desc, summed.name nulls last, peer nulls last
limit $top
