-- The bits of a CIDR block's prefix; `most` (32 or 128) for a bare address.
create or replace macro cidr_bits(cidr, most) as
    coalesce(try_cast(regexp_extract(cidr, '/(.*)$', 1) as integer), most);

-- The address that a CIDR block begins with.
create or replace macro cidr_address(cidr) as
    regexp_extract(cidr, '^[^/]*', 0);

-- Whether the text is an IPv4 address or CIDR block. An octet has no leading zeros: some read them as octal.
create or replace macro is_ipv4_cidr(cidr) as
    regexp_matches(
        cidr_address(cidr) || '.',
        '^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])[.]){4}$'
    )
    and regexp_matches(cidr, '^[^/]*(/(3[0-2]|[12]?[0-9]))?$');

-- An IPv6 address as its 32 digits in lower case: '::1' is thirty-one zeros and a one. Dotted quads, which AWS
-- does not write in IPv6 addresses, are not understood.
-- `::` becomes as many colons as complete the seven; each group gets zeros in front, and its last four digits stay.
create or replace macro ipv6_digits(address) as
    regexp_replace(
        replace(
            ':' || replace(
                lower(address),
                '::',
                rpad('', cast(9 - length(address) + length(replace(address, ':', '')) as integer), ':')
            ),
            ':',
            ':0000'
        ),
        ':[0-9a-f]*([0-9a-f]{4})',
        '\1',
        'g'
    );

-- Whether the text is an IPv6 address or CIDR block, written in hexadecimal groups only.
create or replace macro is_ipv6_cidr(cidr) as
    regexp_matches(
        cidr,
        '^(::|(::)?[0-9a-fA-F]{1,4}(::?[0-9a-fA-F]{1,4})*(::)?)(/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))?$'
    )
    and length(ipv6_digits(cidr_address(cidr))) = 32;

