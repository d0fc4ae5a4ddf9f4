-- What is kept of a segment, from the groups of its records (groups.sql). Each statement makes a temporary table; those
-- named segment_... are the catalogue's, without segment_id. Limits keep the catalogue small: a commit copies it.

create or replace temp table interfaces as
select
    max(vpc_id) as vpc_id,
    profile.point as interface_id,
    profile.point_vpc,
    cast(sum(profile.records) as bigint) as records,
    cast(coalesce(sum(profile.records) filter (
        log_status is null or log_status not in ('NODATA', 'SKIPDATA')
    ), 0) as bigint) as ok_records,
    cast(coalesce(sum(profile.records) filter (log_status = 'NODATA'), 0) as bigint) as nodata,
    cast(coalesce(sum(profile.records) filter (log_status = 'SKIPDATA'), 0) as bigint) as skipdata,
    cast(coalesce(sum(profile.records) filter (action = 'ACCEPT'), 0) as bigint) as accept,
    cast(coalesce(sum(profile.records) filter (action = 'REJECT'), 0) as bigint) as reject,
    cast(coalesce(any_value(v4_records), 0) as bigint) as v4_records,
    cast(coalesce(any_value(v6_records), 0) as bigint) as v6_records,
    min(min_start) as min_start,
    max(max_start) as max_start,
    min(min_end) as min_end,
    max(max_end) as max_end
from profile
left join families
    on profile.point is not distinct from families.point
    and profile.point_vpc is not distinct from families.point_vpc
group by profile.point, profile.point_vpc;

create or replace temp table segment_interfaces as
select * exclude (point_vpc)
from interfaces
order by records desc, interface_id, vpc_id
limit 10000;

-- The 2,000 busiest interfaces have addresses: 8 of either family, fewer (2 at least) where 500 interfaces or more
-- share a segment. The first is nearly always the interface's own.
create or replace temp table busiest as
select vpc_id, interface_id, point_vpc, greatest(2, least(8, 4000 // count(*) over ())) as depth
from (
    select vpc_id, interface_id, point_vpc
    from interfaces
    order by records desc, interface_id, vpc_id
    limit 2000
);

create or replace temp table segment_addresses as
select
    busiest.vpc_id, interface_id, address, cast(case when is_v6 then 6 else 4 end as smallint) as family,
    records, as_src, as_dst, peers, min_peer, max_peer
from (
    select *, row_number() over (partition by point, point_vpc, is_v6 order by records desc, address) as rank
    from sides
) as ranked
join busiest
    on ranked.point is not distinct from busiest.interface_id
    and ranked.point_vpc is not distinct from busiest.point_vpc
where rank <= depth;

create or replace temp table segment_services as
select vpc_id, address, port, protocol, records as syn_acks
from services
order by syn_acks desc, address, port, protocol, vpc_id
limit 1000;

create or replace temp table segment_endpoints as
select vpc_id, address, port, protocol, peer_ports
from ends
order by bit_count(peer_ports) desc, address, port, protocol, vpc_id
limit 4000;

create or replace temp table segment_values as
select column_name, value, records
from (
    select *, row_number() over (partition by column_name order by records desc, value) as rank
    from column_values
)
where rank <= 100;
