-- One row is a secondary address of an interface that no record tells, since pkt_srcaddr is not logged: what its packets have
-- elsewhere as their source, ports, packets, bytes and time the same, is what the interface sends under its primary
-- address. Each private source that is no interface's own is tried with its eight largest records.
with unknown_sources as (
    select
        interface_id,
        srcaddr,
        srcport,
        dstport,
        protocol,
        packets,
        bytes,
        "start",
        row_number() over (
            partition by srcaddr order by bytes desc, "start", interface_id, srcport, dstport
        ) as place
    from records_in_context
    where pkt_srcaddr is null
        and interface_id is not null
        and protocol in (6, 17)
        and srcport <> dstport
        and is_private_address(srcaddr)
        and srcaddr not in (select address from interface_addresses)
),
tried as (
    select * from unknown_sources where place <= 8
),
sent as (
    select
        r.interface_id,
        r.srcport,
        r.dstport,
        r.protocol,
        r.packets,
        r.bytes,
        r."start"
    from records_in_context as r
    join interface_addresses as own on own.interface_id = r.interface_id and own.address = r.srcaddr
    where pkt_srcaddr is null and r.interface_id not in (select interface_id from relaying)
),
matched as (
    select tried.srcaddr, sent.interface_id, count(distinct place) as records
    from tried
    join sent
        on sent.srcport = tried.srcport
        and sent.dstport = tried.dstport
        and sent.protocol = tried.protocol
        and sent.packets = tried.packets
        and sent.bytes = tried.bytes
        and sent.interface_id <> tried.interface_id
        and sent."start" between tried."start" - 60 and tried."start" + 60
    group by tried.srcaddr, sent.interface_id
),
tries as (
    select srcaddr, count(*) as records from tried group by srcaddr
)
select matched.interface_id, matched.srcaddr as address
from matched
join tries on tries.srcaddr = matched.srcaddr
where matched.records >= 2 and matched.records * 4 >= tries.records * 3
