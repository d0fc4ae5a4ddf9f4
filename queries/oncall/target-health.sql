-- Which targets of a load balancer answer, which refuse, and which stay silent?
-- counts: conversations that the load balancer's addresses open, health checks among them, at the interface that saw most of
--   them; per target and port
-- needs: srcaddr, dstaddr, srcport, dstport, protocol
-- uses: action, tcp_flags, start, end, packets, bytes, interface_id, pkt_srcaddr, pkt_dstaddr
-- param via cidr : the load balancer: an address, or the subnets it is in
-- param top integer [1..10000] = 100 : rows to show, the sickest first
-- absence: yes
-- tags: oncall, load-balancer
-- read: refused_by_host is a target that runs while its service does not; silent one that is down, or whose security group
--   drops without a log here; rejected one that a filter keeps off. Behind a load balancer that passes client addresses on, only
--   its health checks come from its own
with opened as (
    select
        server_addr,
        server_port,
        protocol,
        capture_point,
        count(*) as attempts,
        count(*) filter (where outcome = 'answered') as answered,
        count(*) filter (where outcome = 'refused by host') as refused,
        count(*) filter (where outcome = 'rejected') as rejected,
        count(*) filter (where outcome = 'silent') as silent,
        max(case when outcome = 'answered' then last_time end) as last_answered_time,
        min(case when outcome in ('refused by host', 'rejected', 'silent') then first_time end) as first_failed_time
    from conversations
    where in_cidr(client_addr, $via) and protocol in (6, 17)
    group by server_addr, server_port, protocol, capture_point
),
ranked as (
    select
        *,
        row_number() over (
            partition by server_addr, server_port, protocol order by attempts desc, capture_point
        ) as place
    from opened
)
select
    server_addr as target_addr,
    server_port as target_port,
    protocol_name(protocol) as protocol_name,
    case
        when answered = attempts then 'healthy'
        when answered = 0 and refused + rejected + silent = 0 then 'not decidable'
        when answered = 0 then 'down'
        else 'failing at times'
    end as health,
    attempts,
    answered,
    refused as refused_by_host,
    rejected,
    silent,
    last_answered_time,
    first_failed_time
from ranked
where place = 1
order by refused + rejected + silent desc, attempts desc, server_addr, server_port nulls last, protocol
limit $top
