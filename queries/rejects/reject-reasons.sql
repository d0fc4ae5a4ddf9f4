-- What does AWS say why it rejected: Block Public Access, Encryption Controls, or nothing?
-- counts: rejected records at every interface that logged them, of all kinds
-- needs: action, reject_reason
-- uses: packets, srcaddr, start, end, interface_id
-- tags: reject, overview
-- read: reason BPA is VPC Block Public Access, EC the Encryption Controls of a VPC endpoint; an empty one is any security group or
--   network ACL, and the normal case. Records of BPA have packets but no bytes
select
    reject_reason,
    case reject_reason
        when 'BPA' then 'VPC Block Public Access'
        when 'EC' then 'Encryption Controls of a VPC endpoint'
        else case when reject_reason is null then 'security group or network ACL' end
    end as meaning,
    count(*) as records,
    cast(sum(packets) as bigint) as packets,
    count(distinct interface_id) as interfaces,
    count(distinct srcaddr) as sources,
    to_timestamp(max(coalesce("end", "start"))) as last_time
from flows
where action = 'REJECT'
group by reject_reason
order by records desc, reject_reason nulls last
