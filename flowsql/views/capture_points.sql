-- One row is a capture point, and what can be concluded there from what was not logged, whatever the window: nothing of
-- unanswered packets where no address is both sender and receiver (`sees_both_sides`), since the other direction takes
-- another path.
with sides as (
    select capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id) as point, srcaddr as address, true as sends
    from records
    union all
    select capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id), dstaddr, false
    from records
),
addresses as (
    select point, address, bool_or(sends) and bool_or(not sends) as is_both
    from sides
    where address is not null
    group by point, address
)
select point, bool_or(is_both) as sees_both_sides
from addresses
group by point
