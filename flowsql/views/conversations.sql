-- One row is a conversation as one interface (or another capture point) saw it: all records between two addresses and ports,
-- both directions, from the opening to the close. NAT gateways and appliances see each of the two legs as one.
-- Addresses are those inside the packets where these were logged. `evidence` tells how the client is known (see
-- `tcp_directions`); with 'unknown' it is who came first. ICMP has no ports and no requests that could be told from replies.
-- `outcome`: 'answered'; 'refused by host' (RST); 'silent' (accepted, no answer); 'rejected' (by a filter: the opening, or the
-- answer); 'dropped by NAT' (a NAT gateway logs what the internet sends it as accepted); 'one-way' (the other direction takes
-- another path); 'not decidable' (no answer, but it may have been missed). `state` is Zeek's, null where flags do not tell.
-- `action` is ACCEPT, REJECT or MIXED, of both directions and of each. All that touches the window is there, with what of
-- it lies in the context; `ends_in_window` is true in just one of adjacent windows. `other_interface` is the one other
-- interface in the same VPC that saw the same packets at the same time, null if there are several.
with conversation as (
    select * from stitched
),
mirrors as (
    select one.pair, one.part, max(other.point) as other_interface
    from conversation as one
    join conversation as other
        on other.packet_pair = one.packet_pair
        and other.vpc_id = one.vpc_id
        and other.point <> one.point
        and other.first_s <= one.last_s + 60
        and other.last_s >= one.first_s - 60
    group by one.pair, one.part
    having count(*) = 1
)
select
    interface_id,
    protocol,
    client_addr,
    client_port,
    server_addr,
    server_port,
    to_timestamp(first_s) as first_time,
    to_timestamp(last_s) as last_time,
    last_s - first_s as duration_s,
    records,
    packets_to_server,
    bytes_to_server,
    packets_to_client,
    bytes_to_client,
    client_flags,
    server_flags,
    action_of(client_accepted or server_accepted, client_rejected or server_rejected) as action,
    action_of(client_accepted, client_rejected) as action_to_server,
    action_of(server_accepted, server_rejected) as action_to_client,
    outcome,
    zeek_state(protocol, outcome, has_client, has_server, client_flags, server_flags) as state,
    is_opened_here and coalesce(first_s >= since_s, true) and coalesce(first_s < until_s, true) as opened_in_window,
    coalesce(last_s >= since_s, true) and coalesce(last_s < until_s, true) as ends_in_window,
    evidence,
    point as capture_point,
    vpc_id,
    mirrors.other_interface
from conversation
cross join query_window
left join mirrors on mirrors.pair = conversation.pair and mirrors.part = conversation.part
where coalesce(last_s >= since_s, true) and coalesce(first_s < until_s, true)
