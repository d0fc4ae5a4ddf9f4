-- Which hosts met addresses of a list: known bad ones, partners, anything?
-- counts: flows with an address of the list on either side, inside the packet where that was logged, each once (`counted` in
--   flows); rejected are those that a filter stopped
-- needs: srcaddr, dstaddr
-- uses: action, bytes, start, end, srcport, dstport, protocol, tcp_flags, interface_id, vpc_id, pkt_srcaddr, pkt_dstaddr
-- param file file : CSV file with the columns cidr (an address or a network) and label (what it is)
-- param accepted boolean = false : only what was accepted
-- param top integer [1..100000] = 100 : rows to show, the most bytes first
-- tags: audit, hunting
-- read: rejected attempts of addresses on public lists are the noise of the internet; bytes to one, from an address inside, are
--   not. Lists age and addresses change hands: look at the label's date. An address in several networks of the list has a
--   row for each
with listed as (
    select
        case
            when is_ipv4_cidr(trim(cidr)) or is_ipv6_cidr(trim(cidr)) then trim(cidr)
            else error('neither an address nor a CIDR block: ' || trim(cidr))
        end as cidr,
        max(label) as label
    from file
    where cidr is not null and trim(cidr) <> ''
    group by trim(cidr)
),
sides as (
    select coalesce(pkt_srcaddr, srcaddr) as listed_addr, coalesce(pkt_dstaddr, dstaddr) as host, bytes,
        cast(null as bigint) as bytes_to, action, service_name(protocol, srcport, dstport, flag_role) as service,
        coalesce("start", "end") as start_s, coalesce("end", "start") as end_s
    from flows
    where counted and (coalesce(action = 'ACCEPT', true) or not $accepted)
    union all
    select coalesce(pkt_dstaddr, dstaddr), coalesce(pkt_srcaddr, srcaddr), null, bytes, action,
        service_name(protocol, srcport, dstport, flag_role), coalesce("start", "end"), coalesce("end", "start")
    from flows
    where counted and (coalesce(action = 'ACCEPT', true) or not $accepted)
),
addresses as (
    select listed_addr as address from sides where listed_addr is not null group by listed_addr
),
-- Single IPv4 addresses are many and cheap to find; networks are few, and IPv6 addresses may be written otherwise.
hits as (
    select address, cidr, label
    from addresses
    join listed on listed.cidr = address and not contains(cidr, ':')
    union all
    select address, cidr, label
    from addresses
    join (select * from listed where contains(cidr, '/') or contains(cidr, ':')) as networks on in_cidr(address, cidr)
)
select
    cidr,
    label,
    host,
    service,
    cast(coalesce(sum(bytes_to), 0) as bigint) as bytes_to,
    cast(coalesce(sum(bytes), 0) as bigint) as bytes_from,
    count(*) as records,
    count(*) filter (where action = 'REJECT') as rejected,
    to_timestamp(max(end_s)) as last_time
from sides
join hits on hits.address = listed_addr
group by cidr, label, host, service
order by
    coalesce(sum(bytes_to), 0) + coalesce(sum(bytes), 0) desc,
    records desc,
    cidr,
    label nulls last,
    host nulls last,
    service nulls last
limit $top
