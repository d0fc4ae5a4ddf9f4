-- Intervals, as observed
select slot_s as interval_s, count(distinct capture_point) as capture_points
from coverage
group by slot_s
order by slot_s
