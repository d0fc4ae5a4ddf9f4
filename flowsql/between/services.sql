-- One row is a service of one of the ends, and what became of the other's attempts to reach it in the window, before, between
-- and after those that succeeded. Times are Unix seconds.
with events as (
    select opener, protocol, server_port, 'answered' as kind, start_s as at_s, end_s as until_s, 0 as attempts
    from packets
    where action = 'ACCEPT' and not is_to_server and answered > 0
    union all
    select opener, protocol, server_port, 'rejected', start_s, start_s, 0
    from blocks
    union all
    select opener, protocol, server_port, outcome, first_s, first_s, attempts
    from (
        select *, unnest(['refused', 'silent', 'undecided']) as outcome,
            unnest([refused, silent, attempts - answered - refused - rejected - silent]) as number
        from attempts
    ) as spread
    where number > 0 and coalesce(first_s >= $since, true) and coalesce(first_s < $until, true)
),
successes as (
    select opener, protocol, server_port, min(at_s) as first_success_s, max(until_s) as last_success_s
    from events
    where kind = 'answered'
    group by opener, protocol, server_port
),
counts as (
    select
        opener,
        protocol,
        server_port,
        sum(attempts) as attempts,
        sum(answered) as answered,
        sum(refused) as refused,
        sum(rejected) as rejected,
        sum(silent) as silent,
        min(first_s) as first_s,
        max(last_s) as last_s
    from attempts
    group by opener, protocol, server_port
)
select
    counts.opener,
    counts.protocol,
    counts.server_port,
    cast(max(counts.attempts) as bigint) as attempts,
    cast(max(counts.answered) as bigint) as answered,
    cast(max(counts.refused) as bigint) as refused,
    cast(max(counts.rejected) as bigint) as rejected,
    cast(max(counts.silent) as bigint) as silent,
    cast(max(first_success_s) as bigint) as first_success_s,
    cast(max(last_success_s) as bigint) as last_success_s,
    cast(min(at_s) filter (where kind <> 'answered') as bigint) as first_failure_s,
    cast(max(at_s) filter (where kind <> 'answered') as bigint) as last_failure_s,
    cast(min(at_s) filter (where kind <> 'answered' and at_s > last_success_s) as bigint) as failing_since_s,
    cast(min(at_s) filter (where kind = 'rejected' and coalesce(at_s > last_success_s, true)) as bigint) as rejected_since_s,
    cast(min(at_s) filter (where kind = 'refused' and coalesce(at_s > last_success_s, true)) as bigint) as refused_since_s,
    cast(min(at_s) filter (where kind = 'silent' and coalesce(at_s > last_success_s, true)) as bigint) as silent_since_s,
    count(*) filter (where kind <> 'answered' and at_s between first_success_s and last_success_s) as failures_between,
    cast(max(counts.first_s) as bigint) as first_s,
    cast(max(counts.last_s) as bigint) as last_s
from counts
left join successes
    on successes.opener = counts.opener
    and successes.protocol = counts.protocol
    and successes.server_port is not distinct from counts.server_port
left join events
    on events.opener = counts.opener
    and events.protocol = counts.protocol
    and events.server_port is not distinct from counts.server_port
group by counts.opener, counts.protocol, counts.server_port
order by counts.opener, counts.protocol, counts.server_port nulls last
