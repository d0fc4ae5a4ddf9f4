-- One row is what records of health checks look like at an interface, one way: `port` is the service's, that of the sender
-- if `is_answer`. Load balancers and probes open a connection to each of their targets by the clock, and exchange the
-- same few packets and bytes every time. So such exchanges are taken for checks if there are eight or more between two
-- addresses inside, on new ports each time, both ways alike, evenly spread over ten minutes or more, and if several targets
-- have the same: what calls a single host by the clock, or one outside, be it through NAT gateways, may be anything.
with small as (
    select
        interface_id,
        srcaddr,
        dstaddr,
        srcport,
        dstport,
        packets,
        bytes,
        coalesce("start", "end") // 60 as minute
    from records_in_context
    where protocol = 6
        and action = 'ACCEPT'
        and packets between 3 and 16
        -- More than headers: an opening that is repeated has no more.
        and bytes between packets * 40 + 40 and 2000
        and srcport <> dstport
        and coalesce(is_private_address(pkt_srcaddr) or pkt_srcaddr = srcaddr, true)
        and coalesce(is_private_address(pkt_dstaddr) or pkt_dstaddr = dstaddr, true)
),
minutes as (
    select
        interface_id, srcaddr, dstaddr, dstport as port, false as is_answer, packets, bytes, minute,
        count(*) as records, min(srcport) as low_port, max(srcport) as high_port
    from small
    group by interface_id, srcaddr, dstaddr, dstport, packets, bytes, minute
    union all
    select
        interface_id, srcaddr, dstaddr, srcport, true, packets, bytes, minute,
        count(*), min(dstport), max(dstport)
    from small
    group by interface_id, srcaddr, dstaddr, srcport, packets, bytes, minute
),
often as (
    select interface_id, srcaddr, dstaddr, port, is_answer, packets, bytes
    from minutes
    group by interface_id, srcaddr, dstaddr, port, is_answer, packets, bytes
    having sum(records) >= 8 and min(low_port) <> max(high_port) and max(minute) - min(minute) >= 9
),
spaced as (
    select
        minutes.*,
        minutes.minute - lag(minutes.minute) over (
            partition by
                minutes.interface_id, minutes.srcaddr, minutes.dstaddr, minutes.port,
                minutes.is_answer, minutes.packets, minutes.bytes
            order by minutes.minute
        ) as gap
    from minutes
    join often
        on often.interface_id = minutes.interface_id
        and often.srcaddr = minutes.srcaddr
        and often.dstaddr = minutes.dstaddr
        and often.port = minutes.port
        and often.is_answer = minutes.is_answer
        and often.packets = minutes.packets
        and often.bytes = minutes.bytes
),
measured as (
    select
        interface_id, srcaddr, dstaddr, port, is_answer, packets, bytes,
        sum(records) as records,
        max(minute) - min(minute) + 1 as minutes,
        sum(records * records) as squares,
        count(*) as filled,
        sum(gap) as gaps,
        sum(gap * gap) as gap_squares
    from spaced
    group by interface_id, srcaddr, dstaddr, port, is_answer, packets, bytes
),
regular as (
    select *
    from measured
    where is_by_the_clock(records, minutes, squares, filled, gaps, gap_squares)
),
exchanges as (
    select
        asked.interface_id,
        asked.srcaddr as source,
        asked.dstaddr as target,
        asked.port,
        asked.packets,
        asked.bytes,
        answered.packets as answer_packets,
        answered.bytes as answer_bytes
    from regular as asked
    join regular as answered
        on answered.interface_id = asked.interface_id
        and answered.srcaddr = asked.dstaddr
        and answered.dstaddr = asked.srcaddr
        and answered.port = asked.port
        and answered.is_answer
        and not asked.is_answer
        and answered.records between asked.records * 0.8 and asked.records * 1.25
    where (
            is_private_address(asked.dstaddr)
            or coalesce(ipv6_network_64(asked.dstaddr), asked.dstaddr) in (select network from own_networks)
        )
        and asked.dstaddr not in (select address from translating)
),
checks as (
    select port, packets, bytes, answer_packets, answer_bytes
    from exchanges
    group by port, packets, bytes, answer_packets, answer_bytes
    having min(target) <> max(target)
),
checking as (
    select exchanges.*
    from exchanges
    join checks
        on checks.port = exchanges.port
        and checks.packets = exchanges.packets
        and checks.bytes = exchanges.bytes
        and checks.answer_packets = exchanges.answer_packets
        and checks.answer_bytes = exchanges.answer_bytes
)
select interface_id, source as srcaddr, target as dstaddr, port, false as is_answer, packets, bytes
from checking
union
select interface_id, target, source, port, true, answer_packets, answer_bytes
from checking
