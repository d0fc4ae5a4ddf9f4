-- Which traffic inside the VPC is not encrypted?
-- counts: accepted flows, each once (`counted` in flows), by service or pair and what AWS says of their encryption
-- needs: encryption_status, bytes
-- needs[by=pair]: srcaddr, dstaddr
-- needs[by=service]: srcport, dstport, protocol
-- uses: action, tcp_flags, srcaddr, dstaddr, interface_id, vpc_id, start, pkt_srcaddr, pkt_dstaddr
-- param by one of service|pair|interface = service : what a row is
-- param way one of inside|any|out|in = inside : inside the own networks, or at their edge
-- param top integer [1..10000] = 50 : rows to show, the most unencrypted bytes first
-- alias: encryption-status-audit
-- tags: audit, encryption
-- read: nitro is encrypted by the hardware, application by TLS as far as AWS infers it (from port 443 to endpoints), unknown is
--   not logged: Encryption Controls off or AWS does not know. Monitor mode's word is no promise of what enforce mode
--   lets pass
with named as (
    select
        case $by
            when 'service' then service_name(protocol, srcport, dstport, flag_role)
            when 'pair' then srcaddr
            when 'interface' then interface_id
        end as name,
        case when $by = 'pair' then dstaddr end as peer,
        encryption_status,
        bytes
    from flows
    where counted and coalesce(action = 'ACCEPT', true) and is_between($way, src_scope, dst_scope)
),
summed as (
    select
        name,
        peer,
        cast(coalesce(sum(case when encryption_status = 0 then bytes end), 0) as bigint) as clear_bytes,
        cast(coalesce(sum(case when encryption_status in (1, 3) then bytes end), 0) as bigint) as nitro_bytes,
        cast(coalesce(sum(case when encryption_status = 2 then bytes end), 0) as bigint) as application_bytes,
        cast(coalesce(sum(case when encryption_status is null then bytes end), 0) as bigint) as unknown_bytes,
        count(*) filter (where encryption_status = 0) as clear_records,
        count(*) as records
    from named
    group by name, peer
)
select
    name || coalesce(' -> ' || peer, '') as name,
    clear_bytes,
    nitro_bytes,
    application_bytes,
    unknown_bytes,
    clear_records,
    records
from summed
order by clear_bytes desc, clear_records desc, records desc, summed.name nulls last, peer nulls last
limit $top
