-- Which connections were silent for so long that they were cut: then RST, or rejected?
-- counts: TCP records at one interface, a connection by its addresses and ports in both directions; a silence is the time
--   between the end of a record and the start of the next one, whichever direction
-- needs: srcaddr, dstaddr, srcport, dstport, protocol, start, end, interface_id
-- uses: action, tcp_flags, pkt_srcaddr, pkt_dstaddr
-- param idle span [1m..5d] = 350s : the shortest silence; NAT gateways, Network Load Balancers and endpoints cut after 350 s
-- param top integer [1..10000] = 50 : rows to show
-- tags: oncall, tcp, nat
-- read: RST after 350 s or more is a NAT gateway or load balancer that had forgotten the connection; REJECT a security group
--   that had (Nitro v6: 350 s; before: 5 days). TCP keep-alive below 350 s mends both. Without tcp_flags only the
--   rejected ones can be told. A new connection on the same ports begins with SYN and is not counted
with turned as (
    select
        interface_id,
        srcaddr,
        srcport,
        dstaddr,
        dstport,
        srcaddr < dstaddr or (srcaddr = dstaddr and srcport <= dstport) as is_first,
        "start",
        "end",
        action,
        tcp_flags
    from flows
    where protocol = 6 and interface_id is not null
),
ends as (
    select
        interface_id,
        case when is_first then srcaddr else dstaddr end as one_addr,
        case when is_first then srcport else dstport end as one_port,
        case when is_first then dstaddr else srcaddr end as other_addr,
        case when is_first then dstport else srcport end as other_port,
        "start" as start_s,
        "end" as end_s,
        action,
        tcp_flags
    from turned
),
followed as (
    select
        *,
        start_s - max(end_s) over (
            partition by interface_id, one_addr, one_port, other_addr, other_port
            order by start_s, end_s, action, tcp_flags
            rows between unbounded preceding and 1 preceding
        ) as silence_s
    from ends
),
cut as (
    select
        *,
        case when action = 'REJECT' then 'rejected' else 'reset' end as ended
    from followed
    where silence_s >= $idle
        and (action = 'REJECT' or tcp_flags & 4 <> 0)
        and coalesce(tcp_flags & 2 = 0, true)
)
select
    interface_id,
    case when one_port < other_port then other_addr else one_addr end as client_addr,
    case when one_port < other_port then one_addr else other_addr end as server_addr,
    least(one_port, other_port) as server_port,
    ended,
    count(*) as times,
    cast(min(silence_s) as bigint) as shortest_silence_s,
    cast(max(silence_s) as bigint) as longest_silence_s,
    to_timestamp(min(start_s)) as first_time,
    to_timestamp(max(start_s)) as last_time
from cut
group by
    interface_id,
    case when one_port < other_port then other_addr else one_addr end,
    case when one_port < other_port then one_addr else other_addr end,
    least(one_port, other_port),
    ended
order by times desc, interface_id, client_addr, server_addr, server_port, ended
limit $top
