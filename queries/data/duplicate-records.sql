-- Which records are there more than once, and where do the copies come from?
-- counts: records that describe a flow and have an equal: same capture point, addresses, ports, protocol, sums, times, action and
--   flags. extra are all but one of each. NODATA and SKIPDATA records are left out
-- uses: srcaddr, dstaddr, start, end, interface_id, resource_id, tgw_attachment_id, srcport, dstport, protocol, packets, bytes, action, tcp_flags,
--   flow_direction, pkt_srcaddr, pkt_dstaddr
-- param top integer [1..10000] = 50 : rows to show, the most extra records first
-- tags: data
-- read: in several flow logs: two of them watch the interface, and totals count one (second-views). In several objects of one
--   flow log: AWS delivered them twice, or other names hid that it is the same object. In one object: in formats
--   with few fields equal records are legal, two flows that look alike
with hashed as (
    select
        capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id) as capture_point,
        hash(
            capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id),
            hash(srcaddr, dstaddr, srcport, dstport, protocol, pkt_srcaddr, pkt_dstaddr),
            hash(packets, bytes, "start", "end"),
            hash(action, tcp_flags, flow_direction)
        ) as content,
        records.load_id,
        flow_log,
        bytes,
        coalesce("start", "end") as start_s
    from records
    left join load_logs on load_logs.load_id = records.load_id
    where log_status is null or log_status not in ('NODATA', 'SKIPDATA')
),
equals as (
    select
        content,
        max(capture_point) as capture_point,
        count(*) as copies,
        count(distinct load_id) as loads,
        count(distinct flow_log) as flow_logs,
        max(bytes) as bytes,
        min(start_s) as start_s
    from hashed
    group by content
    having count(*) > 1
),
named as (
    select
        *,
        case
            when flow_logs > 1 then 'several flow logs'
            when loads > 1 then 'several objects of one flow log'
            else 'one object'
        end as found_in
    from equals
)
select
    capture_point,
    found_in,
    count(*) as repeated,
    cast(sum(copies - 1) as bigint) as extra,
    cast(sum(bytes * (copies - 1)) as bigint) as extra_bytes,
    to_timestamp(min(start_s)) as first_time,
    to_timestamp(max(start_s)) as last_time
from named
group by capture_point, found_in
order by extra desc, capture_point nulls last, found_in
limit $top
