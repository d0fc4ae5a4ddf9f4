-- One row is an attempt of one end to reach the other: the conversations of the same addresses and ports at about the
-- same time, whichever interfaces saw them, are one. Of what these say the strongest counts: that an answer came, that the
-- host refused, that a filter rejected. Where the session asks for a port, that is the service's unless flags say otherwise.
with kinds as (
    -- Of a flow log of accepted packets only, a missing answer proves nothing.
    select sum(reject) = 0 and sum(accept) > 1000 as has_accepts_only
    from catalog.segment_interfaces
),
missed as (
    -- Where and when a missing answer may have been there: it is decided by all records of the interface, not only by
    -- those of the two ends.
    select talks.capture_point, first_s, last_s
    from talks
    left join slots
        on slots.capture_point = talks.capture_point
        and slot_start <= last_s + 60
        and slot_start + slot_s > first_s
    left join capture_points on capture_points.point = talks.capture_point
    where outcome in ('silent', 'not decidable')
    group by talks.capture_point, first_s, last_s
    having coalesce(bool_or(state not in ('covered', 'idle')), true)
        or coalesce(max(slot_start + slot_s) <= last_s + 60, true)
        or not coalesce(bool_and(sees_both_sides), false)
        or coalesce((select has_accepts_only from kinds), false)
),
judged as (
    select
        talks.capture_point, protocol, client_addr, client_port, server_addr, server_port, talks.first_s, talks.last_s,
        case
            when outcome not in ('silent', 'not decidable') then outcome
            when missed.capture_point is null then 'silent'
            else 'not decidable'
        end as outcome,
        -- Without flags who opened is a guess, which the port asked for decides better.
        evidence in ('known-service', 'fan-in', 'port-guess', 'unknown')
            and client_port = $port and server_port is distinct from $port as is_turned
    from talks
    left join missed
        on missed.capture_point = talks.capture_point
        and missed.first_s = talks.first_s
        and missed.last_s = talks.last_s
),
turned as (
    select
        capture_point,
        protocol,
        case when is_turned then server_addr else client_addr end as client_addr,
        case when is_turned then server_port else client_port end as client_port,
        case when is_turned then client_addr else server_addr end as server_addr,
        case when is_turned then client_port else server_port end as server_port,
        first_s,
        last_s,
        case when is_turned and outcome in ('silent', 'not decidable') then 'one-way' else outcome end as outcome
    from judged
),
sided as (
    select
        capture_point,
        protocol,
        client_addr,
        server_addr,
        server_port,
        first_s,
        last_s,
        outcome,
        client.side as opener,
        pair_hash(
            end_hash('', protocol, client_addr, client_addr, client_port),
            end_hash('', protocol, server_addr, server_addr, server_port)
        ) as pair
    from turned
    join sides as client on client.address = client_addr
    join sides as server on server.address = server_addr and server.side <> client.side
    where $port is null or server_port = $port
),
begun as (
    select
        pair, capture_point, protocol, client_addr, server_addr, server_port, first_s, last_s, outcome, opener,
        case
            when first_s > max(last_s) over (
                partition by pair order by first_s, capture_point rows between unbounded preceding and 1 preceding
            ) + 60
            then 1
            else 0
        end as begins
    from sided
),
numbered as (
    select
        pair, capture_point, protocol, client_addr, server_addr, server_port, first_s, last_s, outcome, opener,
        sum(begins) over (
            partition by pair order by first_s, capture_point rows between unbounded preceding and current row
        ) as part
    from begun
),
at_points as (
    select
        pair,
        part,
        capture_point,
        min(opener) as opener,
        any_value(protocol) as protocol,
        any_value(client_addr) as client_addr,
        any_value(server_addr) as server_addr,
        any_value(server_port) as server_port,
        min(first_s) as first_s,
        max(last_s) as last_s,
        count(*) as attempts,
        count(*) filter (where outcome = 'answered') as answered,
        count(*) filter (where outcome = 'refused by host') as refused,
        count(*) filter (where outcome = 'rejected') as rejected,
        count(*) filter (where outcome in ('silent', 'dropped by NAT')) as silent,
        count(*) filter (where outcome in ('not decidable', 'one-way')) as undecided
    from numbered
    group by pair, part, capture_point
),
merged as (
    select
        pair,
        part,
        min(opener) as opener,
        any_value(protocol) as protocol,
        any_value(client_addr) as client_addr,
        any_value(server_addr) as server_addr,
        any_value(server_port) as server_port,
        min(first_s) as first_s,
        max(last_s) as last_s,
        max(attempts) as attempts,
        max(answered) as answered,
        max(refused) as refused,
        max(rejected) as rejected,
        max(silent) as silent,
        string_agg(capture_point, ' ' order by capture_point) as points
    from at_points
    group by pair, part
),
told as (
    select
        pair, part, opener, protocol, client_addr, server_addr, server_port, first_s, last_s, points, attempts,
        least(answered, attempts) as told_answered,
        least(refused, attempts - least(answered, attempts)) as told_refused,
        rejected,
        silent
    from merged
)
select
    pair,
    part,
    opener,
    protocol,
    client_addr,
    server_addr,
    server_port,
    first_s,
    last_s,
    points,
    attempts,
    told_answered as answered,
    told_refused as refused,
    least(rejected, attempts - told_answered - told_refused) as rejected,
    least(silent, greatest(attempts - told_answered - told_refused - rejected, 0)) as silent
from told
