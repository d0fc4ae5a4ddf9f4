-- One row is a pair of addresses of packets that an interface logs a second time, as they leave it, having logged them as
-- they came: those that a NAT gateway translates, seen from outside, and those that an appliance forwards. Its records tell
-- (`told_legs`), or, without their fields, it shows as `translating` has it.
with outside as (
    select r.interface_id, r.srcaddr, r.dstaddr
    from records_in_context as r
    join translating on translating.interface_id = r.interface_id and translating.address = r.srcaddr
    where not is_private_address(r.dstaddr)
    group by r.interface_id, r.srcaddr, r.dstaddr
)
select point, sender, receiver from told_legs
union
select interface_id, srcaddr, dstaddr from outside
union
select interface_id, dstaddr, srcaddr from outside
