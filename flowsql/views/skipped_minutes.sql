-- One row is a minute (UTC, since 1970), in the window and its context, of which AWS left out records (SKIPDATA).
with skipped as (
    select
        capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id) as point,
        coalesce("start", "end") // 60 as first_minute,
        least(coalesce("end", "start") // 60, coalesce("start", "end") // 60 + 60) as last_minute
    from records_in_context
    where log_status = 'SKIPDATA'
),
minutes as (
    select point, unnest(generate_series(first_minute, last_minute)) as minute
    from skipped
)
select distinct point, minute
from minutes
