-- How much is logged more than once: at both ends, on both legs of a NAT gateway, by overlapping flow logs?
-- counts: records that describe a flow, by the reason for which totals leave them out (`second_view_of` in flows); the first row is
--   what totals count
-- needs: srcaddr, dstaddr
-- uses: bytes, packets, interface_id, vpc_id, start, pkt_srcaddr, pkt_dstaddr, tgw_attachment_id, flow_direction
-- alias: dual-capture-pairs
-- tags: data
-- read: sum(bytes) over all records would be too much by the bytes of all rows but the first. sender and receiver: the interface at
--   that end logged it too. leg: a NAT gateway's outside. flow log: another flow log on the interface. vpc: transit gateway
--   records beside VPC ones
select
    coalesce(second_view_of, 'counted') as second_view_of,
    count(*) as records,
    cast(sum(bytes) as bigint) as bytes,
    round(cast(sum(bytes) as double) * 100 / nullif(sum(sum(bytes)) over (), 0), 2) as bytes_percent,
    count(distinct interface_id) as interfaces
from flows
group by second_view_of
order by second_view_of is not null, records desc, second_view_of
