-- How much traffic was there, between how many addresses, and over what time?
-- counts: records of every kind; flows and all that follows without NODATA and SKIPDATA records. A flow counts at
--   every interface that logged it, so traffic between two logged interfaces is in the sums twice. Transit
--   gateway records count only where there are no others.
-- uses: action, bytes, packets, srcaddr, dstaddr, interface_id, start, end, log_status
-- tags: overview
-- read: bytes and packets are lower bounds where AWS logged SKIPDATA, or packets without bytes
select
    (select count(*) from records) as records,
    count(*) as flows,
    cast(coalesce(sum(bytes), 0) as bigint) as bytes,
    cast(coalesce(sum(packets), 0) as bigint) as packets,
    count(*) filter (where action = 'ACCEPT') as accepted,
    count(*) filter (where action = 'REJECT') as rejected,
    count(distinct srcaddr) as sources,
    count(distinct dstaddr) as destinations,
    count(distinct interface_id) as interfaces,
    to_timestamp(min("start")) as first_time,
    to_timestamp(max("end")) as last_time
from flows
where not is_tgw or (select bool_and(is_tgw) from flows)
