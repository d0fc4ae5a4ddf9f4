-- Which source addresses were rejected most, and how widely did they try?
-- counts: every rejected record at every interface that logged it: late packets of closed connections, expired ones,
--   backscatter and replies are included, so a source here is not always someone who was kept out
-- needs: action, srcaddr
-- uses: dstaddr, dstport, packets, start, end
-- param top integer [1..10000] = 50 : rows to show
-- tags: reject, top
-- read: many ports on few destinations is a port scan, one port on many destinations a sweep; answers to ephemeral
--   ports (above 1023) are usually late packets of connections that had been allowed
select
    srcaddr,
    count(*) as records,
    cast(sum(packets) as bigint) as packets,
    count(distinct dstaddr) as destinations,
    count(distinct dstport) as ports,
    to_timestamp(min("start")) as first_time,
    to_timestamp(max("end")) as last_time
from flows
where action = 'REJECT'
group by srcaddr
order by records desc, srcaddr nulls last
limit $top
