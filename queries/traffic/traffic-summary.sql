-- How much traffic was there, between how many addresses, and over what time?
-- counts: records of every kind; flows and all that follows without NODATA and SKIPDATA records. Bytes and packets count
--   a flow once, at its sender's interface where that is logged, else at the receiver's (`counted` in flows): counted is
--   how many flows that are. Flows, accepted and rejected count at every interface, of overlapping flow logs in one;
--   transit gateway records only where there are no others.
-- uses: action, bytes, packets, srcaddr, dstaddr, interface_id, start, end, log_status, vpc_id, pkt_srcaddr, pkt_dstaddr
-- tags: overview
-- read: sum_is tells whether the sums are exact (=) or lower bounds (>=), since AWS logged SKIPDATA, or packets without
--   bytes
with seen as (
    select
        srcaddr,
        dstaddr,
        interface_id,
        action,
        "start",
        "end",
        packets,
        counted,
        case when counted then bytes end as counted_bytes,
        case when counted then packets end as counted_packets
    from flows
    where second_view_of is null or second_view_of not in ('vpc', 'flow log')
)
select
    (select count(*) from records) as records,
    count(*) as flows,
    count(*) filter (where counted) as counted,
    cast(coalesce(sum(counted_bytes), 0) as bigint) as bytes,
    cast(coalesce(sum(counted_packets), 0) as bigint) as packets,
    case
        when (select count(*) from records where log_status = 'SKIPDATA') > 0
            or count(*) filter (where counted and packets > 0 and counted_bytes is null) > 0
        then '>='
        else '='
    end as sum_is,
    count(*) filter (where action = 'ACCEPT') as accepted,
    count(*) filter (where action = 'REJECT') as rejected,
    count(distinct srcaddr) as sources,
    count(distinct dstaddr) as destinations,
    count(distinct interface_id) as interfaces,
    to_timestamp(min("start")) as first_time,
    to_timestamp(max("end")) as last_time
from seen
