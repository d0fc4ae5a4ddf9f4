-- One row is what can have rejected the packets for a service since they were last answered, and where.
select
    blocks.opener,
    blocks.protocol,
    blocks.server_port,
    case when was_open and filter = 'security-group-or-network-acl' then 'network-acl' else filter end as filter,
    case when was_open and filter = 'security-group-or-network-acl' then 'likely' else certainty end as certainty,
    string_agg(distinct capture_point, ' ' order by capture_point) as points,
    count(*) as records
from blocks
left join (
    select opener, protocol, server_port, max(end_s) as last_success_s
    from packets
    where action = 'ACCEPT' and not is_to_server and answered > 0
    group by opener, protocol, server_port
) as successes
    on successes.opener = blocks.opener
    and successes.protocol = blocks.protocol
    and successes.server_port is not distinct from blocks.server_port
where coalesce(blocks.start_s > last_success_s, true)
group by all
order by records desc, filter, certainty
