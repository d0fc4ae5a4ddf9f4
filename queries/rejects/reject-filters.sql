-- Was it a security group, a network ACL or something else that rejected it, and how sure is that?
-- counts: rejected records at every interface that logged them, of all kinds but late, expired and backscatter (see
--   `rejections`), by sender, receiver and service
-- needs: action, srcaddr, dstaddr
-- uses: srcport, dstport, protocol, packets, bytes, tcp_flags, start, end, interface_id, vpc_id, subnet_id, reject_reason,
--   pkt_srcaddr, pkt_dstaddr
-- param filter one of known|security-group|network-acl|any = known : only what this filter rejected; any also shows what
--   does not tell
-- param top integer [1..10000] = 50 : rows to show
-- alias: sg-or-nacl-hints
-- alias: accepted-request-rejected-reply filter=network-acl
-- tags: reject, diagnosis
-- read: security groups let answers pass, network ACLs judge each packet, and between two interfaces of one subnet there
--   is none: so a rejected answer to an accepted request is a network ACL's (its ephemeral ports, mostly), a rejected
--   opening inside a subnet a security group's. An opening rejected at the edge of a subnet does not tell: others counts those
with judged as (
    select
        interface_id,
        coalesce(pkt_srcaddr, srcaddr) as srcaddr,
        coalesce(pkt_dstaddr, dstaddr) as dstaddr,
        case when kind = 'reply' then srcport else dstport end as port,
        protocol,
        filter,
        certainty
    from rejections
    where kind in ('attempt', 'reply', 'unknown')
)
select
    filter,
    certainty,
    interface_id,
    srcaddr,
    dstaddr,
    service_name(protocol, port, port, null) as service,
    count(*) as records,
    (select count(*) from judged where certainty = 'not decidable') as others
from judged
where $filter = 'any' or filter = $filter or ($filter = 'known' and certainty <> 'not decidable')
group by filter, certainty, interface_id, srcaddr, dstaddr, port, protocol
order by
    case certainty when 'certain' then 1 when 'likely' then 2 when 'possible' then 3 else 4 end,
    records desc,
    filter,
    interface_id nulls last,
    srcaddr nulls last,
    dstaddr nulls last,
    port nulls last,
    protocol nulls last
limit $top
