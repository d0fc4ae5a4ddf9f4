-- One row is a pair of ends, in the window and its context, that can have held more than one conversation: with flags, if
-- one side opened more than once, or something came before the opening; without, if it lasted longer than the longest
-- silence within a conversation. Only these pay for being put in order.
select
    pair,
    max(case when protocol = 6 then tcp_flags end) is not null as has_flags,
    -- The aggregation interval, as far as the records show it.
    least(greatest(max(end_s - start_s), 60), 600) as interval_s
from flow_ends
group by pair
having case
        when max(case when protocol = 6 then tcp_flags end) is not null
        -- Those of both sides counted in one sum.
        then sum(case when tcp_flags & 2 = 0 then 0 when is_forward then 1 else 1000000 end) % 1000000 > 1
            or sum(case when tcp_flags & 2 = 0 then 0 when is_forward then 1 else 1000000 end) >= 2000000
            or min(start_s) < min(case when tcp_flags & 2 <> 0 then start_s end)
        else max(end_s) - min(start_s) > min(silence_s(protocol))
    end
