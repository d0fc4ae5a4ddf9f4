-- One row is a record that describes a flow: NODATA and SKIPDATA records are left out.
-- All columns of `records`, and beside them the times as timestamps, what protocol and flags are called, and whether
-- the record is a transit gateway's. `counted` tells whether totals should take the record: of the records that show the
-- same packets one is. Of the others `second_view_of` says who shows them first: 'flow log' (another flow log on the
-- interface), 'leg' (the interface itself: a NAT gateway's records from outside, what an appliance sends on), 'sender' or
-- 'receiver' (the interface at that end of the packets), 'vpc' (VPC flow logs, beside a transit gateway's). So a flow
-- between two interfaces counts at the sender's if that logged in the same hour, else at the receiver's.
-- `may_be_twice`: whose these packets are is not known, so that they may be counted at another interface as well.
-- What is counted depends on the records that the query sees: with one interface as its scope, all records of that.
select
    *,
    second_view_of is null as counted
from (
    select
        f.*,
        -- Nobody is known to have sent it, and not who logs it: that may be logged under another address as well. What comes
        -- from the internet or goes there may not, if the interface itself is the other end.
        f.interface_id is not null
            and not coalesce(src_role.is_own, false)
            and case
                when pkt_srcaddr = srcaddr and pkt_dstaddr = dstaddr
                    and is_private_address(srcaddr) <> is_private_address(dstaddr)
                then false
                when coalesce(dst_role.is_own, false) then pkt_srcaddr is null and is_private_address(srcaddr)
                else true
            end as may_be_twice,
        case
            when is_tgw and (select bool_or(not is_tgw) from flow_records) then 'vpc'
            when flow_direction = 'egress'
                and tgw_pair_attachment_id in (select attachment from entrances)
            then 'sender'
            when (f.interface_id, coalesce("start", "end") // 3600, load_id)
                in (select interface_id, hour, load_id from second_logs)
            then 'flow log'
            -- A record of packets on their way to elsewhere is never a second leg: it is the first.
            when coalesce(pkt_dstaddr = dstaddr, true)
                and (coalesce(f.interface_id, resource_id), coalesce(pkt_srcaddr, srcaddr), dstaddr)
                    in (select point, sender, receiver from legs)
            then 'leg'
            -- The interface may send it on for others.
            when not coalesce(src_role.is_own, false)
                and (
                    coalesce("start", "end") // 3600,
                    coalesce(pkt_srcaddr, srcaddr),
                    case when dst_role.translates or dst_role.relays then '' else coalesce(vpc_id, '') end
                ) in (select hour, address, vpc_id from own_addresses)
            then 'sender'
            when crossings.counted_at = 'sender' and not coalesce(src_role.is_own, false) then 'sender'
            when (
                    (not coalesce(src_role.is_own, false) and (pkt_srcaddr <> srcaddr or pkt_dstaddr <> dstaddr))
                    or src_role.translates
                    or src_role.relays
                )
                and not coalesce(dst_role.is_own, false)
                and (
                    coalesce("start", "end") // 3600,
                    coalesce(pkt_dstaddr, dstaddr),
                    case when src_role.translates or src_role.relays then '' else coalesce(vpc_id, '') end
                ) in (select hour, address, vpc_id from own_addresses)
            then 'receiver'
            when crossings.counted_at = 'receiver' and not coalesce(dst_role.is_own, false) then 'receiver'
            when passed_pairs.counted_at is not null
                and not coalesce(src_role.is_own, false)
                and (f.interface_id is null or pkt_srcaddr <> srcaddr or pkt_dstaddr <> dstaddr)
            then passed_pairs.counted_at
            when src_role.relays then 'sender'
            when dst_role.relays and not is_private_address(srcaddr) then 'receiver'
        end as second_view_of
    from flow_sides as f
    left join interface_roles as src_role
        on src_role.interface_id = f.interface_id and src_role.address = coalesce(pkt_srcaddr, srcaddr)
    left join interface_roles as dst_role
        on dst_role.interface_id = f.interface_id and dst_role.address = coalesce(pkt_dstaddr, dstaddr)
    left join crossings
        on crossings.hour = coalesce("start", "end") // 3600
        and crossings.sender = coalesce(pkt_srcaddr, srcaddr)
        and crossings.receiver = coalesce(pkt_dstaddr, dstaddr)
    left join passed_pairs
        on passed_pairs.point = coalesce(f.interface_id, resource_id)
        and passed_pairs.hour = coalesce("start", "end", -3600) // 3600
        and passed_pairs.sender = coalesce(pkt_srcaddr, srcaddr)
        and passed_pairs.receiver = coalesce(pkt_dstaddr, dstaddr)
) as viewed
