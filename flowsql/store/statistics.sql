-- What is counted of the records of one segment, `source`: all of `records`' columns that these statements name, and
--   point        the capture point: interface_id, else resource_id, else tgw_attachment_id
--   point_vpc    the VPC where the log format has no capture point, else null
--   is_service   whether the record is a SYN-ACK of a VPC flow log
-- Each statement makes a temporary table; those named segment_... are the catalogue's, without segment_id.
-- Limits keep the catalogue small: a commit copies it.

create or replace temp table profile as
select
    point, point_vpc, vpc_id, account_id, protocol, action, log_status, count(*) as records,
    min("start") as min_start, max("start") as max_start, min("end") as min_end, max("end") as max_end
from source
group by all;

create or replace temp table pairs as
select point, point_vpc, srcaddr, dstaddr, count(*) as records
from source
group by all;

create or replace temp table families as
select
    point, point_vpc,
    sum(records) filter (not contains(coalesce(srcaddr, dstaddr), ':')) as v4_records,
    sum(records) filter (contains(coalesce(srcaddr, dstaddr), ':')) as v6_records
from pairs
group by all;

create or replace temp table interfaces as
select
    max(vpc_id) as vpc_id,
    profile.point as interface_id,
    profile.point_vpc,
    cast(sum(records) as bigint) as records,
    cast(coalesce(sum(records) filter (log_status is null or log_status not in ('NODATA', 'SKIPDATA')), 0) as bigint)
        as ok_records,
    cast(coalesce(sum(records) filter (log_status = 'NODATA'), 0) as bigint) as nodata,
    cast(coalesce(sum(records) filter (log_status = 'SKIPDATA'), 0) as bigint) as skipdata,
    cast(coalesce(sum(records) filter (action = 'ACCEPT'), 0) as bigint) as accept,
    cast(coalesce(sum(records) filter (action = 'REJECT'), 0) as bigint) as reject,
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

-- peers is a lower bound above 2: a pair and its reply need not be matched then, which would cost half as much again.
create or replace temp table sides as
select
    point, point_vpc, address, contains(address, ':') as is_v6,
    cast(sum(as_src) as bigint) as as_src,
    cast(sum(as_dst) as bigint) as as_dst,
    cast(sum(records) as bigint) as records,
    min(peer) as min_peer,
    max(peer) as max_peer,
    case
        when min(peer) is null then 0
        when min(peer) = max(peer) then 1
        else greatest(2, count(peer) filter (as_src > 0), count(peer) filter (as_dst > 0))
    end as peers
from (
    select
        point, point_vpc, srcaddr as address, nullif(dstaddr, srcaddr) as peer,
        records as as_src, 0 as as_dst, records
    from pairs
    where srcaddr is not null
    union all
    select
        point, point_vpc, dstaddr, nullif(srcaddr, dstaddr),
        0, records, case when srcaddr = dstaddr then 0 else records end
    from pairs
    where dstaddr is not null
)
group by all;

-- The eighth count of each interface first: sorting all addresses to find eight costs three times as much.
create or replace temp table segment_addresses as
select
    busiest.vpc_id, interface_id, address, cast(case when is_v6 then 6 else 4 end as smallint) as family,
    records, as_src, as_dst, peers, min_peer, max_peer
from (
    select
        sides.*,
        row_number() over (
            partition by sides.point, sides.point_vpc, sides.is_v6 order by sides.records desc, sides.address
        ) as rank
    from sides
    join (
        select point, point_vpc, is_v6, list_min(max(records, 8)) as least
        from sides
        group by all
    ) as eighth
        on sides.point is not distinct from eighth.point
        and sides.point_vpc is not distinct from eighth.point_vpc
        and sides.is_v6 = eighth.is_v6
        and sides.records >= eighth.least
) as ranked
join busiest
    on ranked.point is not distinct from busiest.interface_id
    and ranked.point_vpc is not distinct from busiest.point_vpc
where rank <= depth;

create or replace temp table segment_services as
select vpc_id, srcaddr as address, srcport as port, protocol, count(*) as syn_acks
from source
where is_service
group by all
order by syn_acks desc, address, port, protocol, vpc_id
limit 1000;

-- Ephemeral ports meet one other port, those of services many: a bit for each of them, modulo 63. Bits of several
-- segments can be put together, as distinct counts could not.
create or replace temp table segment_endpoints as
select vpc_id, address, port, protocol, bit_or(cast(1 as bigint) << (peer_port % 63)) as peer_ports
from (
    select vpc_id, srcaddr as address, srcport as port, protocol, dstport as peer_port from source
    union all
    select vpc_id, dstaddr, dstport, protocol, srcport from source
)
where port <> 0 and peer_port is not null
group by all
having min(peer_port % 63) <> max(peer_port % 63)
order by bit_count(peer_ports) desc, address, port, protocol, vpc_id
limit 4000;
