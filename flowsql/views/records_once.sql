-- One row is a record of `records_in_context`. Where several flow logs log an interface, those of one of them, an hour at a
-- time, are there: see `second_logs`.
select *
from records_in_context as r
where not exists (
        select 1
        from second_logs
        where second_logs.interface_id = r.interface_id
            and second_logs.hour = coalesce(r."start", r."end") // 3600
            and second_logs.load_id = r.load_id
    )
