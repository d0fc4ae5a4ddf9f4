-- One row is a record that describes a flow: NODATA and SKIPDATA records are left out.
-- All columns of `records`, and beside them the times as timestamps, what protocol and flags are called, and whether
-- the record is a transit gateway's. `counted` tells whether totals should take the record: of the records that show the
-- same packets one is. Of the others `second_view_of` says who shows them first: 'flow log' (another flow log on the
-- interface), 'leg' (the interface itself: a NAT gateway's records from outside, what an appliance sends on), 'sender' or
-- 'receiver' (the interface at that end of the packets), 'vpc' (VPC flow logs, beside a transit gateway's). So a flow
-- between two interfaces counts at the sender's if that logged in the same hour, else at the receiver's.
-- What is counted depends on the records that the query sees: with one interface as its scope, all records of that.
select
    *,
    second_view_of is null as counted
from (
    select
        *,
        case
            when is_tgw and (select bool_or(not is_tgw) from flow_records) then 'vpc'
            when flow_direction = 'egress'
                and tgw_pair_attachment_id in (select attachment from entrances)
            then 'sender'
            when (interface_id, coalesce("start", "end") // 3600, load_id)
                in (select interface_id, hour, load_id from second_logs)
            then 'flow log'
            -- A record of packets on their way to elsewhere is never a second leg: it is the first.
            when pkt_dstaddr = dstaddr
                and (interface_id, coalesce(pkt_srcaddr, srcaddr), dstaddr)
                    in (select interface_id, sender, receiver from legs)
            then 'leg'
            -- The interface may send it on for others.
            when (coalesce("start", "end") // 3600, coalesce(pkt_srcaddr, srcaddr), coalesce(vpc_id, ''))
                in (select hour, address, vpc_id from own_addresses)
                and (interface_id, coalesce(pkt_srcaddr, srcaddr))
                    not in (select interface_id, address from interface_addresses)
            then 'sender'
            when (coalesce("start", "end") // 3600, coalesce(pkt_srcaddr, srcaddr), coalesce(pkt_dstaddr, dstaddr))
                in (select hour, sender, receiver from sent_across)
                and (interface_id, coalesce(pkt_srcaddr, srcaddr))
                    not in (select interface_id, address from interface_addresses)
            then 'sender'
            when pkt_srcaddr <> srcaddr
                and (coalesce("start", "end") // 3600, dstaddr, coalesce(vpc_id, ''))
                    in (select hour, address, vpc_id from own_addresses)
                and (interface_id, dstaddr) not in (select interface_id, address from interface_addresses)
            then 'receiver'
        end as second_view_of
    from flow_sides
) as viewed
