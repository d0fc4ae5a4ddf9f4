-- One row is a pair of addresses in an hour (UTC, since 1970; -1 without times) whose packets a capture point (interface_id,
-- else resource_id) passed on, as NAT gateways and appliances do: it logged them under other addresses than their own, or
-- is a regional NAT gateway, while another interface of the VPC logged them under their own. They are counted there, at
-- the interface that sends them or the one that they are for (`counted_at`: 'sender' or 'receiver'). Only pairs of which
-- neither address is known to be an interface's own: of the others `own_addresses` tells.
with passed as (
    select
        coalesce(interface_id, resource_id) as point,
        vpc_id,
        coalesce("start", "end", -3600) // 3600 as hour,
        pkt_srcaddr as sender,
        pkt_dstaddr as receiver,
        case when pkt_dstaddr <> dstaddr then 'sender' else 'receiver' end as counted_at
    from records_in_context
    where (pkt_srcaddr <> srcaddr or pkt_dstaddr <> dstaddr)
        and pkt_srcaddr not in (select address from known_addresses)
        and pkt_dstaddr not in (select address from known_addresses)
    group by
        coalesce(interface_id, resource_id),
        vpc_id,
        coalesce("start", "end", -3600) // 3600,
        pkt_srcaddr,
        pkt_dstaddr,
        case when pkt_dstaddr <> dstaddr then 'sender' else 'receiver' end
    union all
    select
        resource_id,
        vpc_id,
        coalesce("start", "end", -3600) // 3600,
        srcaddr,
        dstaddr,
        case when is_private_address(srcaddr) then 'sender' else 'receiver' end
    from records_in_context
    where interface_id is null
        and resource_id like 'nat-%'
        and srcaddr not in (select address from known_addresses)
        and dstaddr not in (select address from known_addresses)
    group by resource_id, vpc_id, coalesce("start", "end", -3600) // 3600, srcaddr, dstaddr
),
ends as (
    select
        interface_id,
        vpc_id,
        coalesce("start", "end", -3600) // 3600 as hour,
        srcaddr as sender,
        dstaddr as receiver
    from records_in_context
    where interface_id is not null
        and coalesce(pkt_srcaddr = srcaddr, true)
        and coalesce(pkt_dstaddr = dstaddr, true)
        and (srcaddr, dstaddr) in (select sender, receiver from passed)
    group by interface_id, vpc_id, coalesce("start", "end", -3600) // 3600, srcaddr, dstaddr
)
select point, passed.hour, passed.sender, passed.receiver, min(counted_at) as counted_at
from passed
join ends
    on ends.hour = passed.hour
    and ends.sender = passed.sender
    and ends.receiver = passed.receiver
    and ends.interface_id <> passed.point
    and coalesce(ends.vpc_id = passed.vpc_id, true)
group by point, passed.hour, passed.sender, passed.receiver
