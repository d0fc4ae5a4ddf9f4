-- How much does each interface, instance, subnet, ECS service or tag send and receive, and with how many peers?
-- counts: what the interfaces of each logged themselves, accepted or not: a flow between two of them is in both rows, so
--   the rows do not add up to the traffic. Of overlapping flow logs and of a NAT gateway's legs one counts.
-- needs: bytes
-- needs[by=interface]: interface_id
-- needs[by=instance]: instance_id
-- needs[by=subnet]: subnet_id
-- needs[by=az]: az_id
-- needs[by=vpc]: vpc_id
-- needs[by=ecs-service]: ecs_service_name
-- needs[by=ecs-task]: ecs_task_id
-- needs[by=instance-tag]: instance_tag
-- needs[by=interface-tag]: interface_tag
-- needs[by=asg-tag]: asg_tag
-- uses: action, start, end, srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr, flow_direction, interface_id, vpc_id
-- param by one of interface|instance|subnet|az|vpc|ecs-service|ecs-task|instance-tag|interface-tag|asg-tag = interface
--   : what a row is
-- param top integer [1..10000] = 50 : rows to show
-- alias: traffic-by-interface by=interface
-- alias: traffic-by-direction by=interface
-- alias: ecs-service-traffic by=ecs-service
-- alias: tag-chargeback by=instance-tag
-- tags: overview, interfaces
-- read: bytes_unknown is what no direction is known of: neither flow_direction is logged nor one address that all records
--   of the interface have. Rejected bytes are in the sums. Tags are percent-encoded, as AWS logs them; an empty name
--   stands for the records without one
with named as (
    select
        case $by
            when 'interface' then interface_id
            when 'instance' then instance_id
            when 'subnet' then subnet_id
            when 'az' then az_id
            when 'vpc' then vpc_id
            when 'ecs-service' then ecs_service_name
            when 'ecs-task' then ecs_task_id
            when 'instance-tag' then instance_tag
            when 'interface-tag' then interface_tag
            when 'asg-tag' then asg_tag
        end as name,
        direction,
        case when direction = 'egress' then coalesce(pkt_dstaddr, dstaddr)
            when direction = 'ingress' then coalesce(pkt_srcaddr, srcaddr)
        end as peer,
        bytes,
        action,
        coalesce("end", "start") as end_s
    from flows
    where second_view_of is null or second_view_of in ('sender', 'receiver')
)
select
    name,
    cast(sum(case when direction = 'egress' then bytes end) as bigint) as bytes_out,
    cast(sum(case when direction = 'ingress' then bytes end) as bigint) as bytes_in,
    cast(sum(case when direction is null then bytes end) as bigint) as bytes_unknown,
    count(*) as records,
    count(*) filter (where action = 'REJECT') as rejected,
    count(distinct peer) as peers,
    to_timestamp(max(end_s)) as last_time
from named
group by name
order by sum(bytes) desc nulls last, records desc, name nulls last
limit $top
