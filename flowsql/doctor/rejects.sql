-- Rejected lines, the twenty most frequent reasons
select
    reason,
    count(*) as lines,
    count(distinct load_id) as objects,
    min(name || ':' || line_number) as example
from rejects
group by reason
order by lines desc, reason
limit 20
