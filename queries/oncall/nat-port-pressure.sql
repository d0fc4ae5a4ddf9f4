-- How near is each NAT address to running out of ports for one destination?
-- counts: ports of each source address that were in use towards one destination address, port and protocol in a bin of
--   time; a port is in use from the start of a record to 350 s after its end, as a NAT gateway keeps it
-- needs: srcaddr, dstaddr, srcport, dstport, protocol
-- uses: start, end, pkt_srcaddr, interface_id
-- param via cidr = 0.0.0.0/0 : the NAT gateways' addresses on the outside: one, or a block
-- param bin span [1m..1h] = 5m : bins of time
-- param least integer [1..55000] = 1000 : the fewest ports to show
-- param top integer [1..10000] = 50 : rows to show
-- tags: oncall, nat
-- read: a NAT gateway has 55,000 ports for each of its addresses and destination; ErrorPortAllocation in CloudWatch counts those
--   that found none. Source addresses are the NAT gateway's where the record is of its outside leg; ordinary hosts show too
--   if via is left out. More addresses, or fewer connections that stay open, help
with used as (
    select
        srcaddr,
        dstaddr,
        dstport,
        protocol,
        srcport,
        coalesce("start", "end") // $bin as first_bin,
        (max(coalesce("end", "start")) + 350) // $bin as last_bin
    from flows
    where protocol in (6, 17) and in_cidr(srcaddr, $via)
    group by srcaddr, dstaddr, dstport, protocol, srcport, coalesce("start", "end") // $bin
),
spread as (
    select
        srcaddr,
        dstaddr,
        dstport,
        protocol,
        srcport,
        unnest(generate_series(first_bin, last_bin)) as bin
    from used
),
counted as (
    select srcaddr, dstaddr, dstport, protocol, bin, count(distinct srcport) as ports
    from spread
    group by srcaddr, dstaddr, dstport, protocol, bin
),
ranked as (
    select
        *,
        row_number() over (partition by srcaddr, dstaddr, dstport, protocol order by ports desc, bin) as place
    from counted
)
select
    srcaddr as nat_addr,
    dstaddr,
    dstport,
    protocol_name(protocol) as protocol_name,
    ports as most_ports,
    round(cast(ports as double) * 100 / 55000, 2) as percent_of_55000,
    to_timestamp(bin * $bin) as bin_time
from ranked
where place = 1 and ports >= $least
order by ports desc, srcaddr, dstaddr, dstport, protocol
limit $top
