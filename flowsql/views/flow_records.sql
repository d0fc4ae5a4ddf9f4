-- One row is a record that describes a flow: NODATA and SKIPDATA records are left out. All columns of `records`, and
-- beside them what the record itself tells: the times as timestamps, what protocol, flags and traffic path are called,
-- whether it is a transit gateway's, and, rejected, the opening of a connection.
-- `flows` is this with what takes looking at other records.
select
    *,
    to_timestamp("start") as start_time,
    to_timestamp("end") as end_time,
    protocol_name(protocol) as protocol_name,
    tcp_flag_names(tcp_flags) as flags,
    flag_role(protocol, tcp_flags, is_tgw(resource_type, tgw_id, tgw_attachment_id)) as flag_role,
    is_tgw(resource_type, tgw_id, tgw_attachment_id) as is_tgw,
    path_name(traffic_path) as path_name,
    own_reject_kind(action, protocol, tcp_flags) as reject_kind
from records
where log_status is null or log_status not in ('NODATA', 'SKIPDATA')
