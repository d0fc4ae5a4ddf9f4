-- Which fields do the records have, and in what share of them?
-- counts: records that describe a flow, of the window; a field counts where it has a value, and not where AWS wrote `-`
-- param logged boolean = true : only fields that some record has
-- tags: data
-- read: 0 is a field that no log format has, or that never applied. Some are rightly empty: traffic_path on the way in,
--   instance_id of what AWS manages, reject_reason of most rejects, ecs_* of what is no task. A share that is the same for many
--   fields is the share of the records in a log format that has them: see format-inventory
with counted as (
    select
        count(*) as records,
        count(version) as version,
        count(account_id) as account_id,
        count(interface_id) as interface_id,
        count(srcaddr) as srcaddr,
        count(dstaddr) as dstaddr,
        count(srcport) as srcport,
        count(dstport) as dstport,
        count(protocol) as protocol,
        count(packets) as packets,
        count(bytes) as bytes,
        count("start") as "start",
        count("end") as "end",
        count(action) as action,
        count(log_status) as log_status,
        count(vpc_id) as vpc_id,
        count(subnet_id) as subnet_id,
        count(instance_id) as instance_id,
        count(tcp_flags) as tcp_flags,
        count(type) as type,
        count(pkt_srcaddr) as pkt_srcaddr,
        count(pkt_dstaddr) as pkt_dstaddr,
        count(region) as region,
        count(az_id) as az_id,
        count(sublocation_type) as sublocation_type,
        count(sublocation_id) as sublocation_id,
        count(pkt_src_aws_service) as pkt_src_aws_service,
        count(pkt_dst_aws_service) as pkt_dst_aws_service,
        count(flow_direction) as flow_direction,
        count(traffic_path) as traffic_path,
        count(ecs_cluster_arn) as ecs_cluster_arn,
        count(ecs_cluster_name) as ecs_cluster_name,
        count(ecs_container_instance_arn) as ecs_container_instance_arn,
        count(ecs_container_instance_id) as ecs_container_instance_id,
        count(ecs_container_id) as ecs_container_id,
        count(ecs_second_container_id) as ecs_second_container_id,
        count(ecs_service_name) as ecs_service_name,
        count(ecs_task_definition_arn) as ecs_task_definition_arn,
        count(ecs_task_arn) as ecs_task_arn,
        count(ecs_task_id) as ecs_task_id,
        count(reject_reason) as reject_reason,
        count(resource_id) as resource_id,
        count(encryption_status) as encryption_status,
        count(instance_tag) as instance_tag,
        count(instance_tag_2) as instance_tag_2,
        count(interface_tag) as interface_tag,
        count(interface_tag_2) as interface_tag_2,
        count(asg_tag) as asg_tag,
        count(asg_tag_2) as asg_tag_2,
        count(interface_type) as interface_type,
        count(next_hop_interface_id) as next_hop_interface_id,
        count(next_hop_subnet_id) as next_hop_subnet_id,
        count(next_hop_az_id) as next_hop_az_id,
        count(next_hop_vpc_id) as next_hop_vpc_id,
        count(next_hop_interface_type) as next_hop_interface_type,
        count(resource_type) as resource_type,
        count(tgw_id) as tgw_id,
        count(tgw_attachment_id) as tgw_attachment_id,
        count(tgw_src_vpc_account_id) as tgw_src_vpc_account_id,
        count(tgw_dst_vpc_account_id) as tgw_dst_vpc_account_id,
        count(tgw_src_vpc_id) as tgw_src_vpc_id,
        count(tgw_dst_vpc_id) as tgw_dst_vpc_id,
        count(tgw_src_subnet_id) as tgw_src_subnet_id,
        count(tgw_dst_subnet_id) as tgw_dst_subnet_id,
        count(tgw_src_eni) as tgw_src_eni,
        count(tgw_dst_eni) as tgw_dst_eni,
        count(tgw_src_az_id) as tgw_src_az_id,
        count(tgw_dst_az_id) as tgw_dst_az_id,
        count(tgw_pair_attachment_id) as tgw_pair_attachment_id,
        count(packets_lost_no_route) as packets_lost_no_route,
        count(packets_lost_blackhole) as packets_lost_blackhole,
        count(packets_lost_mtu_exceeded) as packets_lost_mtu_exceeded,
        count(packets_lost_ttl_expired) as packets_lost_ttl_expired
    from flows
),
filled as (
    select 0 as place, 'version' as field, records, version as filled from counted
    union all
    select 1 as place, 'account_id' as field, records, account_id as filled from counted
    union all
    select 2 as place, 'interface_id' as field, records, interface_id as filled from counted
    union all
    select 3 as place, 'srcaddr' as field, records, srcaddr as filled from counted
    union all
    select 4 as place, 'dstaddr' as field, records, dstaddr as filled from counted
    union all
    select 5 as place, 'srcport' as field, records, srcport as filled from counted
    union all
    select 6 as place, 'dstport' as field, records, dstport as filled from counted
    union all
    select 7 as place, 'protocol' as field, records, protocol as filled from counted
    union all
    select 8 as place, 'packets' as field, records, packets as filled from counted
    union all
    select 9 as place, 'bytes' as field, records, bytes as filled from counted
    union all
    select 10 as place, 'start' as field, records, "start" as filled from counted
    union all
    select 11 as place, 'end' as field, records, "end" as filled from counted
    union all
    select 12 as place, 'action' as field, records, action as filled from counted
    union all
    select 13 as place, 'log_status' as field, records, log_status as filled from counted
    union all
    select 14 as place, 'vpc_id' as field, records, vpc_id as filled from counted
    union all
    select 15 as place, 'subnet_id' as field, records, subnet_id as filled from counted
    union all
    select 16 as place, 'instance_id' as field, records, instance_id as filled from counted
    union all
    select 17 as place, 'tcp_flags' as field, records, tcp_flags as filled from counted
    union all
    select 18 as place, 'type' as field, records, type as filled from counted
    union all
    select 19 as place, 'pkt_srcaddr' as field, records, pkt_srcaddr as filled from counted
    union all
    select 20 as place, 'pkt_dstaddr' as field, records, pkt_dstaddr as filled from counted
    union all
    select 21 as place, 'region' as field, records, region as filled from counted
    union all
    select 22 as place, 'az_id' as field, records, az_id as filled from counted
    union all
    select 23 as place, 'sublocation_type' as field, records, sublocation_type as filled from counted
    union all
    select 24 as place, 'sublocation_id' as field, records, sublocation_id as filled from counted
    union all
    select 25 as place, 'pkt_src_aws_service' as field, records, pkt_src_aws_service as filled from counted
    union all
    select 26 as place, 'pkt_dst_aws_service' as field, records, pkt_dst_aws_service as filled from counted
    union all
    select 27 as place, 'flow_direction' as field, records, flow_direction as filled from counted
    union all
    select 28 as place, 'traffic_path' as field, records, traffic_path as filled from counted
    union all
    select 29 as place, 'ecs_cluster_arn' as field, records, ecs_cluster_arn as filled from counted
    union all
    select 30 as place, 'ecs_cluster_name' as field, records, ecs_cluster_name as filled from counted
    union all
    select 31 as place, 'ecs_container_instance_arn' as field, records, ecs_container_instance_arn as filled from counted
    union all
    select 32 as place, 'ecs_container_instance_id' as field, records, ecs_container_instance_id as filled from counted
    union all
    select 33 as place, 'ecs_container_id' as field, records, ecs_container_id as filled from counted
    union all
    select 34 as place, 'ecs_second_container_id' as field, records, ecs_second_container_id as filled from counted
    union all
    select 35 as place, 'ecs_service_name' as field, records, ecs_service_name as filled from counted
    union all
    select 36 as place, 'ecs_task_definition_arn' as field, records, ecs_task_definition_arn as filled from counted
    union all
    select 37 as place, 'ecs_task_arn' as field, records, ecs_task_arn as filled from counted
    union all
    select 38 as place, 'ecs_task_id' as field, records, ecs_task_id as filled from counted
    union all
    select 39 as place, 'reject_reason' as field, records, reject_reason as filled from counted
    union all
    select 40 as place, 'resource_id' as field, records, resource_id as filled from counted
    union all
    select 41 as place, 'encryption_status' as field, records, encryption_status as filled from counted
    union all
    select 42 as place, 'instance_tag' as field, records, instance_tag as filled from counted
    union all
    select 43 as place, 'instance_tag_2' as field, records, instance_tag_2 as filled from counted
    union all
    select 44 as place, 'interface_tag' as field, records, interface_tag as filled from counted
    union all
    select 45 as place, 'interface_tag_2' as field, records, interface_tag_2 as filled from counted
    union all
    select 46 as place, 'asg_tag' as field, records, asg_tag as filled from counted
    union all
    select 47 as place, 'asg_tag_2' as field, records, asg_tag_2 as filled from counted
    union all
    select 48 as place, 'interface_type' as field, records, interface_type as filled from counted
    union all
    select 49 as place, 'next_hop_interface_id' as field, records, next_hop_interface_id as filled from counted
    union all
    select 50 as place, 'next_hop_subnet_id' as field, records, next_hop_subnet_id as filled from counted
    union all
    select 51 as place, 'next_hop_az_id' as field, records, next_hop_az_id as filled from counted
    union all
    select 52 as place, 'next_hop_vpc_id' as field, records, next_hop_vpc_id as filled from counted
    union all
    select 53 as place, 'next_hop_interface_type' as field, records, next_hop_interface_type as filled from counted
    union all
    select 54 as place, 'resource_type' as field, records, resource_type as filled from counted
    union all
    select 55 as place, 'tgw_id' as field, records, tgw_id as filled from counted
    union all
    select 56 as place, 'tgw_attachment_id' as field, records, tgw_attachment_id as filled from counted
    union all
    select 57 as place, 'tgw_src_vpc_account_id' as field, records, tgw_src_vpc_account_id as filled from counted
    union all
    select 58 as place, 'tgw_dst_vpc_account_id' as field, records, tgw_dst_vpc_account_id as filled from counted
    union all
    select 59 as place, 'tgw_src_vpc_id' as field, records, tgw_src_vpc_id as filled from counted
    union all
    select 60 as place, 'tgw_dst_vpc_id' as field, records, tgw_dst_vpc_id as filled from counted
    union all
    select 61 as place, 'tgw_src_subnet_id' as field, records, tgw_src_subnet_id as filled from counted
    union all
    select 62 as place, 'tgw_dst_subnet_id' as field, records, tgw_dst_subnet_id as filled from counted
    union all
    select 63 as place, 'tgw_src_eni' as field, records, tgw_src_eni as filled from counted
    union all
    select 64 as place, 'tgw_dst_eni' as field, records, tgw_dst_eni as filled from counted
    union all
    select 65 as place, 'tgw_src_az_id' as field, records, tgw_src_az_id as filled from counted
    union all
    select 66 as place, 'tgw_dst_az_id' as field, records, tgw_dst_az_id as filled from counted
    union all
    select 67 as place, 'tgw_pair_attachment_id' as field, records, tgw_pair_attachment_id as filled from counted
    union all
    select 68 as place, 'packets_lost_no_route' as field, records, packets_lost_no_route as filled from counted
    union all
    select 69 as place, 'packets_lost_blackhole' as field, records, packets_lost_blackhole as filled from counted
    union all
    select 70 as place, 'packets_lost_mtu_exceeded' as field, records, packets_lost_mtu_exceeded as filled from counted
    union all
    select 71 as place, 'packets_lost_ttl_expired' as field, records, packets_lost_ttl_expired as filled from counted
)
select
    field,
    filled,
    records,
    round(cast(filled as double) * 100 / records, 2) as filled_percent
from filled
where records > 0 and (filled > 0 or not $logged)
order by place
