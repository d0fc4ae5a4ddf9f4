-- One row is a pair of ends, in the window and its context, that can have held more than one conversation: with flags, if
-- one side opened more than once, or something came before the opening; without, if it lasted longer than the longest
-- silence within a conversation. Only these pay for being put in order.
-- `interval_s` is the aggregation interval as far as the records show it.
select
    pair,
    bool_or(protocol = 6 and tcp_flags is not null) as has_flags,
    least(greatest(max(end_s - start_s), 60), 600) as interval_s,
    silence_s(max(protocol)) as silence_s
from flow_ends
group by pair
having case
        when bool_or(protocol = 6 and tcp_flags is not null)
        then count(*) filter (where tcp_flags & 2 <> 0 and is_forward) > 1
            or count(*) filter (where tcp_flags & 2 <> 0 and not is_forward) > 1
            or min(start_s) < min(start_s) filter (where tcp_flags & 2 <> 0)
        else max(end_s) - min(start_s) > silence_s(max(protocol))
    end