-- Whether an address is in the IPv4 network of that prefix length. Its whole octets are compared as text and
-- only the octet that the prefix cuts as a number, where there is one: that is ten times cheaper than four.
create or replace macro in_ipv4_network(address, network, bits) as
    case
        when bits = 32 then address = network
        else
            starts_with(address, regexp_extract(network, '^([0-9]+[.]){' || cast(bits // 8 as varchar) || '}', 0))
            and (bits >= 8 or not contains(address, ':'))
            and (
                bits % 8 = 0
                or (try_cast(split_part(address, '.', bits // 8 + 1) as integer) >> (8 - bits % 8))
                    = (try_cast(split_part(network, '.', bits // 8 + 1) as integer) >> (8 - bits % 8))
            )
    end;

-- The groups that every address of an IPv6 network begins with, however it is abbreviated: those before the first one
-- that is zero or is written with a zero in front, at most four, each with its colon; '' where the prefix covers no
-- whole group.
create or replace macro ipv6_prefix_text(network, bits) as
    regexp_extract(
        lower(network),
        '^([1-9a-f][0-9a-f]*:){0,' || cast(least(bits // 16, 4) as varchar) || '}',
        0
    );

-- What a prefix of that length covers of the hexadecimal digit that it cuts, as a number.
create or replace macro ipv6_cut_digit(digits, bits) as
    (instr('0123456789abcdef', substr(digits, bits // 4 + 1, 1)) - 1) >> (4 - bits % 4);

-- Whether two texts of hexadecimal digits agree in so many bits.
create or replace macro ipv6_digits_agree(digits, others, bits) as
    left(digits, bits // 4) = left(others, bits // 4)
    and (bits % 4 = 0 or ipv6_cut_digit(digits, bits) = ipv6_cut_digit(others, bits));

-- The group that follows that beginning of an IPv6 address, as four digits; zeros where `::` follows.
create or replace macro ipv6_group_after(address, beginning) as
    lpad(regexp_extract(substr(lower(address), length(beginning) + 1), '^[0-9a-f]*', 0), 4, '0');

-- Whether an address is in the IPv6 network of that prefix length.
-- Where the whole groups of the prefix are a text that every address in it begins with, only the group that the prefix
-- cuts is spelled out; else addresses are that begin like the network, or have a zero in front of a group.
create or replace macro in_ipv6_network(address, network, bits) as
    case
        when address is null then null
        when not contains(address, ':') then false
        when starts_with(lower(address), ipv6_prefix_text(network, bits))
            and length(regexp_replace(ipv6_prefix_text(network, bits), '[^:]', '', 'g')) = bits // 16
        then
            bits % 16 = 0
            or ipv6_digits_agree(
                ipv6_group_after(address, ipv6_prefix_text(network, bits)),
                substr(ipv6_digits(network), bits // 16 * 4 + 1, 4),
                bits % 16
            )
        when starts_with(lower(address), ipv6_prefix_text(network, bits))
            or starts_with(address, '0')
            or contains(address, ':0')
        then ipv6_digits_agree(ipv6_digits(address), ipv6_digits(network), bits)
        else false
    end;

-- Whether an address (text, either family) is in a CIDR block; a bare address is a block of one.
-- Null if either is null, false for the other family; a text that is no CIDR block fails the query.
create or replace macro in_cidr(address, cidr) as
    case
        when cidr is null then null
        when is_ipv4_cidr(cidr)
        then in_ipv4_network(address, cidr_address(cidr), cidr_bits(cidr, 32))
        when is_ipv6_cidr(cidr)
        then in_ipv6_network(address, cidr_address(cidr), cidr_bits(cidr, 128))
        else error('not a CIDR block: ' || cidr)
    end;

-- The IANA keyword of a protocol number in lower case; the number as text where it is not a common one.
-- https://www.iana.org/assignments/protocol-numbers
create or replace macro protocol_name(protocol) as
    case protocol
        when 6 then 'tcp'
        when 17 then 'udp'
        when 1 then 'icmp'
        when 58 then 'ipv6-icmp'
        when 0 then 'hopopt'
        when 2 then 'igmp'
        when 4 then 'ipv4'
        when 33 then 'dccp'
        when 41 then 'ipv6'
        when 43 then 'ipv6-route'
        when 44 then 'ipv6-frag'
        when 46 then 'rsvp'
        when 47 then 'gre'
        when 50 then 'esp'
        when 51 then 'ah'
        when 59 then 'ipv6-nonxt'
        when 60 then 'ipv6-opts'
        when 88 then 'eigrp'
        when 89 then 'ospfigp'
        when 103 then 'pim'
        when 112 then 'vrrp'
        when 115 then 'l2tp'
        when 132 then 'sctp'
        when 136 then 'udplite'
        else cast(protocol as varchar)
    end;

-- The names of the flags seen in an interval, openings first: 'SYN,ACK,FIN'; '' for none, null for not logged.
create or replace macro tcp_flag_names(flags) as
    case
        when flags is not null
        then concat_ws(
            ',',
            case when flags & 2 <> 0 then 'SYN' end,
            case when flags & 16 <> 0 then 'ACK' end,
            case when flags & 1 <> 0 then 'FIN' end,
            case when flags & 4 <> 0 then 'RST' end,
            case when flags & 8 <> 0 then 'PSH' end,
            case when flags & 32 <> 0 then 'URG' end
        )
    end;

-- Whether a record with these fields was logged by a transit gateway.
create or replace macro is_tgw(resource_type, tgw_id, tgw_attachment_id) as
    coalesce(resource_type, tgw_id, tgw_attachment_id) is not null;

-- The part that the sender of a TCP record plays by its flags alone: 'client', 'server', or null for unknown.
-- In VPC flow logs ACK is recorded only with SYN. Transit gateway logs record it by itself, so that SYN and ACK in
-- one record may be a client's opening and its later packets, OR-ed together.
create or replace macro flag_role(protocol, tcp_flags, is_tgw) as
    case
        when protocol = 6 and tcp_flags & 18 = 2 then 'client'
        when protocol = 6 and tcp_flags & 18 = 18 and not is_tgw then 'server'
    end;

-- What of an amount falls into the first `elapsed_s` seconds of a record that lasted `length_s`, rounded down. The
-- parts of a record are differences of this, so that they add up exactly; amount times seconds might overflow.
create or replace macro amount_until(amount, elapsed_s, length_s) as
    amount // length_s * elapsed_s + amount % length_s * elapsed_s // length_s;

-- The service that a record belongs to: '443/tcp', or the protocol alone where it has no ports. The service's port is
-- the client's destination and the server's source; with neither known the lower one, which is right about three
-- times in four.
create or replace macro service_name(protocol, srcport, dstport, flag_role) as
    case
        when protocol in (6, 17, 33, 132, 136)
        then cast(
                case flag_role when 'client' then dstport when 'server' then srcport else least(srcport, dstport) end
                as varchar
            )
            || '/' || protocol_name(protocol)
        else protocol_name(protocol)
    end;

-- Where a record was captured: the interface, else the regional NAT gateway, the transit gateway attachment, or at
-- least the VPC.
create or replace macro capture_point(interface_id, resource_id, tgw_attachment_id, vpc_id) as
    coalesce(interface_id, resource_id, tgw_attachment_id, vpc_id);

-- One end of a record as a number, the same for both directions: where it was captured, the address that the
-- interface saw, the one inside the packet, the port.
create or replace macro end_hash(capture_point, protocol, address, pkt_address, port) as
    hash(capture_point, protocol, address, coalesce(pkt_address, address), port);

-- Sender and receiver of a record as one number, another one for the other direction.
create or replace macro way_hash(sender, receiver) as
    hash(sender, receiver);

-- The two ends of a record as one number, the same for both directions: halves, since the sum of two may overflow.
create or replace macro pair_hash(sender, receiver) as
    sender // 2 + receiver // 2;

-- Whether an address is in a range that never crosses the internet: RFC 1918, shared (100.64.0.0/10) and unique local.
create or replace macro is_private_address(address) as
    regexp_matches(
        address,
        '^(10[.]|192[.]168[.]|172[.](1[6-9]|2[0-9]|3[01])[.]|100[.](6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])[.]|[fF][cdCD])'
    );

-- Whether an address is none of a single host on the internet or in a private network: link-local, multicast,
-- loopback, unspecified, broadcast.
create or replace macro is_special_address(address) as
    regexp_matches(address, '^(0[.]|127[.]|169[.]254[.]|22[4-9][.]|23[0-9][.]|24[0-9][.]|25[0-5][.]|[fF][eE][89abAB]|[fF][fF]|::1?$)');

-- What is at a traffic path (egress only), in words. https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
create or replace macro path_name(traffic_path) as
    case traffic_path
        when 1 then 'same VPC'
        when 2 then 'internet gateway or gateway endpoint'
        when 3 then 'virtual private gateway'
        when 4 then 'peering in the Region'
        when 5 then 'peering between Regions'
        when 6 then 'Local or Wavelength Zone'
        when 7 then 'gateway endpoint'
        when 8 then 'internet gateway'
    end;

-- Whether a record is of a health check by what it says itself: Route 53's checkers by AWS's name for their addresses,
-- and the few packets that a Network Load Balancer's interface exchanges with a private address, in a VPC, each time.
create or replace macro is_health_check_record(
    interface_type, next_hop_interface_type, src_service, dst_service, srcaddr, dstaddr, packets, bytes
) as
    coalesce(src_service like 'ROUTE53_HEALTHCHECKS%', false)
    or coalesce(dst_service like 'ROUTE53_HEALTHCHECKS%', false)
    or (
        coalesce('network_load_balancer' in (interface_type, next_hop_interface_type), false)
        and is_private_address(srcaddr)
        and is_private_address(dstaddr)
        and packets <= 10
        and bytes <= 1200
    );

-- What kind of reject a record is, as far as it tells itself: 'attempt' (SYN without ACK) and 'unknown' (no flags logged,
-- or no TCP) are what was kept out or may have been; 'stray' packets belong to connections opened before, or to none.
create or replace macro own_reject_kind(action, protocol, tcp_flags) as
    case
        when action <> 'REJECT' or action is null then null
        when protocol <> 6 or tcp_flags is null then 'unknown'
        when tcp_flags & 18 = 2 then 'attempt'
        else 'stray'
    end;

-- The 64 leading bits of an IPv6 address as text, null for IPv4: what a subnet of a VPC has in common.
create or replace macro ipv6_network_64(address) as
    case when contains(address, ':') then left(ipv6_digits(address), 16) end;

-- What an address is to the VPC: 'vpc' if it is one of its own, else by AWS's name for it and its range.
create or replace macro address_scope(address, aws_service, is_own) as
    case
        when address is null then null
        when is_special_address(address) then 'special'
        when is_own then 'vpc'
        when is_private_address(address) then 'private'
        when aws_service is not null then 'aws'
        else 'internet'
    end;

-- The part a sender plays by what other records of the same addresses and ports say of it: the one that all say, or, where
-- the two have changed places, the last one said before this record. Null if none does.
create or replace macro paired_role(as_client, as_server, last_as_client, last_as_server, start_s) as
    case
        when as_client > 0 and as_server = 0 then 'client'
        when as_server > 0 and as_client = 0 then 'server'
        when last_as_client > last_as_server and last_as_client <= start_s then 'client'
        when last_as_server > last_as_client and last_as_server <= start_s then 'server'
    end;

-- The part a sender plays by the services known in the store: the side that sent SYN-ACK elsewhere is the server.
create or replace macro known_service_role(own_syn_acks, other_syn_acks) as
    case
        when coalesce(own_syn_acks, 0) > 0 and coalesce(other_syn_acks, 0) = 0 then 'server'
        when coalesce(own_syn_acks, 0) = 0 and coalesce(other_syn_acks, 0) > 0 then 'client'
    end;

-- The part a sender plays by fan-in: the side whose port met more ports than the other's is the server.
create or replace macro fan_in_role(own_peer_ports, other_peer_ports) as
    case
        when coalesce(own_peer_ports, 1) > coalesce(other_peer_ports, 1) then 'server'
        when coalesce(own_peer_ports, 1) < coalesce(other_peer_ports, 1) then 'client'
    end;

-- The part a sender plays if the lower port is the service's: a guess.
create or replace macro port_role(own_port, other_port) as
    case when own_port < other_port then 'server' when own_port > other_port then 'client' end;

-- Whether the interface itself is the sender of a record's packets (else it is the receiver): by flow_direction, else by
-- its own addresses; null if neither tells.
create or replace macro is_sent_here(flow_direction, srcaddr, dstaddr, own_ipv4, own_ipv6) as
    case
        when flow_direction is not null then flow_direction = 'egress'
        when srcaddr in (own_ipv4, own_ipv6) and dstaddr in (own_ipv4, own_ipv6) then null
        when srcaddr in (own_ipv4, own_ipv6) then true
        when dstaddr in (own_ipv4, own_ipv6) then false
    end;

-- Whether an interface only passes packets on: those inside have another address on its side. Secondary addresses (pods)
-- are the interface's own; they come from its subnet, whose first three octets they mostly share.
create or replace macro is_passed_on(is_tgw, address, pkt_address) as
    is_tgw
    or coalesce(
        pkt_address <> address
        and regexp_extract(pkt_address, '^([0-9]+[.]){3}|^([0-9a-fA-F]+:){4}', 0)
            <> regexp_extract(address, '^([0-9]+[.]){3}|^([0-9a-fA-F]+:){4}', 0),
        false
    );

-- Which end of a record is the local one: 'src', 'dst', or null where it is unknown or the interface passes packets on.
create or replace macro local_end(
    is_tgw, flow_direction, srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr, own_ipv4, own_ipv6
) as
    case
        when is_sent_here(flow_direction, srcaddr, dstaddr, own_ipv4, own_ipv6)
            and not is_passed_on(is_tgw, srcaddr, pkt_srcaddr)
        then 'src'
        when not is_sent_here(flow_direction, srcaddr, dstaddr, own_ipv4, own_ipv6)
            and not is_passed_on(is_tgw, dstaddr, pkt_dstaddr)
        then 'dst'
    end;

-- How long a conversation may be silent before the next packets of the same addresses and ports are another one, where no
-- flags tell: what security groups wait for UDP and ICMP, an hour for TCP.
create or replace macro silence_s(protocol) as
    case when protocol = 6 then 3600 when protocol = 17 then 180 when protocol in (1, 58) then 60 else 600 end;

-- 'ACCEPT', 'REJECT', or 'MIXED': AWS writes a record for each action of an interval. Null if none was logged.
create or replace macro action_of(is_accepted, is_rejected) as
    case
        when is_accepted and is_rejected then 'MIXED'
        when is_accepted then 'ACCEPT'
        when is_rejected then 'REJECT'
    end;

-- What a record shows of a conversation, as bits that can be put together with those of others: who is heard (1 forward, 2
-- back), accepted (4, 8), rejected (16, 32), opens (64, 128), answers an opening (256, 512); 1024 at an interface; from
-- 4096 on the forward flags and above them 64 for that they were logged, and from 524288 on those back.
create or replace macro seen_marks(is_forward, action, flag_role, tcp_flags, interface_id) as
    case
        when is_forward
        then 1
            + case action when 'ACCEPT' then 4 when 'REJECT' then 16 else 0 end
            + case flag_role when 'client' then 64 when 'server' then 256 else 0 end
            + coalesce(64 + (tcp_flags & 63), 0) * 4096
        else 2
            + case action when 'ACCEPT' then 8 when 'REJECT' then 32 else 0 end
            + case flag_role when 'client' then 128 when 'server' then 512 else 0 end
            + coalesce(64 + (tcp_flags & 63), 0) * 524288
    end
    + case when interface_id is not null then 1024 else 0 end;

-- The flags of one direction in such marks; null if none were logged.
create or replace macro seen_flags(marks, is_forward) as
    case
        when is_forward then case when marks & 262144 <> 0 then marks // 4096 & 63 end
        when marks & 33554432 <> 0 then marks // 524288 & 63
    end;

-- Whether packets of one side, unanswered, can be no more than attempts to open: SYN alone, or nothing that tells otherwise
-- and no payload. Other TCP packets belong to a conversation whose other side is not seen here.
create or replace macro is_bare_opening(protocol, flags, packets, bytes) as
    protocol <> 6
    or (
        coalesce(flags & 18 = 2 and flags & 1 = 0, flags is null)
        and coalesce(packets <= 14, true)
        and coalesce(bytes <= packets * 120, true)
    );

-- The state of a TCP conversation as Zeek names it, from the flags of both sides, OR-ed over all its time; null without
-- flags, and where a missing answer proves nothing.
-- https://docs.zeek.org/en/master/scripts/base/protocols/conn/main.zeek.html
create or replace macro zeek_state(protocol, outcome, has_client, has_server, client_flags, server_flags) as
    case
        when protocol <> 6 or coalesce(client_flags, server_flags) is null then null
        when outcome in ('rejected', 'not decidable', 'dropped by NAT') then null
        when not has_server and outcome = 'silent' and client_flags & 4 <> 0 then 'RSTOS0'
        when not has_server and outcome = 'silent' then 'S0'
        when not has_server and client_flags & 3 = 3 then 'SH'
        when not has_client and server_flags & 22 = 22 then 'RSTRH'
        when not has_client and server_flags & 19 = 19 then 'SHR'
        when not has_client or not has_server or client_flags & 2 = 0 then 'OTH'
        when server_flags & 22 = 4 then 'REJ'
        when server_flags & 18 <> 18 then 'OTH'
        when client_flags & server_flags & 1 = 1 then 'SF'
        when server_flags & 4 <> 0 then 'RSTR'
        when client_flags & 4 <> 0 then 'RSTO'
        when client_flags & 1 <> 0 then 'S2'
        when server_flags & 1 <> 0 then 'S3'
        else 'S1'
    end;

-- What kind of reject a TCP record with flags is: 'attempt' (an opening), 'reply' (the answer to an accepted opening), 'late'
-- (after FIN or RST), 'expired' (in the midst of a connection, after a silence or out of nothing), 'backscatter' (the answer
-- to an opening that was not seen here), 'unknown' (in the midst of a connection that went on all the time). `own` are the
-- accepted records of the same direction, `other` those of the other one.
create or replace macro tcp_reject_kind(
    tcp_flags, start_s, end_s, own_accepted_s, other_accepted_s, last_accepted_s, other_opened_s, closed_s
) as
    case
        when tcp_flags & 18 = 2 then 'attempt'
        when closed_s <= end_s and tcp_flags & 2 = 0 then 'late'
        when other_opened_s <= end_s and (tcp_flags & 18 = 18 or own_accepted_s is null) then 'reply'
        when tcp_flags & 2 <> 0 then 'backscatter'
        when coalesce(own_accepted_s, other_accepted_s) is null
        then case when tcp_flags & 4 <> 0 then 'backscatter' else 'expired' end
        when start_s - last_accepted_s > 350 then 'expired'
        when own_accepted_s is null then 'reply'
        else 'unknown'
    end;

-- Which filter can have rejected a record.
create or replace macro rejecting_filter(reject_reason, kind, is_one_subnet) as
    case
        when reject_reason = 'BPA' then 'block-public-access'
        when reject_reason = 'EC' then 'encryption-controls'
        when kind = 'reply' and not is_one_subnet then 'network-acl'
        when is_one_subnet and kind in ('attempt', 'unknown') then 'security-group'
        else 'security-group-or-network-acl'
    end;

-- What of an amount falls into a bin of `bin_s` seconds, the one of that number since 1970, if it is spread evenly between
-- `first_s` and `last_s`; all of it for a record of no length. The parts add up exactly: see `amount_until`.
create or replace macro amount_in_bin(amount, first_s, last_s, bin, bin_s) as
    case
        when last_s <= first_s then amount
        else
            amount_until(amount, least((bin + 1) * bin_s - first_s, last_s - first_s), last_s - first_s)
            - amount_until(amount, greatest(bin * bin_s - first_s, 0), last_s - first_s)
    end;

-- The last bin that a record touches: one that ends where a bin ends has nothing in the next.
create or replace macro last_bin(first_s, last_s, bin_s) as
    greatest(first_s, last_s - 1) // bin_s;

-- Whether a service is one of a named kind, by its port.
create or replace macro is_service_of(kind, protocol, port) as
    case kind
        when 'any' then true
        when 'ssh-rdp' then port in (22, 3389)
        when 'admin' then port in (22, 23, 135, 139, 445, 623, 2375, 2376, 3389, 5900, 5985, 5986, 6443, 10250)
        when 'database'
        then port in (1433, 1521, 2049, 3306, 5432, 5439, 6379, 7000, 8182, 9042, 9200, 11211, 27017, 50000)
        when 'cleartext' then protocol = 6 and port in (21, 23, 80, 110, 143, 389)
    end;

-- How strong the evidence is by which the client of a conversation is known, 1 the strongest: see `conversations`.
create or replace macro evidence_rank(evidence) as
    case evidence
        when 'syn' then 1
        when 'syn-ack' then 2
        when 'paired' then 3
        when 'known-service' then 4
        when 'fan-in' then 5
        when 'port-guess' then 6
        else 7
    end;

-- The evidence of that rank.
create or replace macro evidence_of_rank(place) as
    case place
        when 1 then 'syn'
        when 2 then 'syn-ack'
        when 3 then 'paired'
        when 4 then 'known-service'
        when 5 then 'fan-in'
        when 6 then 'port-guess'
        else 'unknown'
    end;

-- Whether traffic between addresses of these scopes (see `address_scope`) is of a named kind: 'inside' between two of the
-- own networks, 'out' from there to the internet, 'in' the other way.
create or replace macro is_between(kind, src_scope, dst_scope) as
    case kind
        when 'any' then true
        when 'inside' then src_scope in ('vpc', 'private') and dst_scope in ('vpc', 'private')
        when 'out' then src_scope in ('vpc', 'private') and dst_scope in ('internet', 'aws')
        when 'in' then src_scope in ('internet', 'aws') and dst_scope in ('vpc', 'private')
    end;

-- An address and a port in one text: '10.0.0.1:443', '[2001:db8::1]:443', the address alone without a port (ICMP).
create or replace macro endpoint_name(address, port) as
    case
        when port is null or port = 0 then address
        when contains(address, ':') then '[' || address || ']:' || cast(port as varchar)
        else address || ':' || cast(port as varchar)
    end;

-- Whether records come by the clock: evenly many in each minute, or one after equally many minutes, or, where AWS writes the
-- records of ten minutes with one time, evenly many each time. `squares` is the sum of the squares of the number in each of
-- the `filled` minutes, `gap_squares` that of the minutes between these. What comes by chance varies as much as its mean
-- (Poisson), and the gaps in it as much as they are long.
create or replace macro is_by_the_clock(records, minutes, squares, filled, gaps, gap_squares) as
    squares * minutes - records * records < 0.5 * records * minutes
    or (
        gap_squares * (filled - 1) - gaps * gaps < 0.15 * gaps * gaps
        and case
            when records <= filled * 1.2 then gaps >= 2 * (filled - 1)
            else
                gaps >= 8 * (filled - 1)
                and filled >= 3
                and squares * filled - records * records < 0.25 * records * filled
        end
    );
