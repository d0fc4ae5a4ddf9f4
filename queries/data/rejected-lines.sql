-- Which lines of the log objects could not be read as records, and why?
-- counts: lines rejected at load in all of the store, whatever the window, by reason
-- param top integer [1..10000] = 20 : rows to show, the most lines first
-- tags: data
-- read: example is one of the lines, with the object that it is in and its number there. The other lines of these objects were
--   loaded. Many lines with one reason mean another log format than the object was read with: --log-format
with placed as (
    select
        reason,
        name,
        line_number,
        text,
        row_number() over (partition by reason order by name, line_number) as place,
        count(*) over (partition by reason) as lines
    from rejects
),
objects_of as (
    select reason, count(distinct name) as objects
    from rejects
    group by reason
)
select placed.reason, lines, objects, name || ':' || cast(line_number as varchar) as example_at, left(text, 200) as example
from placed
join objects_of on objects_of.reason = placed.reason
where place = 1
order by lines desc, placed.reason
limit $top
