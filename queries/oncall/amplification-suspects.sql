-- Who is flooded with answers that were never asked for: DNS, NTP, LDAP, SSDP, memcached?
-- counts: UDP records towards an address from port 53, 123, 389, 1900 or 11211 at another, accepted or not, each flow
--   once (`counted` in flows); asked_bytes are what the address sent to those ports in the window
-- needs: srcaddr, dstaddr, srcport, dstport, protocol, bytes
-- uses: action, packets, start, end, interface_id, vpc_id, pkt_srcaddr, pkt_dstaddr
-- param min_bytes integer [0..1000000000000] = 1000000 : the fewest bytes received
-- param ratio number [1..1000000] = 20 : bytes received for one sent, at least
-- param top integer [1..10000] = 50 : rows to show
-- tags: oncall, ddos, udp
-- read: many reflectors and hardly anything asked is a reflection attack on target_addr; one reflector with answers that were
--   asked for is a resolver or a transfer. REJECT in accepted_percent tells whether a filter already takes it
with sides as (
    select
        case when srcport in (53, 123, 389, 1900, 11211) then dstaddr else srcaddr end as target,
        case when srcport in (53, 123, 389, 1900, 11211) then srcaddr else dstaddr end as reflector,
        case when srcport in (53, 123, 389, 1900, 11211) then srcport else dstport end as port,
        srcport in (53, 123, 389, 1900, 11211) as is_answer,
        action,
        bytes,
        packets,
        "start" as start_s,
        "end" as end_s
    from flows
    where counted
        and protocol = 17
        and srcport <> dstport
        and (srcport in (53, 123, 389, 1900, 11211) or dstport in (53, 123, 389, 1900, 11211))
),
summed as (
    select
        target,
        port,
        count(distinct case when is_answer then reflector end) as reflectors,
        coalesce(cast(sum(case when is_answer then bytes end) as bigint), 0) as bytes,
        coalesce(cast(sum(case when is_answer then packets end) as bigint), 0) as packets,
        coalesce(cast(sum(case when not is_answer then bytes end) as bigint), 0) as asked_bytes,
        count(*) filter (where is_answer and action = 'ACCEPT') as accepted,
        count(*) filter (where is_answer) as records,
        min(case when is_answer then start_s end) as first_s,
        max(case when is_answer then end_s end) as last_s
    from sides
    group by target, port
)
select
    target as target_addr,
    port as reflected_port,
    reflectors,
    bytes,
    packets,
    asked_bytes,
    round(cast(accepted as double) * 100 / records, 2) as accepted_percent,
    to_timestamp(first_s) as first_time,
    to_timestamp(last_s) as last_time
from summed
where bytes >= $min_bytes and bytes >= $ratio * asked_bytes and records > 0
order by bytes desc, target, port
limit $top
