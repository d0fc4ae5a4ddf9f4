-- One row is a record of the window, and the attempt that its packets belong to.
with ends as (
    select
        pair_hash(
            end_hash('', protocol, coalesce(pkt_srcaddr, srcaddr), coalesce(pkt_srcaddr, srcaddr), srcport),
            end_hash('', protocol, coalesce(pkt_dstaddr, dstaddr), coalesce(pkt_dstaddr, dstaddr), dstport)
        ) as pair,
        coalesce(pkt_srcaddr, srcaddr) as sender_addr,
        coalesce("start", "end") as start_s,
        coalesce("end", "start") as end_s,
        action,
        bytes,
        counted,
        capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id) as point
    from flows
)
select
    ends.pair,
    start_s,
    end_s,
    action,
    bytes,
    counted,
    point,
    attempts.part,
    attempts.opener,
    attempts.protocol,
    attempts.server_port,
    attempts.answered,
    sender_addr = client_addr as is_to_server
from ends
join attempts
    on attempts.pair = ends.pair and ends.start_s >= attempts.first_s and ends.start_s <= attempts.last_s
