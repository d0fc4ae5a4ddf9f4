-- One row is a conversation of `numbered_flows`, or a pair of ends if these are not numbered, with the sums over its records and,
-- in `marks`, what was seen of either side (see `seen_marks`). a is the end that sends forward, b the other. `is_reused`: there can have been more than one
-- conversation: with flags, if one side opened more than once, or something came before the opening; without, if it lasted
-- longer than the longest silence within a conversation. Only those pay for being put in order.
with sums as (
    -- `pair` alone would do, but what is grouped by costs less than what is taken from one of the records.
    select
        pair,
        part,
        point,
        protocol,
        case when is_forward then sender_addr else receiver_addr end as a_addr,
        case when is_forward then receiver_addr else sender_addr end as b_addr,
        case when is_forward then srcport else dstport end as a_port,
        case when is_forward then dstport else srcport end as b_port,
        any_value(vpc_id) as vpc_id,
        min(case when is_forward then start_s end) as a_first_s,
        min(case when is_forward then null else start_s end) as b_first_s,
        max(end_s) as last_s,
        count(*) as records,
        sum(case when is_forward then packets end) as a_packets,
        sum(case when is_forward then null else packets end) as b_packets,
        sum(case when is_forward then bytes end) as a_bytes,
        sum(case when is_forward then null else bytes end) as b_bytes,
        bit_or(seen_marks(is_forward, action, flag_role, tcp_flags, interface_id)) as marks,
        min(case when tcp_flags & 2 <> 0 then start_s end) as opened_s,
        -- Those of both sides counted in one sum.
        sum(case when tcp_flags & 2 = 0 then 0 when is_forward then 1 else 1000000 end) as openings
    from numbered_flows
    group by
        pair,
        part,
        point,
        protocol,
        case when is_forward then sender_addr else receiver_addr end,
        case when is_forward then receiver_addr else sender_addr end,
        case when is_forward then srcport else dstport end,
        case when is_forward then dstport else srcport end
)
select
    *,
    case
        when protocol = 6 and marks & 33816576 <> 0
        then openings % 1000000 > 1
            or openings >= 2000000
            or coalesce(least(a_first_s, b_first_s), a_first_s, b_first_s) < opened_s
        else last_s - coalesce(least(a_first_s, b_first_s), a_first_s, b_first_s) > silence_s(protocol)
    end as is_reused
from sums
