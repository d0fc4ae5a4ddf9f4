-- One row is a rejected record of the window that kept someone out, or cut a connection: not what was late, expired or an
-- answer to nothing. `was_open` tells that packets of its connection had passed just before.
with told as (
    select
        pair_hash(
            end_hash('', protocol, pkt_srcaddr, pkt_srcaddr, srcport),
            end_hash('', protocol, pkt_dstaddr, pkt_dstaddr, dstport)
        ) as pair,
        cast(epoch(start_time) as bigint) as start_s,
        capture_point,
        kind,
        filter,
        certainty
    from rejections
    where kind in ('attempt', 'reply', 'unknown')
),
passed as (
    select pair, part, point, min(start_s) as first_s, max(end_s) as last_s
    from packets
    where action = 'ACCEPT'
    group by pair, part, point
    having count(distinct is_to_server) = 2
)
select
    told.pair,
    told.start_s,
    capture_point,
    filter,
    certainty,
    attempts.opener,
    attempts.protocol,
    attempts.server_port,
    kind <> 'attempt' and coalesce(start_s - passed.last_s between -60 and 350, false) as was_open
from told
join attempts
    on attempts.pair = told.pair and told.start_s >= attempts.first_s and told.start_s <= attempts.last_s
left join passed
    on passed.pair = told.pair and passed.part = attempts.part and passed.point = told.capture_point
