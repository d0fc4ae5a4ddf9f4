-- What must hold between the tables of a catalogue. Each statement gives (file, problem) of what does not.

select 'flowsql.duckdb' as file, format('the segment {} is listed {} times', segment_id, count(*)) as problem
from segments
group by segment_id
having count(*) > 1;

select name, format('the load {} is in the ledger {} times', load_id, count(*))
from loads
group by name, load_id
having count(*) > 1;

select min(name), format('the loads {} of one object count at the same time', string_agg(load_id, ', ' order by load_id))
from loads
where state in ('live', 'incomplete')
group by identity
having count(*) > 1;

select name, format('{} lines, but {} records, {} rejects, {} headers and {} blank lines', lines, records, rejects,
    headers, blank_lines)
from loads
where lines <> records + rejects + headers + blank_lines;

select name, format('the ledger has {} records ({} NODATA, {} SKIPDATA) of it, the segments {} ({}, {})',
    loads.records, loads.nodata, loads.skipdata, coalesce(held.records, 0), coalesce(held.nodata, 0),
    coalesce(held.skipdata, 0))
from loads
left join (
    select load_id, sum(records) as records, sum(nodata) as nodata, sum(skipdata) as skipdata
    from segment_loads
    anti join dead_loads using (segment_id, load_id)
    group by load_id
) as held using (load_id)
where state in ('live', 'incomplete') and (loads.records, loads.nodata, loads.skipdata)
    <> (coalesce(held.records, 0), coalesce(held.nodata, 0), coalesce(held.skipdata, 0));

select coalesce(path, segment_id), format('it holds records of the load {}, which does not count ({})', load_id,
    coalesce(state, 'not in the ledger'))
from segment_loads
anti join dead_loads using (segment_id, load_id)
left join loads using (load_id)
left join segments using (segment_id)
where state is null or state not in ('live', 'incomplete');

select path, format('{} records, but {} by load', segments.records, coalesce(sum(segment_loads.records), 0))
from segments
left join segment_loads using (segment_id)
group by path, segments.records
having segments.records <> coalesce(sum(segment_loads.records), 0);

select 'flowsql.duckdb', format('there are loads of the segment {}, which is not listed', segment_id)
from (select distinct segment_id from segment_loads)
anti join segments using (segment_id);

-- Rejects are kept only in the catalogue: after a repair all of a load's may be gone.
select name, format('{} rejects in the ledger, {} kept', loads.rejects, kept.rejects)
from loads
join (select load_id, count(*) as rejects from rejects group by load_id) as kept using (load_id)
where loads.rejects <> kept.rejects;

select name, format('seen as an object of the load {}, which is not in the ledger', load_id)
from objects
anti join loads using (load_id);

-- Statistics. At most 10,000 interfaces of a segment have them.
select path, format('statistics of {} records, but {} count', coalesce(counted.records, 0),
    coalesce(live.records, 0))
from segments
left join (
    select segment_id, sum(records) as records
    from segment_loads
    anti join dead_loads using (segment_id, load_id)
    group by segment_id
) as live using (segment_id)
left join (
    select segment_id, sum(records) as records, count(*) as interfaces from segment_interfaces group by segment_id
) as counted using (segment_id)
where coalesce(counted.records, 0) > coalesce(live.records, 0)
    or (coalesce(counted.records, 0) < coalesce(live.records, 0) and coalesce(interfaces, 0) < 10000);

select 'flowsql.duckdb', format('there are statistics of the segment {}, which is not listed', segment_id)
from (
    select segment_id from segment_interfaces
    union select segment_id from segment_addresses
    union select segment_id from segment_services
    union select segment_id from segment_endpoints
    union select segment_id from segment_values
)
anti join segments using (segment_id);

select path, format('statistics of {} records of the address {}, but its interface has {}', segment_addresses.records,
    address, coalesce(segment_interfaces.records, 0))
from segment_addresses
join segments using (segment_id)
left join segment_interfaces
    on segment_interfaces.segment_id = segment_addresses.segment_id
    and segment_interfaces.interface_id is not distinct from segment_addresses.interface_id
    and segment_interfaces.vpc_id is not distinct from segment_addresses.vpc_id
where segment_addresses.records > coalesce(segment_interfaces.records, 0)
