-- One row is a record of `flow_ends` whose pair of ends is reused (see `pair_sums`), with `part`, the number of its conversation
-- among those of the pair, from 0. A new one begins with an opening after a close, or after 127 s and the aggregation interval, in which SYN is repeated;
-- without flags, after a silence. What one interval holds has no order: flags of two conversations in it are one record.
with placed as (
    select
        *,
        max(case when protocol = 6 then tcp_flags end) over whole is not null as has_flags,
        -- The aggregation interval, as far as the records show it.
        least(greatest(max(end_s - start_s) over whole, 60), 600) as interval_s,
        row_number() over (
            partition by pair
            order by
                start_s,
                case when tcp_flags & 18 = 2 then 0 when tcp_flags & 2 <> 0 then 1 else 2 end,
                end_s,
                is_forward,
                action,
                tcp_flags,
                packets,
                bytes
        ) as place
    from flow_ends
    where pair in (select pair from pair_sums where is_reused)
    window whole as (partition by pair)
),
preceded as (
    select
        *,
        max(case when tcp_flags & 2 <> 0 then place end) over same_way as opened_place,
        max(case when tcp_flags & 2 <> 0 then start_s end) over same_way as opened_s,
        max(case when tcp_flags & 5 <> 0 then place end) over same_way as closed_place,
        max(case when tcp_flags & 5 <> 0 and is_forward then place end) over either_way as forward_closed_place,
        max(case when tcp_flags & 5 <> 0 and is_forward then end_s end) over either_way as forward_closed_s,
        max(case when tcp_flags & 5 <> 0 and not is_forward then place end) over either_way as back_closed_place,
        max(case when tcp_flags & 5 <> 0 and not is_forward then end_s end) over either_way as back_closed_s,
        max(end_s) over either_way as last_s
    from placed
    window
        same_way as (
            partition by pair, is_forward order by place rows between unbounded preceding and 1 preceding
        ),
        either_way as (partition by pair order by place rows between unbounded preceding and 1 preceding)
),
begun as (
    select
        *,
        case
            when last_s is null then 0
            when not has_flags then case when start_s - last_s > silence_s(protocol) + interval_s then 1 else 0 end
            when tcp_flags & 2 = 0 or tcp_flags is null then 0
            when closed_place >= coalesce(opened_place, 0) then 1
            -- The other side's close counts once it is over: in one interval it may be this conversation's own.
            when is_forward and back_closed_place >= coalesce(opened_place, 0) and back_closed_s <= start_s then 1
            when not is_forward and forward_closed_place >= coalesce(opened_place, 0) and forward_closed_s <= start_s
            then 1
            when start_s - coalesce(opened_s, last_s) > 127 + interval_s then 1
            else 0
        end as begins
    from preceded
),
counted as (
    select
        *,
        sum(case when is_forward then begins else 0 end) over so_far as forward_begun,
        sum(case when is_forward then 0 else begins end) over so_far as back_begun
    from begun
    window so_far as (partition by pair order by place rows between unbounded preceding and current row)
)
select
    pair, is_forward, point, interface_id, vpc_id, protocol, srcaddr, dstaddr, sender_addr,
    receiver_addr, srcport, dstport, packets, bytes, start_s, end_s, action, tcp_flags, flag_role,
    -- Both sides open the same conversation.
    cast(
        case when has_flags then greatest(forward_begun, back_begun) else forward_begun + back_begun end as integer
    ) as part
from counted
