-- One row is packets of a VPC, by their ends as a number (`way`), that were rejected at one interface and accepted at that of
-- their sender (`accepted_by`), and when they were.
with ways as (
    select *, hash(vpc_id, protocol, sender_addr, srcport, receiver_addr, dstport) as way
    from flow_ends
    where vpc_id is not null
)
select
    way,
    max(ways.interface_id) as accepted_by,
    min(start_s) as first_let_out_s,
    max(end_s) as last_let_out_s
from ways
join interface_addresses as own on own.interface_id = ways.interface_id and own.address = srcaddr
where action = 'ACCEPT' and way in (select way from ways where action = 'REJECT')
group by way
