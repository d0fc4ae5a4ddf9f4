-- One row is an interface, such as a transit gateway's, that sends on under its own address (`address`) what others have sent,
-- which no record tells, since pkt_srcaddr is not logged: nobody else ever meets that address, and of its sixteen
-- largest records three in four are at other interfaces as well, with the same destination, ports, packets, bytes and time.
with met as (
    select distinct own.interface_id
    from interface_addresses as own
    join records_in_context as r on r.srcaddr = own.address and r.interface_id <> own.interface_id
),
sent as (
    select
        r.interface_id,
        r.srcaddr,
        r.dstaddr,
        r.srcport,
        r.dstport,
        r.protocol,
        r.packets,
        r.bytes,
        r."start"
    from records_in_context as r
    join interface_addresses as own on own.interface_id = r.interface_id and own.address = r.srcaddr
    -- Where both ports are fixed, as for time servers, hosts look alike.
    where pkt_srcaddr is null and protocol in (6, 17) and srcport <> dstport
),
placed as (
    select
        *,
        row_number() over (
            partition by interface_id order by bytes desc, "start", dstaddr, srcport, dstport
        ) as place
    from sent
    where interface_id not in (select interface_id from met)
),
tried as (
    select * from placed where place <= 16
),
matched as (
    select tried.interface_id, count(distinct place) as records
    from tried
    join sent
        on sent.dstaddr = tried.dstaddr
        and sent.srcport = tried.srcport
        and sent.dstport = tried.dstport
        and sent.protocol = tried.protocol
        and sent.packets = tried.packets
        and sent.bytes = tried.bytes
        and sent.interface_id <> tried.interface_id
        and sent."start" between tried."start" - 60 and tried."start" + 60
    group by tried.interface_id
),
tries as (
    select interface_id, srcaddr, count(*) as records from tried group by interface_id, srcaddr
)
select tries.interface_id, tries.srcaddr as address
from tries
join matched on matched.interface_id = tries.interface_id
where matched.records > 1 and matched.records * 4 >= tries.records * 3
