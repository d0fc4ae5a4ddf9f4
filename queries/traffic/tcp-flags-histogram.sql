-- Which combinations of TCP flags occur, and what do they tell?
-- counts: TCP records at every interface that logged them. Transit gateway records count only where there are no
--   others.
-- needs: tcp_flags, protocol
-- uses: bytes, packets, action
-- tags: tcp, overview
-- read: flags are OR-ed over the aggregation interval, so SYN,ACK,FIN may be a whole short connection; 0 is data
--   without any flag that AWS records, and an empty value an interval whose flags AWS could not tell
with counted as (
    select
        tcp_flags,
        is_tgw,
        count(*) as records,
        count(*) filter (where action = 'REJECT') as rejected,
        cast(sum(packets) as bigint) as packets,
        cast(sum(bytes) as bigint) as bytes
    from flows
    where protocol = 6 and (not is_tgw or (select bool_and(is_tgw) from flows))
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
from counted
order by records desc, tcp_flags nulls last
