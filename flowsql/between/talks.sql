-- One row is a conversation of the two ends at one interface, in the window.
select
    capture_point,
    protocol,
    client_addr,
    client_port,
    server_addr,
    server_port,
    cast(epoch(first_time) as bigint) as first_s,
    cast(epoch(last_time) as bigint) as last_s,
    outcome,
    evidence
from conversations
