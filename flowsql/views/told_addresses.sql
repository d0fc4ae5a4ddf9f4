-- One row is an address that records of the window and its context tell to be an interface's own, by flow_direction or by
-- the packets' own addresses: AWS shows the primary address for all of an interface, `pkt_srcaddr` and `pkt_dstaddr` tell
-- secondary ones, such as those of pods. What an interface only passes on has other addresses.
with ends as (
    select interface_id, srcaddr as address, pkt_srcaddr as pkt_address, flow_direction is not null as is_told
    from records_in_context
    where flow_direction = 'egress' or (flow_direction is null and pkt_srcaddr <> srcaddr)
    group by interface_id, srcaddr, pkt_srcaddr, flow_direction is not null
    union
    select interface_id, dstaddr, pkt_dstaddr, flow_direction is not null
    from records_in_context
    where flow_direction = 'ingress' or (flow_direction is null and pkt_dstaddr <> dstaddr)
    group by interface_id, dstaddr, pkt_dstaddr, flow_direction is not null
),
own as (
    select ends.interface_id, ends.address, pkt_address
    from ends
    left join interface_addresses as known
        on known.interface_id = ends.interface_id and known.address = ends.address
    where ends.interface_id is not null and (is_told or known.address is not null)
)
select interface_id, address, false as is_secondary
from own
where address is not null
union
select interface_id, pkt_address, pkt_address <> address
from own
where pkt_address is not null and not is_passed_on(false, address, pkt_address)
