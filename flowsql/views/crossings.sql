-- One row is a pair of addresses in an hour (UTC, since 1970) whose packets were logged in several VPCs, and whether they are
-- counted at the interface that sends them or at the one that they are for (`counted_at`: 'sender' or 'receiver'), wherever
-- else they are logged: each is the one whose own address it is. Pairs that exist within that interface's VPC too, where
-- address ranges overlap, are left out.
with pairs as (
    select
        interface_id,
        vpc_id,
        coalesce("start", "end") // 3600 as hour,
        coalesce(pkt_srcaddr, srcaddr) as sender,
        coalesce(pkt_dstaddr, dstaddr) as receiver
    from records_in_context
    where vpc_id is not null
    group by
        interface_id,
        vpc_id,
        coalesce("start", "end") // 3600,
        coalesce(pkt_srcaddr, srcaddr),
        coalesce(pkt_dstaddr, dstaddr)
),
crossing as (
    select
        pairs.hour,
        sender,
        receiver,
        max(pairs.vpc_id) filter (where sending.address is not null) as sender_vpc_id,
        max(pairs.vpc_id) filter (where receiving.address is not null) as receiver_vpc_id
    from pairs
    left join own_addresses as sending
        on sending.interface_id = pairs.interface_id
        and sending.hour = pairs.hour
        and sending.address = pairs.sender
        and sending.vpc_id = ''
    left join own_addresses as receiving
        on receiving.interface_id = pairs.interface_id
        and receiving.hour = pairs.hour
        and receiving.address = pairs.receiver
        and receiving.vpc_id = ''
    group by pairs.hour, sender, receiver
    having min(pairs.vpc_id) <> max(pairs.vpc_id)
)
select hour, sender, receiver, 'sender' as counted_at
from crossing
where sender_vpc_id is not null
    and (hour, sender_vpc_id, receiver) not in (select hour, vpc_id, address from own_addresses)
union all
select hour, sender, receiver, 'receiver'
from crossing
where sender_vpc_id is null
    and receiver_vpc_id is not null
    and (hour, receiver_vpc_id, sender) not in (select hour, vpc_id, address from own_addresses)
