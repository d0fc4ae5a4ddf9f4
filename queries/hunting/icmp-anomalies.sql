-- Who sends unusually many, large or far-spread ICMP packets?
-- counts: ICMP and ICMPv6 flows, each once (`counted` in flows), by sender
-- needs: srcaddr, dstaddr, protocol, packets, bytes
-- uses: action, start, end, interface_id, pkt_srcaddr, pkt_dstaddr
-- param min_hosts integer [1..1000000] = 20 : receivers that make a sweep
-- param min_size integer [1..65535] = 200 : mean bytes of a packet that is large
-- param min_packets integer [1..1000000000000] = 100000 : packets that are many
-- param top integer [1..10000] = 50 : rows to show
-- tags: hunting, icmp
-- read: ping sends 84 bytes on Linux, 60 on Windows; large and steady ones may be a tunnel, many receivers a sweep. Path
--   discovery of packet sizes also makes large ones, but few. AWS logs no ICMP types
with sender as (
    select
        coalesce(pkt_srcaddr, srcaddr) as sender_addr,
        count(distinct coalesce(pkt_dstaddr, dstaddr)) as hosts,
        sum(packets) as packets,
        sum(bytes) as bytes,
        sum(case when action = 'REJECT' then packets else 0 end) as rejected_packets,
        min(start_time) as first_time,
        max(end_time) as last_time
    from flows
    where protocol in (1, 58) and counted
    group by coalesce(pkt_srcaddr, srcaddr)
),
judged as (
    select
        *,
        bytes >= packets * $min_size as is_large,
        packets >= $min_packets as is_many,
        hosts >= $min_hosts as is_sweep
    from sender
)
select
    sender_addr,
    concat_ws(
        ' ',
        case when is_sweep then 'sweep' end,
        case when is_large then 'large' end,
        case when is_many then 'many' end
    ) as what,
    hosts,
    cast(packets as bigint) as packets,
    cast(bytes as bigint) as bytes,
    round(cast(bytes as double) / nullif(packets, 0), 1) as bytes_per_packet,
    cast(rejected_packets as bigint) as rejected_packets,
    first_time,
    last_time
from judged
where is_sweep or is_large or is_many
order by bytes desc nulls last, sender_addr
limit $top
