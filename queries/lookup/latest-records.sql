-- What was logged last, of one interface, instance, subnet, port or of all?
-- counts: records that describe a flow, one row each, so a flow logged at two interfaces is there twice; NODATA and
--   SKIPDATA records are not
-- needs: start
-- uses: end, interface_id, instance_id, subnet_id, srcaddr, srcport, dstaddr, dstport, protocol, packets, bytes, action,
--   tcp_flags, flow_direction
-- param interface text = null : of this interface
-- param instance text = null : of this instance
-- param subnet text = null : of this subnet
-- param port port = null : from or to this port
-- param action one of any|accepted|rejected = any : only accepted or rejected ones
-- param top integer [1..10000] = 20 : records to show, the newest first
-- alias: flows-of-interface
-- alias: flows-of-instance
-- alias: flows-of-subnet
-- alias: flows-of-port
-- tags: lookup
-- read: the newest by start, the time of its first packet; with --since and --until the last of that window. flows-of-ip has all columns of
--   the records of one address
select
    start_time,
    interface_id,
    endpoint_name(srcaddr, srcport) as source,
    endpoint_name(dstaddr, dstport) as destination,
    protocol_name as protocol,
    packets,
    bytes,
    action,
    flags
from flows
where ($interface is null or interface_id = $interface)
    and ($instance is null or instance_id = $instance)
    and ($subnet is null or subnet_id = $subnet)
    and ($port is null or srcport = $port or dstport = $port)
    and (
        $action = 'any'
        or ($action = 'accepted' and action = 'ACCEPT')
        or ($action = 'rejected' and action = 'REJECT')
    )
order by
    "start" desc nulls last,
    "end" desc nulls last,
    interface_id nulls last,
    srcaddr nulls last,
    srcport nulls last,
    dstaddr nulls last,
    dstport nulls last,
    flows.protocol nulls last,
    action nulls last,
    flow_direction nulls last,
    tcp_flags nulls last,
    packets desc nulls last,
    bytes desc nulls last
limit $top
