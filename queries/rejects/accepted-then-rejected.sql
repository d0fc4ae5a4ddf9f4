-- What used to pass and is rejected now, and since when?
-- counts: senders and services with a rejected record after an accepted one and none accepted since, at the interface that
--   logged it, in the window and its context (--context); of the kinds attempt, reply and unknown (see `rejections`)
-- needs: action, srcaddr, dstaddr, start
-- uses: srcport, dstport, protocol, tcp_flags, end, interface_id, vpc_id, pkt_srcaddr, pkt_dstaddr
-- param min_records integer [1..1000000] = 2 : leave out what was rejected less often since
-- param top integer [1..10000] = 50 : rows to show, the newest change first
-- tags: reject, change
-- read: a rule that changed shows here with one time for many pairs. The service is the lower of the two ports. Without tcp_flags,
--   late packets of a connection that had been accepted look the same: those are few, hence min_records
with changed as (
    select
        interface_id,
        coalesce(pkt_srcaddr, srcaddr) as srcaddr,
        coalesce(pkt_dstaddr, dstaddr) as dstaddr,
        least(srcport, dstport) as port,
        protocol,
        last_accepted_time,
        rejected_since,
        start_time,
        row_number() over (
            partition by
                interface_id,
                coalesce(pkt_srcaddr, srcaddr),
                coalesce(pkt_dstaddr, dstaddr),
                least(srcport, dstport),
                protocol
            order by start_time desc, rejected_since desc
        ) as place,
        count(*) over (
            partition by
                interface_id,
                coalesce(pkt_srcaddr, srcaddr),
                coalesce(pkt_dstaddr, dstaddr),
                least(srcport, dstport),
                protocol,
                rejected_since
        ) as records
    from rejections
    where accepted_before and kind in ('attempt', 'reply', 'unknown')
),
later as (
    select
        interface_id,
        coalesce(pkt_srcaddr, srcaddr) as srcaddr,
        coalesce(pkt_dstaddr, dstaddr) as dstaddr,
        least(srcport, dstport) as port,
        protocol,
        max("start") as accepted_s
    from flows
    where action = 'ACCEPT'
    group by
        interface_id,
        coalesce(pkt_srcaddr, srcaddr),
        coalesce(pkt_dstaddr, dstaddr),
        least(srcport, dstport),
        protocol
)
select
    changed.interface_id,
    changed.srcaddr,
    changed.dstaddr,
    service_name(changed.protocol, changed.port, changed.port, null) as service,
    last_accepted_time,
    rejected_since,
    records
from changed
left join later
    on later.interface_id is not distinct from changed.interface_id
    and later.srcaddr = changed.srcaddr
    and later.dstaddr = changed.dstaddr
    and later.port is not distinct from changed.port
    and later.protocol is not distinct from changed.protocol
where place = 1
    and records >= $min_records
    and coalesce(to_timestamp(accepted_s) < rejected_since, true)
order by
    rejected_since desc,
    records desc,
    changed.interface_id nulls last,
    changed.srcaddr,
    changed.dstaddr,
    changed.port nulls last,
    changed.protocol nulls last
limit $top
