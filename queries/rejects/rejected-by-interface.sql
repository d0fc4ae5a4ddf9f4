-- Which interfaces reject most, and from how many sources, on how many ports?
-- counts: rejected records at the interface that logged them, of the kinds attempt and unknown (see `rejections`), in and
--   out: others are late packets, replies and the like
-- needs: action, interface_id
-- uses: srcaddr, dstaddr, dstport, protocol, packets, tcp_flags, start, end, flow_direction, pkt_srcaddr, pkt_dstaddr
-- param kinds one of attempts|all = attempts : all also counts what nobody was kept out by
-- param protocol one of any|tcp|udp|icmp = any : only this protocol
-- param top integer [1..10000] = 50 : rows to show
-- tags: reject, interfaces, top
-- read: busiest_source and busiest_port are those with most of the interface's records. An interface with a public address is
--   scanned all day; one without that rejects is a rule that is missing, or a host that looks around
with chosen as (
    select *, $kinds = 'all' or kind in ('attempt', 'unknown') as is_chosen
    from rejections
    where interface_id is not null
        and (
            $protocol = 'any'
            or ($protocol = 'tcp' and protocol = 6)
            or ($protocol = 'udp' and protocol = 17)
            or ($protocol = 'icmp' and protocol in (1, 58))
        )
),
sources as (
    select interface_id, srcaddr, count(*) as records
    from chosen
    where is_chosen
    group by interface_id, srcaddr
),
ports as (
    select interface_id, dstport, protocol, count(*) as records
    from chosen
    where is_chosen
    group by interface_id, dstport, protocol
),
busiest_sources as (
    select
        interface_id,
        srcaddr,
        row_number() over (partition by interface_id order by records desc, srcaddr nulls last) as place
    from sources
),
busiest_ports as (
    select
        interface_id,
        dstport,
        protocol,
        row_number() over (
            partition by interface_id order by records desc, dstport nulls last, protocol nulls last
        ) as place
    from ports
),
summed as (
    select
        interface_id,
        count(*) filter (where is_chosen) as records,
        count(distinct case when is_chosen then srcaddr end) as sources,
        count(distinct case when is_chosen then dstport end) as ports,
        max(case when is_chosen then end_time end) as last_time,
        count(*) filter (where not is_chosen) as others
    from chosen
    group by interface_id
    having count(*) filter (where is_chosen) > 0
)
select
    summed.interface_id,
    records,
    sources,
    ports,
    srcaddr as busiest_source,
    service_name(protocol, dstport, dstport, null) as busiest_port,
    last_time,
    others
from summed
join busiest_sources on busiest_sources.interface_id = summed.interface_id and busiest_sources.place = 1
join busiest_ports on busiest_ports.interface_id = summed.interface_id and busiest_ports.place = 1
order by records desc, summed.interface_id
limit $top
