-- How the records of one segment, `source`, group: what segment_groups.py finds while a segment is written. `source` has
-- all of `records`' columns that these statements name, and
--   point        the capture point: interface_id, else resource_id, else tgw_attachment_id
--   point_vpc    the VPC where the log format has no capture point, else null
--   is_service   whether the record is a SYN-ACK of a VPC flow log
-- Beside these there is column_values (column_name, value, records): of each column the most frequent values.

create temp table profile as
select
    point, point_vpc, vpc_id, account_id, protocol, action, log_status, count(*) as records,
    min("start") as min_start, max("start") as max_start, min("end") as min_end, max("end") as max_end
from source
group by all;

create temp table pairs as
select point, point_vpc, srcaddr, dstaddr, count(*) as records
from source
group by all;

create temp table families as
select
    point, point_vpc,
    cast(coalesce(sum(records) filter (not contains(coalesce(srcaddr, dstaddr), ':')), 0) as bigint) as v4_records,
    cast(coalesce(sum(records) filter (contains(coalesce(srcaddr, dstaddr), ':')), 0) as bigint) as v6_records
from pairs
group by all;

-- peers is a lower bound above 2: a pair and its reply need not be matched then, which would cost half as much again.
create temp table all_sides as
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

-- No more than eight of an interface and family are kept. The eighth count of each first: sorting all addresses to find
-- eight costs three times as much.
create temp table sides as
select all_sides.*
from all_sides
join (
    select point, point_vpc, is_v6, list_min(max(records, 8)) as least
    from all_sides
    group by all
) as eighth
    on all_sides.point is not distinct from eighth.point
    and all_sides.point_vpc is not distinct from eighth.point_vpc
    and all_sides.is_v6 = eighth.is_v6
    and all_sides.records >= eighth.least;

drop table all_sides;

create temp table services as
select vpc_id, srcaddr as address, srcport as port, protocol, count(*) as records
from source
where is_service
group by all;

-- Ephemeral ports meet one other port, those of services many: a bit for each of them, modulo 63. Bits of several
-- segments can be put together, as distinct counts could not. `exchanges` are the records of some pairs of ports, all
-- of them in a small segment: what is a service shows in a part of its clients as well, at a part of the cost.
create temp table ends as
select vpc_id, address, port, protocol, bit_or(cast(1 as bigint) << (peer_port % 63)) as peer_ports
from (
    select vpc_id, srcaddr as address, srcport as port, protocol, dstport as peer_port from exchanges
    union all
    select vpc_id, dstaddr, dstport, protocol, srcport from exchanges
)
where port <> 0 and peer_port is not null
group by all
having min(peer_port % 63) <> max(peer_port % 63);
