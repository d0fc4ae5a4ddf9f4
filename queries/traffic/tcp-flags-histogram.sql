-- Which combinations of TCP flags occur, and what do they tell?
-- counts: TCP records at every interface that logged them, of overlapping flow logs in one; bytes and packets of a flow
--   only once, at its sender's interface where that is logged, else at the receiver's (`counted` in flows). Transit
--   gateway records count only where there are no others.
-- needs: tcp_flags, protocol
-- uses: bytes, packets, action, interface_id, srcaddr, vpc_id, start, pkt_srcaddr, pkt_dstaddr
-- tags: tcp, overview
-- read: flags are OR-ed over the aggregation interval, so SYN,ACK,FIN may be a whole short connection; 0 is data
--   without any flag that AWS records, and an empty value an interval whose flags AWS could not tell
with grouped as (
    select
        tcp_flags,
        is_tgw,
        count(*) as records,
        count(*) filter (where action = 'REJECT') as rejected,
        cast(sum(case when counted then packets end) as bigint) as packets,
        cast(sum(case when counted then bytes end) as bigint) as bytes
    from flows
    where protocol = 6 and (second_view_of is null or second_view_of not in ('vpc', 'flow log'))
    group by tcp_flags, is_tgw
)
select
    tcp_flags,
    tcp_flag_names(tcp_flags) as flags,
    flag_role(6, tcp_flags, is_tgw) as flag_role,
    records,
    rejected,
    packets,
    bytes,
    round(cast(records as double) * 100 / sum(records) over (), 2) as records_percent
from grouped
order by records desc, tcp_flags nulls last
