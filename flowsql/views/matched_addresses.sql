-- One row is an address under which an interface sends what other interfaces logged under another one, which no record tells,
-- since pkt_srcaddr is not logged: sources, ports, packets, bytes and times are the same. `relays`: the interface, such as a
-- transit gateway's, sends on under its own address what others have sent; nobody else ever meets that address, and of
-- its sixteen largest records three in four are at other interfaces as well, which are not all relays by that (those that log
-- the same are alike, and no relays). Else it is a secondary address of the interface, whose packets have that source
-- elsewhere, while the interface logs its primary address: each private source that is no interface's own is tried with its
-- eight largest records.
with met as (
    select distinct own.interface_id
    from interface_addresses as own
    join records_in_context as r on r.srcaddr = own.address and r.interface_id <> own.interface_id
),
sources as (
    -- Where both ports are fixed, as for time servers, hosts look alike.
    select
        r.interface_id,
        r.srcaddr,
        r.dstaddr,
        r.srcport,
        r.dstport,
        r.protocol,
        r.packets,
        r.bytes,
        r."start",
        own.address is not null as is_own
    from records_in_context as r
    left join interface_addresses as own on own.interface_id = r.interface_id and own.address = r.srcaddr
    where pkt_srcaddr is null and r.interface_id is not null and protocol in (6, 17) and srcport <> dstport
),
placed as (
    select
        *,
        case when is_own then interface_id else srcaddr end as suspect,
        row_number() over (
            partition by is_own, case when is_own then interface_id else srcaddr end
            order by bytes desc, "start", interface_id, dstaddr, srcport, dstport
        ) as place
    from sources
    where (is_own and interface_id not in (select interface_id from met))
        or (
            not is_own
            and is_private_address(srcaddr)
            and srcaddr not in (select address from interface_addresses)
        )
),
tried as (
    select * from placed where place <= case when is_own then 16 else 8 end
),
pairs as (
    select
        suspect,
        tried.is_own,
        case when tried.is_own then tried.interface_id else sent.interface_id end as interface_id,
        sent.interface_id as sender,
        place
    from tried
    join sources as sent
        on sent.srcport = tried.srcport
        and sent.dstport = tried.dstport
        and sent.protocol = tried.protocol
        and sent.packets = tried.packets
        and sent.bytes = tried.bytes
        and sent.interface_id <> tried.interface_id
        and sent."start" between tried."start" - 60 and tried."start" + 60
    where sent.is_own and (not tried.is_own or sent.dstaddr = tried.dstaddr)
),
matched as (
    select suspect, is_own, interface_id, count(distinct place) as records
    from pairs
    group by suspect, is_own, interface_id
),
tries as (
    select suspect, is_own, srcaddr, count(*) as records from tried group by suspect, is_own, srcaddr
),
found as (
    select matched.interface_id, tries.srcaddr as address, tries.is_own as relays
    from tries
    join matched on matched.suspect = tries.suspect and matched.is_own = tries.is_own
    where matched.records > 1 and matched.records * 4 >= tries.records * 3
)
select interface_id, address, relays
from found
where case
    when relays
    then interface_id in (
        select interface_id from pairs where is_own and sender not in (select interface_id from found where relays)
    )
    else interface_id not in (select interface_id from found where relays)
end
