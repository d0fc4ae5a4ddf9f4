-- Capture slots of the window by state: whether the records of interfaces arrived
select state, count(*) as slots, count(distinct capture_point) as capture_points
from coverage
group by state
order by slots desc, state
