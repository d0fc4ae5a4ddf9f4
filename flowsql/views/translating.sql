-- One row is an interface that translates addresses without telling, since pkt_srcaddr and pkt_dstaddr are not logged: nearly
-- all that it sends to the internet had come from private addresses in the same minute, with the same destination port,
-- packets and bytes. `address` is its own.
with passed as (
    select
        r.interface_id,
        own.address,
        count(*) filter (where r.srcaddr = own.address) as sent,
        count(*) filter (where r.dstaddr = own.address) as received
    from records_in_context as r
    join interface_addresses as own
        on own.interface_id = r.interface_id and own.address in (r.srcaddr, r.dstaddr)
    where r.pkt_srcaddr is null
        and r.pkt_dstaddr is null
        and r.action = 'ACCEPT'
        and is_private_address(own.address)
        and is_private_address(r.srcaddr)
        and (r.dstaddr = own.address or not is_private_address(r.dstaddr))
    group by r.interface_id, own.address, r.protocol, r.dstport, r.packets, r.bytes, r."start" // 60
)
select interface_id, address
from passed
group by interface_id, address
having sum(least(sent, received)) * 5 >= sum(sent) * 4 and sum(least(sent, received)) > 1
