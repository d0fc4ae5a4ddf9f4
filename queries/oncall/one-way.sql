-- Whose packets were accepted, and nothing ever came back?
-- counts: accepted records at one interface, by the two addresses, protocol and service; retries and several connections in one
--   row. A row is there if no record of the other direction is, in all the window
-- needs: srcaddr, dstaddr, srcport, dstport, protocol, interface_id
-- uses: action, start, end, packets, bytes
-- param min_records integer [1..1000000] = 3 : the fewest records to show
-- param top integer [1..10000] = 50 : rows to show
-- absence: yes
-- tags: oncall, path
-- read: the answers take another path (asymmetric routes, transit gateway), were dropped where no log is, or there was nobody.
--   other_way_rejected counts those that a filter rejected here. UDP senders such as syslog expect no answer; the service
--   is the lower port. The trust line tells whether records are missing
with sides as (
    select
        interface_id,
        srcaddr,
        dstaddr,
        protocol,
        case when least(srcport, dstport) = dstport then dstport else srcport end as service_port,
        action,
        coalesce("start", "end") as start_s,
        coalesce("end", "start") as end_s,
        packets,
        bytes
    from flows
    where interface_id is not null and srcaddr is not null and dstaddr is not null
),
sent as (
    select
        interface_id,
        srcaddr,
        dstaddr,
        protocol,
        service_port,
        count(*) filter (where action is null or action = 'ACCEPT') as records,
        count(*) filter (where action = 'REJECT') as rejected,
        cast(sum(case when action is null or action = 'ACCEPT' then packets end) as bigint) as packets,
        cast(sum(case when action is null or action = 'ACCEPT' then bytes end) as bigint) as bytes,
        min(start_s) as first_s,
        max(end_s) as last_s
    from sides
    group by interface_id, srcaddr, dstaddr, protocol, service_port
)
select
    sent.interface_id,
    sent.srcaddr,
    sent.dstaddr,
    sent.service_port,
    protocol_name(sent.protocol) as protocol_name,
    sent.records,
    sent.packets,
    sent.bytes,
    coalesce(back.rejected, 0) as other_way_rejected,
    to_timestamp(sent.first_s) as first_time,
    to_timestamp(sent.last_s) as last_time
from sent
left join sent as back
    on back.interface_id = sent.interface_id
    and back.srcaddr = sent.dstaddr
    and back.dstaddr = sent.srcaddr
    and back.protocol = sent.protocol
    and back.service_port = sent.service_port
where sent.records >= $min_records and coalesce(back.records, 0) = 0
order by sent.records desc, sent.interface_id, sent.srcaddr, sent.dstaddr, sent.service_port, sent.protocol
limit $top
