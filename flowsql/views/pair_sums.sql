-- One row is a pair of ends, in the window and its context, with the sums over its records and, in `marks`, what was seen
-- of either (see `seen_marks`). a is the end that sends forward, b the other. `stitched` takes those that held one conversation.
select
    pair,
    0 as part,
    any_value(point) as point,
    any_value(vpc_id) as vpc_id,
    any_value(protocol) as protocol,
    any_value(case when is_forward then sender_addr else receiver_addr end) as a_addr,
    any_value(case when is_forward then receiver_addr else sender_addr end) as b_addr,
    any_value(case when is_forward then srcport else dstport end) as a_port,
    any_value(case when is_forward then dstport else srcport end) as b_port,
    min(case when is_forward then start_s end) as a_first_s,
    min(case when is_forward then null else start_s end) as b_first_s,
    max(end_s) as last_s,
    count(*) as records,
    sum(case when is_forward then packets end) as a_packets,
    sum(case when is_forward then null else packets end) as b_packets,
    sum(case when is_forward then bytes end) as a_bytes,
    sum(case when is_forward then null else bytes end) as b_bytes,
    bit_or(seen_marks(is_forward, action, flag_role, tcp_flags, interface_id)) as marks
from flow_ends
group by pair
