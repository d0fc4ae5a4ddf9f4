-- Which services got many openings at once that were never completed?
-- counts: openings of TCP conversations with a service, each once, at the interface that saw most of them; unfinished ones had
--   no answer, or nothing but SYN came after the answer
-- needs: srcaddr, dstaddr, srcport, dstport, protocol, tcp_flags
-- uses: action, packets, start, end, interface_id, pkt_srcaddr, pkt_dstaddr
-- param min_count integer [1..1000000000] = 100 : unfinished openings in some minute
-- param min_share number [0..1] = 0.5 : share of the openings of that minute
-- param top integer [1..10000] = 50 : rows to show
-- tags: hunting, tcp
-- read: many sources are an attack in forged names or a popular service that is down; rejected ones never came as far as
--   the service, and are not counted. Flags of an interval are OR-ed, so a half-open connection that got any data looks whole
with opening as (
    select
        capture_point,
        server_addr,
        server_port,
        client_addr,
        cast(floor(epoch(first_time) / 60) as bigint) as minute,
        case
            when outcome in ('silent', 'not decidable') then 1
            when outcome = 'answered' and client_flags & 29 = 0 then 1
            else 0
        end as is_unfinished
    from conversations
    where protocol = 6
        and client_flags & 2 = 2
        and outcome in ('answered', 'silent', 'not decidable', 'refused by host')
),
minute as (
    select
        capture_point,
        server_addr,
        server_port,
        minute,
        count(*) as openings,
        sum(is_unfinished) as unfinished,
        count(distinct client_addr) as sources
    from opening
    group by capture_point, server_addr, server_port, minute
    having sum(is_unfinished) >= $min_count and sum(is_unfinished) >= $min_share * count(*)
),
point as (
    select
        capture_point,
        server_addr,
        server_port,
        count(*) as minutes,
        sum(openings) as openings,
        sum(unfinished) as unfinished,
        max(unfinished) as most_in_a_minute,
        max(sources) as most_sources,
        min(minute) as first_minute,
        max(minute) as last_minute
    from minute
    group by capture_point, server_addr, server_port
),
ranked as (
    select
        *,
        row_number() over (partition by server_addr, server_port order by unfinished desc, capture_point) as place
    from point
)
select
    server_addr,
    server_port,
    minutes,
    cast(openings as bigint) as openings,
    cast(unfinished as bigint) as unfinished,
    cast(most_in_a_minute as bigint) as most_in_a_minute,
    most_sources,
    to_timestamp(first_minute * 60) as first_time,
    to_timestamp(last_minute * 60 + 60) as last_time
from ranked
where place = 1
order by most_in_a_minute desc, server_addr, server_port
limit $top
