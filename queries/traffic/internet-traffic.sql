-- Which internet addresses are sent to and received from most, and by which hosts?
-- counts: accepted flows between an address of the own networks and one outside (`src_scope`, `dst_scope` in flows), each
--   once (`counted` in flows): of what goes through a NAT gateway the inside leg, where the log format tells it
-- needs: srcaddr, dstaddr, bytes
-- uses: action, interface_id, vpc_id, start, end, pkt_srcaddr, pkt_dstaddr, pkt_src_aws_service, pkt_dst_aws_service
-- param by one of peer|host|pair = peer : a row is an outside address, a host inside, or both
-- param order one of out|in = out : most bytes sent to the outside first, or received from there
-- param aws one of with|without|only = with : what belongs to AWS's own services, where that was logged
-- param top integer [1..10000] = 20 : rows to show
-- alias: top-internet-destinations by=peer order=out
-- alias: top-internet-sources by=peer order=in
-- alias: top-internet-hosts by=host order=out
-- tags: internet, top, hunting
-- read: what the own networks are: private ranges and the addresses of interfaces in the store. Networks with public
--   ranges that never logged look like the internet, and so does S3 behind a gateway endpoint where pkt-dst-aws-service is not
--   logged. Without pkt-srcaddr the NAT gateway stands for the hosts behind it, beside them
with outside as (
    select
        case when dst_scope in ('internet', 'aws') then coalesce(pkt_dstaddr, dstaddr) else coalesce(pkt_srcaddr, srcaddr) end
            as peer,
        case when dst_scope in ('internet', 'aws') then coalesce(pkt_srcaddr, srcaddr) else coalesce(pkt_dstaddr, dstaddr) end
            as host,
        case when dst_scope in ('internet', 'aws') then pkt_dst_aws_service else pkt_src_aws_service end as aws_service,
        case when dst_scope in ('internet', 'aws') then bytes end as bytes_out,
        case when dst_scope in ('internet', 'aws') then null else bytes end as bytes_in,
        coalesce("end", "start") as end_s
    from flows
    where counted
        and coalesce(action = 'ACCEPT', true)
        and (is_between('out', src_scope, dst_scope) or is_between('in', src_scope, dst_scope))
        and (
            $aws = 'with'
            or ($aws = 'only' and (src_scope = 'aws' or dst_scope = 'aws'))
            or ($aws = 'without' and src_scope <> 'aws' and dst_scope <> 'aws')
        )
),
summed as (
    select
        case when $by in ('peer', 'pair') then peer end as peer,
        case when $by in ('host', 'pair') then host end as host,
        max(case when $by in ('peer', 'pair') then aws_service end) as aws_service,
        cast(coalesce(sum(bytes_out), 0) as bigint) as bytes_out,
        cast(coalesce(sum(bytes_in), 0) as bigint) as bytes_in,
        count(*) as records,
        count(distinct peer) as peers,
        count(distinct host) as hosts,
        max(end_s) as last_s
    from outside
    group by case when $by in ('peer', 'pair') then peer end, case when $by in ('host', 'pair') then host end
)
select
    peer,
    aws_service,
    host,
    bytes_out,
    bytes_in,
    records,
    peers,
    hosts,
    to_timestamp(last_s) as last_time
from summed
order by
    case when $order = 'out' then bytes_out else bytes_in end desc,
    bytes_out + bytes_in desc,
    records desc,
    peer nulls last,
    host nulls last
limit $top
