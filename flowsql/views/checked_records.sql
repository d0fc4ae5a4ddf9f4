-- One row is a record of `flow_records`, with `is_health_check`: whether it is of a health check, as the record itself tells,
-- or as `health_checks` has found that its like come by the clock.
select
    f.*,
    is_health_check_record(
        interface_type,
        next_hop_interface_type,
        pkt_src_aws_service,
        pkt_dst_aws_service,
        f.srcaddr,
        f.dstaddr,
        f.packets,
        f.bytes
    )
    or checks.port is not null
    or answers.port is not null as is_health_check
from flow_records as f
left join (select * from health_checks where not is_answer) as checks
    on checks.interface_id = f.interface_id
    and checks.srcaddr = f.srcaddr
    and checks.dstaddr = f.dstaddr
    and checks.port = f.dstport
    and checks.packets = f.packets
    and checks.bytes = f.bytes
left join (select * from health_checks where is_answer) as answers
    on answers.interface_id = f.interface_id
    and answers.srcaddr = f.srcaddr
    and answers.dstaddr = f.dstaddr
    and answers.port = f.srcport
    and answers.packets = f.packets
    and answers.bytes = f.bytes
