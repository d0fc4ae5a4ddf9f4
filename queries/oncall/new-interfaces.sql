-- Which interfaces were never seen before this window?
-- counts: records of every kind, NODATA too, at each interface
-- needs: interface_id
-- uses: start, end, vpc_id, subnet_id, instance_id, log_status, account_id
-- history: 14d
-- param top integer [1..10000] = 100 : rows to show, the newest first
-- tags: oncall, change, history
-- read: new means no record in the 14 days before the window, as far as the store reaches back (the trust line says how far);
--   an interface is also new when its flow log is. Scaling groups and Lambda make many
with seen as (
    select
        interface_id,
        min(coalesce("start", "end")) as first_s,
        max(coalesce("end", "start")) as last_s,
        count(*) as records,
        count(*) filter (where log_status is null or log_status not in ('NODATA', 'SKIPDATA')) as flows,
        max(account_id) as account_id,
        max(vpc_id) as vpc_id,
        max(subnet_id) as subnet_id,
        max(instance_id) as instance_id
    from records_with_history
    where interface_id is not null
    group by interface_id
)
select
    interface_id,
    to_timestamp(first_s) as first_time,
    to_timestamp(last_s) as last_time,
    records,
    flows,
    account_id,
    vpc_id,
    subnet_id,
    instance_id
from seen
where first_s >= $since
order by first_s desc, interface_id
limit $top
