-- What is new: which pairs, addresses or services were never seen before the window?
-- counts: accepted records that describe a flow, at every interface that logged them, in the window and the 14 days before it; a row
--   is what the window has and that time before it has not
-- absence: yes
-- history: 14d
-- needs: srcaddr, dstaddr
-- needs[by=service]: srcport, dstport, protocol
-- uses: start, action, end, tcp_flags, interface_id, vpc_id, pkt_srcaddr, pkt_dstaddr
-- param by one of pair|address|service = pair : two addresses, whoever sent; one address; or an address and port that was called
-- param way one of any|inside|edge = any : inside the own networks, or between them and the internet
-- param top integer [1..10000] = 100 : rows to show, the newest first
-- alias: first-seen-peers by=pair
-- alias: first-seen-addresses by=address
-- alias: first-seen-ports by=service
-- tags: audit, hunting, change
-- read: give a window, --since 24h: without a start nothing is before it, and the answer is empty. New is what the store has not, so
--   logs that were not loaded make everything new (the trust line tells since when there are any). Services are told from clients
--   by flags, by other records of the same address and port, or by the lower port: a guess that may call a client's port new
with sided as (
    select
        coalesce(pkt_srcaddr, srcaddr) as src,
        coalesce(pkt_dstaddr, dstaddr) as dst,
        coalesce(vpc_id, '') as vpc,
        srcport,
        dstport,
        protocol,
        flag_role(protocol, tcp_flags, is_tgw(resource_type, tgw_id, tgw_attachment_id)) as flag_role,
        coalesce("start", "end") as start_s,
        coalesce("end", "start") as end_s
    from records_with_history
    where (log_status is null or log_status not in ('NODATA', 'SKIPDATA'))
        and coalesce(action = 'ACCEPT', true)
        and srcaddr is not null
        and dstaddr is not null
),
-- Of one pair of ends what follows is the same, so that it is found out once.
grouped as (
    select
        src,
        dst,
        vpc,
        case when $by = 'service' then srcport end as srcport,
        case when $by = 'service' then dstport end as dstport,
        case when $by = 'service' then protocol end as protocol,
        case when $by = 'service' then flag_role end as flag_role,
        min(start_s) as first_s,
        max(end_s) as last_s,
        count(*) filter (where start_s >= $since) as records
    from sided
    group by
        src,
        dst,
        vpc,
        case when $by = 'service' then srcport end,
        case when $by = 'service' then dstport end,
        case when $by = 'service' then protocol end,
        case when $by = 'service' then flag_role end
),
judged as (
    select
        grouped.*,
        coalesce(
            flag_role,
            known_service_role(own.syn_acks, other.syn_acks),
            fan_in_role(own.peer_ports, other.peer_ports),
            port_role(srcport, dstport)
        ) = 'server' as is_from_server
    from grouped
    left join endpoints as own
        on own.vpc_id = vpc and own.address = src and own.port = srcport and own.protocol = grouped.protocol
    left join endpoints as other
        on other.vpc_id = vpc and other.address = dst and other.port = dstport and other.protocol = grouped.protocol
    where $way = 'any'
        or is_between(
            case when $way = 'inside' then 'inside' else 'out' end,
            address_scope(src, null, coalesce(ipv6_network_64(src), src) in (select network from own_networks)),
            address_scope(dst, null, coalesce(ipv6_network_64(dst), dst) in (select network from own_networks))
        )
        or (
            $way = 'edge'
            and is_between(
                'in',
                address_scope(src, null, coalesce(ipv6_network_64(src), src) in (select network from own_networks)),
                address_scope(dst, null, coalesce(ipv6_network_64(dst), dst) in (select network from own_networks))
            )
        )
),
named as (
    select
        case $by
            when 'pair' then least(src, dst) || ' - ' || greatest(src, dst)
            when 'address' then src
            else endpoint_name(
                    case when is_from_server then src else dst end, case when is_from_server then srcport else dstport end
                ) || '/' || protocol_name(protocol)
        end as name,
        case when $by = 'address' or is_from_server then dst else src end as peer,
        first_s,
        last_s,
        records
    from judged
    union all
    select dst, src, first_s, last_s, records
    from judged
    where $by = 'address'
)
select
    name,
    to_timestamp(min(first_s)) as first_time,
    to_timestamp(max(last_s)) as last_time,
    case when $by <> 'pair' then count(distinct peer) end as peers,
    cast(sum(records) as bigint) as records
from named
where name is not null
group by name
having min(first_s) >= $since
order by min(first_s) desc, name
limit $top
