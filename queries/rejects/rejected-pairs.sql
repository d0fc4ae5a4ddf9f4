-- Which addresses are kept from which services, inside the own networks or at their edge?
-- counts: rejected records of the kinds attempt and unknown (see `rejections`) by sender, receiver and destination port,
--   at the interface that logged most of them; others are late packets, replies and the like of all pairs
-- needs: action, srcaddr, dstaddr
-- uses: dstport, protocol, packets, tcp_flags, start, end, interface_id, vpc_id, subnet_id, reject_reason, pkt_srcaddr,
--   pkt_dstaddr
-- param way one of any|inside|out|in = any : inside the own networks, out to the internet, or in from there
-- param kinds one of attempts|all = attempts : all also counts what nobody was kept out by
-- param port port = null : only this destination port
-- param top integer [1..10000] = 25 : rows to show
-- alias: top-rejects
-- alias: rejected-inside way=inside
-- alias: rejected-egress way=out
-- alias: rejected-ingress way=in
-- tags: reject, top
-- read: rejected_since is since when nothing of it was accepted, in the window and its context; accepted_before, that
--   it was until then: something changed. Without tcp_flags most high ports are replies and late packets
with scoped as (
    select
        interface_id,
        coalesce(pkt_srcaddr, srcaddr) as srcaddr,
        coalesce(pkt_dstaddr, dstaddr) as dstaddr,
        dstport,
        protocol,
        packets,
        rejected_since,
        accepted_before,
        end_time,
        $kinds = 'all' or kind in ('attempt', 'unknown') as is_chosen
    from rejections
    where ($port is null or dstport = $port)
        and is_between(
            $way,
            address_scope(
                coalesce(pkt_srcaddr, srcaddr),
                null,
                coalesce(ipv6_network_64(coalesce(pkt_srcaddr, srcaddr)), pkt_srcaddr, srcaddr)
                    in (select network from own_networks)
            ),
            address_scope(
                coalesce(pkt_dstaddr, dstaddr),
                null,
                coalesce(ipv6_network_64(coalesce(pkt_dstaddr, dstaddr)), pkt_dstaddr, dstaddr)
                    in (select network from own_networks)
            )
        )
),
logged as (
    select
        interface_id,
        srcaddr,
        dstaddr,
        dstport,
        protocol,
        count(*) as records,
        sum(packets) as packets,
        max(rejected_since) as rejected_since,
        bool_or(accepted_before) as accepted_before,
        max(end_time) as last_time
    from scoped
    where is_chosen
    group by interface_id, srcaddr, dstaddr, dstport, protocol
)
select
    srcaddr,
    dstaddr,
    service_name(protocol, dstport, dstport, null) as service,
    max(records) as records,
    max(rejected_since) as rejected_since,
    bool_or(accepted_before) as accepted_before,
    max(last_time) as last_time,
    (select count(*) from scoped where not is_chosen) as others
from logged
group by srcaddr, dstaddr, dstport, protocol
order by
    max(records) desc, max(packets) desc nulls last, srcaddr nulls last, dstaddr nulls last, dstport nulls last,
    protocol nulls last
limit $top
