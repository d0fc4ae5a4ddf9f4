-- Which addresses were seen, first and last when, and what are they?
-- counts: addresses inside the packets where these were logged, else as the interface saw them; bytes and records of each
--   flow once (`counted` in flows)
-- needs: srcaddr, dstaddr
-- uses: bytes, start, end, interface_id, vpc_id, pkt_srcaddr, pkt_dstaddr, pkt_src_aws_service, pkt_dst_aws_service
-- param scope one of all|vpc|private|aws|internet|special = all : only addresses of this kind
-- param top integer [1..100000] = 100 : rows to show, the most bytes first
-- tags: lookup, inventory
-- read: scope is vpc where an interface in the store has the address (or, IPv6, is in its /64), else private, special
--   (multicast, link-local and the like), aws (AWS named a service for it) or internet. The same private address in two VPCs
--   is one row
with sides as (
    select
        coalesce(pkt_srcaddr, srcaddr) as address,
        src_scope as scope,
        pkt_src_aws_service as aws_service,
        coalesce(pkt_dstaddr, dstaddr) as peer,
        bytes as bytes_sent,
        cast(null as bigint) as bytes_received,
        coalesce("start", "end") as start_s,
        coalesce("end", "start") as end_s
    from flows
    where counted
    union all
    select
        coalesce(pkt_dstaddr, dstaddr),
        dst_scope,
        pkt_dst_aws_service,
        coalesce(pkt_srcaddr, srcaddr),
        null,
        bytes,
        coalesce("start", "end"),
        coalesce("end", "start")
    from flows
    where counted
)
select
    address,
    max(scope) as scope,
    cast(coalesce(sum(bytes_sent), 0) as bigint) as bytes_sent,
    cast(coalesce(sum(bytes_received), 0) as bigint) as bytes_received,
    count(distinct peer) as peers,
    to_timestamp(min(start_s)) as first_time,
    to_timestamp(max(end_s)) as last_time,
    max(aws_service) as aws_service
from sides
where address is not null and ($scope = 'all' or scope = $scope)
group by address
order by coalesce(sum(bytes_sent), 0) + coalesce(sum(bytes_received), 0) desc, address
limit $top
