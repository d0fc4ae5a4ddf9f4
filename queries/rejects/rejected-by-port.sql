-- Which services are being blocked, how often, and from how many sources?
-- counts: every rejected record at every interface that logged it, under its destination port: late packets of closed
--   connections, expired ones, backscatter and replies are included
-- needs: action, dstport, protocol
-- uses: srcaddr, dstaddr, packets, start, end
-- param top integer [1..10000] = 50 : rows to show
-- tags: reject, ports, top
-- read: high ports are mostly replies and late packets, not services
select
    dstport,
    protocol_name(protocol) as protocol_name,
    count(*) as records,
    cast(sum(packets) as bigint) as packets,
    count(distinct srcaddr) as sources,
    count(distinct dstaddr) as destinations,
    to_timestamp(min("start")) as first_time,
    to_timestamp(max("end")) as last_time
from flows
where action = 'REJECT'
group by dstport, protocol
order by records desc, dstport nulls last, protocol nulls last
limit $top
