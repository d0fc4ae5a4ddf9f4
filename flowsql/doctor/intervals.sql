-- Intervals of the interfaces, as observed, the longest first
select
    capture_point,
    slot_s as interval_s,
    count(*) as slots,
    count(*) filter (where state = 'gap') as gaps
from coverage
group by capture_point, slot_s
order by slot_s desc, gaps desc, capture_point
