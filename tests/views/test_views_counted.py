from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

Record = dict[str, Any]
Ask = Callable[[Sequence[Record], str], list[tuple[Any, ...]]]

HOUR = 1_700_006_400
SUMMED = "select sum(bytes) filter (counted), count(*) filter (not counted) from flows"


@pytest.fixture
def ask(ask: Callable[[str, Sequence[Record]], list[tuple[Any, ...]]]) -> Ask:
    """Records first: there are more of them."""
    return lambda records, sql: ask(sql, records)


def sent(way: str, interface: str | None, size: int = 1, **more: Any) -> Record:
    """A record of '10.0.0.1 > 10.0.0.2'; '10.0.0.1 (10.9.9.9) > ...' gives the packet's own address."""
    ends = {}
    for side, text in zip(("src", "dst"), way.split(" > "), strict=True):
        address, _, packet = text.partition(" (")
        ends |= {f"{side}addr": address, f"pkt_{side}addr": packet.rstrip(")") or address}
    return {
        "interface_id": interface,
        "log_status": "OK",
        "action": "ACCEPT",
        "bytes": size,
        "start": HOUR,
        "end": HOUR + 30,
        **ends,
        **more,
    }


def at(interface: str, address: str, **more: Any) -> list[Record]:
    """What makes the address the interface's own: another peer, with no bytes."""
    return [sent(f"{address} > 192.0.2.{n}", interface, 0, **more) for n in (1, 2)]


ONE, TWO = at("eni-1", "10.0.0.1"), at("eni-2", "10.0.0.2")


def test_between_two_interfaces_the_sender_counts(ask: Ask) -> None:
    records = [
        *(sent("10.0.0.1 > 10.0.0.2", interface, 1000) for interface in ("eni-1", "eni-2")),
        *(sent("10.0.0.2 > 10.0.0.1", interface, 70) for interface in ("eni-1", "eni-2")),
        *ONE,
        *TWO,
    ]
    assert ask(records, SUMMED) == [(1070, 2)]
    sql = "select interface_id, bytes, second_view_of from flows where bytes > 0 order by all"
    assert ask(records, sql) == [
        ("eni-1", 70, "sender"),
        ("eni-1", 1000, None),
        ("eni-2", 70, None),
        ("eni-2", 1000, "sender"),
    ]


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        (ONE, 0),
        ([], 5),
        (at("eni-1", "10.0.0.1", start=HOUR + 3600), 5),
        (at("eni-1", "10.0.0.1", vpc_id="vpc-b"), 5),
        (at("eni-1", "10.0.0.1", vpc_id="vpc-a"), 0),
        (at("eni-1", "10.0.0.1", action="REJECT", load_id=7, flow_log_id="fl-7"), 5),
    ],
    ids=["logged", "not logged", "in another hour", "in another VPC", "in this VPC", "rejects only"],
)
def test_the_receiver_counts_where_the_sender_is_not_logged(
    ask: Ask, owner: list[Record], expected: int
) -> None:
    received = sent("10.0.0.1 > 10.0.0.2", "eni-2", 5, vpc_id="vpc-a")
    if owner == ONE:
        received["vpc_id"] = None
    assert ask([received, *TWO, *owner], SUMMED)[0][0] == expected


def test_an_address_that_two_vpcs_have_is_told_apart(ask: Ask) -> None:
    pairs = [("vpc-a", "eni-1", "eni-2"), ("vpc-b", "eni-3", "eni-4")]
    records = []
    for vpc, sender, receiver in pairs:
        records += [sent("10.0.0.1 > 10.0.0.2", at_, 10, vpc_id=vpc) for at_ in (sender, receiver)]
        records += [*at(sender, "10.0.0.1", vpc_id=vpc), *at(receiver, "10.0.0.2", vpc_id=vpc)]
    assert ask(records, SUMMED) == [(20, 2)]


def across(sender_peers: list[Record]) -> list[Record]:
    """What 10.0.0.1 of vpc-a sends to 10.8.0.2 of vpc-b, as both ends log it."""
    return [
        sent("10.0.0.1 > 10.8.0.2", "eni-1", 10, vpc_id="vpc-a"),
        sent("10.0.0.1 > 10.8.0.2", "eni-2", 10, vpc_id="vpc-b"),
        *at("eni-2", "10.8.0.2", vpc_id="vpc-b"),
        *sender_peers,
    ]


def test_between_vpcs_the_sender_counts_if_it_logged_the_pair(ask: Ask) -> None:
    assert ask(across(at("eni-1", "10.0.0.1", vpc_id="vpc-a")), SUMMED) == [(10, 1)]
    assert ask(across([])[1:], SUMMED) == [(10, 0)]
    # Another VPC has the same address, and sends to its own 10.8.0.2.
    twins = [
        sent("10.0.0.1 > 10.8.0.2", "eni-3", 10, vpc_id="vpc-c"),
        *at("eni-3", "10.0.0.1", vpc_id="vpc-c"),
        *at("eni-4", "10.8.0.2", vpc_id="vpc-c"),
    ]
    assert ask([*across([])[1:], *twins], SUMMED) == [(20, 0)]


def test_equal_records_are_all_counted(ask: Ask) -> None:
    minimal = {"srcaddr": "10.0.0.1", "dstaddr": "10.0.0.2", "bytes": 7}
    assert ask([minimal, dict(minimal)], SUMMED) == [(14, 0)]


def test_interfaces_that_log_the_same_are_no_relays(ask: Ask) -> None:
    """Each sends at the same times as much to the same peers, by equal ports, and nobody hears of any of them."""
    records = [
        sent(f"10.0.0.{n} > 10.0.1.{peer}", f"eni-{n}", 100 + peer)
        | {"srcport": 40_000 + peer, "dstport": 443, "protocol": 6, "packets": 3}
        | {"pkt_srcaddr": None, "pkt_dstaddr": None}
        for n in range(1, 4)
        for peer in range(1, 6)
    ]
    assert ask(records, SUMMED) == [(3 * 515, 0)]


def log(name: str, load_id: int, *records: Record) -> list[Record]:
    return [record | {"flow_log_id": name, "load_id": load_id} for record in records]


A, R = sent("10.0.0.1 > 192.0.2.1", "eni-1", 100), sent("192.0.2.1 > 10.0.0.1", "eni-1", 1, action="REJECT")


@pytest.mark.parametrize(
    ("logs", "expected"),
    [
        ([log("fl-a", 1, A, R), log("fl-b", 2, A)], {"fl-a"}),
        ([log("fl-a", 1, R), log("fl-b", 2, A, R)], {"fl-b"}),
        ([log("fl-a", 1, A), log("fl-b", 2, R)], {"fl-a", "fl-b"}),
        ([log("fl-a", 1, A, R), log("fl-b", 2, A, A, R, R)], {"fl-b"}),
        ([log("fl-a", 1, A, R), log("fl-b", 2, A, R)], {"fl-a"}),
        ([log("fl-a", 1, A, R), log("fl-a", 2, A, R)], {"fl-a"}),
        (
            [log("fl-a", 1, A, R), log("fl-b", 2, *(r | {"start": HOUR + 3600} for r in (A, R)))],
            {"fl-a", "fl-b"},
        ),
        (
            [log("fl-a", 1, A, R), log("fl-b", 2, *(r | {"interface_id": "eni-2"} for r in (A, R)))],
            {"fl-a", "fl-b"},
        ),
    ],
    ids=[
        "all before accepts",
        "all before rejects",
        "one of each action",
        "the finer interval",
        "the first by name",
        "two objects of one",
        "hours apart",
        "two interfaces",
    ],
)
def test_of_overlapping_flow_logs_one_counts_an_hour(
    ask: Ask, logs: list[list[Record]], expected: set[str]
) -> None:
    records = [record for one in logs for record in one]
    sql = "select flow_log_id, bool_and(counted), bool_or(counted) from flows group by all"
    rows = ask(records, sql)
    assert {name for name, _, some in rows if some} == expected
    assert all(every == some for _, every, some in rows)


def test_of_a_nat_gateway_the_inside_leg_counts(ask: Ask) -> None:
    # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html, with bytes
    nat = [
        sent("10.0.1.5 > 10.0.0.220 (203.0.113.5)", "eni-nat", 100),
        sent("10.0.0.220 > 203.0.113.5", "eni-nat", 100),
        sent("203.0.113.5 > 10.0.0.220", "eni-nat", 7),
        sent("10.0.0.220 (203.0.113.5) > 10.0.1.5", "eni-nat", 7),
    ]
    assert ask(nat, SUMMED) == [(107, 2)]
    assert ask(nat, "select srcaddr, pkt_dstaddr from flows where second_view_of = 'leg' order by 1") == [
        ("10.0.0.220", "203.0.113.5"),
        ("203.0.113.5", "10.0.0.220"),
    ]
    host = [
        sent("10.0.1.5 > 203.0.113.5", "eni-host", 100),
        sent("203.0.113.5 > 10.0.1.5", "eni-host", 7),
        *at("eni-host", "10.0.1.5"),
    ]
    assert ask([*nat, *host], SUMMED) == [(107, 4)]
    assert ask([*nat, *host], "select distinct interface_id from flows where counted") == [("eni-host",)]


def test_of_a_nat_gateway_the_inside_leg_counts_until_the_host_logs_it(ask: Ask) -> None:
    # A host with one peer: its address is not known, but that it logs the packets as they are tells enough.
    nat = [
        sent("10.0.1.5 > 10.0.0.220 (203.0.113.5)", "eni-nat", 100),
        sent("10.0.0.220 > 203.0.113.5", "eni-nat", 100),
        sent("203.0.113.5 > 10.0.0.220", "eni-nat", 7),
        sent("10.0.0.220 (203.0.113.5) > 10.0.1.5", "eni-nat", 7),
    ]
    host = [sent("10.0.1.5 > 203.0.113.5", "eni-host", 100), sent("203.0.113.5 > 10.0.1.5", "eni-host", 7)]
    assert ask([*nat, *host], SUMMED) == [(107, 4)]
    sql = "select srcaddr, second_view_of from flows where interface_id = 'eni-nat' order by all"
    assert ask([*nat, *host], sql) == [
        ("10.0.0.220", "leg"),
        ("10.0.0.220", "receiver"),
        ("10.0.1.5", "sender"),
        ("203.0.113.5", "leg"),
    ]
    assert ask([*nat, *host], "select count(*) from flows where counted and may_be_twice") == [(0,)]
    elsewhere = [record | {"vpc_id": "vpc-b"} for record in host]
    inside = [record | {"vpc_id": "vpc-a"} for record in nat]
    assert ask([*inside, *elsewhere], SUMMED) == [(214, 2)]
    later = [record | {"start": HOUR + 7200, "end": HOUR + 7230} for record in host]
    assert ask([*nat, *later], SUMMED) == [(214, 2)]
    without_times = [record | {"start": None, "end": None} for record in [*nat, *host]]
    assert ask(without_times, SUMMED) == [(107, 4)]


def test_of_a_regional_nat_gateway_the_inside_leg_counts_until_the_host_logs_it(ask: Ask) -> None:
    def translated(way: str, size: int) -> Record:
        return sent(way, None, size, resource_id="nat-1234567890abcdef")

    nat = [
        translated("10.0.1.5 > 203.0.113.5", 100),
        translated("107.22.182.139 > 203.0.113.5", 100),
        translated("203.0.113.5 > 107.22.182.139", 7),
        translated("203.0.113.5 > 10.0.1.5", 7),
    ]
    host = [sent("10.0.1.5 > 203.0.113.5", "eni-host", 100), sent("203.0.113.5 > 10.0.1.5", "eni-host", 7)]
    assert ask(nat, SUMMED) == [(107, 2)]
    assert ask([*nat, *host], SUMMED) == [(107, 4)]
    assert ask(without_packets(*nat, *host), SUMMED) == [(107, 4)]
    sql = "select srcaddr, dstaddr, second_view_of from flows where resource_id is not null order by all"
    assert ask([*nat, *host], sql) == [
        ("10.0.1.5", "203.0.113.5", "sender"),
        ("107.22.182.139", "203.0.113.5", "leg"),
        ("203.0.113.5", "10.0.1.5", "receiver"),
        ("203.0.113.5", "107.22.182.139", "leg"),
    ]
    # What nobody inside asked for has one leg only.
    assert ask([*nat, translated("198.51.100.9 > 107.22.182.139", 60)], SUMMED) == [(167, 2)]


def without_packets(*records: Record, **more: Any) -> list[Record]:
    """The same records in a log format without pkt-srcaddr and pkt-dstaddr."""
    return [record | {"pkt_srcaddr": None, "pkt_dstaddr": None, **more} for record in records]


def tcp(way: str, interface: str, ports: str, size: int, **more: Any) -> Record:
    """A TCP record; `ports` is '40000 > 443'."""
    srcport, dstport = map(int, ports.split(" > "))
    return sent(
        way, interface, size, packets=size // 100, protocol=6, srcport=srcport, dstport=dstport, **more
    )


def through_nat(host: str, host_port: int, nat_port: int, size: int) -> list[Record]:
    """What a NAT gateway logs of a connection to 203.0.113.5, request and answer of half the size, on both legs."""
    there, back = f"{host_port} > 443", f"443 > {host_port}"
    return [
        tcp(f"{host} > 10.0.0.220", "eni-nat", there, size),
        tcp("10.0.0.220 > 203.0.113.5", "eni-nat", f"{nat_port} > 443", size),
        tcp("203.0.113.5 > 10.0.0.220", "eni-nat", f"443 > {nat_port}", size // 2),
        tcp(f"10.0.0.220 > {host}", "eni-nat", back, size // 2),
    ]


def test_a_nat_gateway_shows_without_the_packets_addresses(ask: Ask) -> None:
    connections = [through_nat("10.0.1.5", 40_000 + n, 9_000 + n, 1000 + 200 * n) for n in range(3)]
    nat = without_packets(*(record for one in connections for record in one))
    total = sum(1000 + 200 * n + 500 + 100 * n for n in range(3))
    assert ask(nat, SUMMED) == [(total, 6)]
    # Whoever tries to get in from outside is no leg of anything.
    unsolicited = without_packets(tcp("198.51.100.9 > 10.0.0.220", "eni-nat", "50000 > 22", 60))
    assert ask([*nat, *unsolicited], SUMMED) == [(total + 60, 6)]
    host = [
        record
        for n in range(3)
        for record in (
            tcp("10.0.1.5 > 203.0.113.5", "eni-host", f"{40_000 + n} > 443", 1000 + 200 * n),
            tcp("203.0.113.5 > 10.0.1.5", "eni-host", f"443 > {40_000 + n}", 500 + 100 * n),
        )
    ]
    logged_too = [*nat, *without_packets(*host, *at("eni-host", "10.0.1.5"))]
    assert ask(logged_too, SUMMED) == [(total, 12)]
    assert ask(logged_too, "select distinct interface_id from flows where counted") == [("eni-host",)]


def test_a_proxy_does_not_look_like_a_nat_gateway(ask: Ask) -> None:
    records = without_packets(
        *(tcp("10.0.1.5 > 10.0.0.220", "eni-proxy", f"{40_000 + n} > 443", 1000 + 200 * n) for n in range(9)),
        *(
            tcp("10.0.0.220 > 203.0.113.5", "eni-proxy", f"{9_000 + n} > 443", 1700 + 300 * n)
            for n in range(9)
        ),
        *at("eni-proxy", "10.0.0.220"),
    )
    assert ask(records, SUMMED)[0][1] == 0


def test_pods_whose_address_is_nobodys_primary_one_count_once(ask: Ask) -> None:
    way, primary = "10.0.0.77 > 10.0.0.2", "10.0.0.5 > 10.0.0.2"
    at_receiver = [tcp(way, "eni-2", f"{40_000 + n} > 443", 900 + 100 * n) for n in range(4)]
    at_node = [tcp(primary, "eni-node", f"{40_000 + n} > 443", 900 + 100 * n) for n in range(4)]
    total = sum(900 + 100 * n for n in range(4))
    plain = without_packets(*at_receiver, *at_node, *at("eni-node", "10.0.0.5"), *TWO)
    assert ask(plain, SUMMED) == [(total, 4)]
    told = [record | {"pkt_srcaddr": "10.0.0.77"} for record in at_node]
    assert ask([*at_receiver, *told, *at("eni-node", "10.0.0.5"), *TWO], SUMMED) == [(total, 4)]
    # Through the NAT gateway, the gateway knows the pod and the node the primary address only.
    nat = [sent("10.0.0.77 > 10.0.0.220 (203.0.113.5)", "eni-nat", 50)]
    node = [sent("10.0.0.5 (10.0.0.77) > 203.0.113.5", "eni-node", 50), *at("eni-node", "10.0.0.5")]
    assert ask([*nat, *node], SUMMED) == [(50, 1)]


def test_flow_direction_tells_whose_an_address_is_with_one_peer(ask: Ask) -> None:
    records = [
        sent("10.0.0.1 > 10.0.0.2", "eni-1", 9, flow_direction="egress"),
        sent("10.0.0.1 > 10.0.0.2", "eni-2", 9, flow_direction="ingress"),
    ]
    assert ask(records, SUMMED) == [(9, 1)]


def test_a_transit_gateway_shows_without_the_packets_addresses(ask: Ask) -> None:
    records = [
        record
        for n in range(4)
        for record in (
            tcp("10.1.0.1 > 10.2.0.2", "eni-1", f"{40_000 + n} > 443", 900 + 100 * n),
            tcp("10.1.0.1 > 10.1.9.9", "eni-in", f"{40_000 + n} > 443", 900 + 100 * n),
            tcp("10.2.9.9 > 10.2.0.2", "eni-out", f"{40_000 + n} > 443", 900 + 100 * n),
            tcp("10.1.0.1 > 10.2.0.2", "eni-2", f"{40_000 + n} > 443", 900 + 100 * n),
        )
    ]
    own = [*at("eni-1", "10.1.0.1"), *at("eni-out", "10.2.9.9"), *at("eni-2", "10.2.0.2")]
    plain = without_packets(*records, *own)
    assert ask(plain, SUMMED)[0][0] == sum(900 + 100 * n for n in range(4))
    assert ask(plain, "select distinct interface_id from flows where counted and bytes > 0") == [("eni-1",)]


def test_what_passes_another_vpcs_nat_gateway_counts_at_the_host(ask: Ask) -> None:
    host = [
        sent("10.1.0.5 > 203.0.113.5", "eni-host", 100, vpc_id="vpc-data"),
        sent("203.0.113.5 > 10.1.0.5", "eni-host", 7, vpc_id="vpc-data"),
        *at("eni-host", "10.1.0.5", vpc_id="vpc-data"),
    ]
    others = [
        sent("10.1.0.5 > 10.1.9.9 (203.0.113.5)", "eni-tgw-1", 100, vpc_id="vpc-data"),
        sent("10.2.9.9 (10.1.0.5) > 203.0.113.5", "eni-tgw-2", 100, vpc_id="vpc-egress"),
        sent("10.1.0.5 > 10.2.0.220 (203.0.113.5)", "eni-nat", 100, vpc_id="vpc-egress"),
        sent("10.2.0.220 > 203.0.113.5", "eni-nat", 100, vpc_id="vpc-egress"),
        sent("203.0.113.5 > 10.2.0.220", "eni-nat", 7, vpc_id="vpc-egress"),
        sent("10.2.0.220 (203.0.113.5) > 10.1.0.5", "eni-nat", 7, vpc_id="vpc-egress"),
        sent("203.0.113.5 > 10.2.9.9 (10.1.0.5)", "eni-tgw-2", 7, vpc_id="vpc-egress"),
        sent("10.1.9.9 (203.0.113.5) > 10.1.0.5", "eni-tgw-1", 7, vpc_id="vpc-data"),
    ]
    assert ask([*host, *others], SUMMED) == [(107, 8)]
    plain = [record | {"vpc_id": None} for record in (*host, *others)]
    assert ask(plain, SUMMED) == [(107, 8)]


def test_what_an_appliance_sends_on_counts_once(ask: Ask) -> None:
    records = [
        sent("10.0.0.1 > 10.0.5.5 (10.0.0.2)", "eni-fw", 50),
        sent("10.0.5.5 (10.0.0.1) > 10.0.0.2", "eni-fw", 50),
    ]
    assert ask(records, SUMMED) == [(50, 1)]
    ends = [sent("10.0.0.1 > 10.0.0.2", "eni-2", 50)]
    assert ask([*records, *ends], SUMMED) == [(50, 2)]


def test_between_pods_the_sender_counts(ask: Ask) -> None:
    records = [
        sent("10.0.0.1 (10.0.0.77) > 10.0.0.88", "eni-1", 30),
        sent("10.0.0.77 > 10.0.0.2 (10.0.0.88)", "eni-2", 30),
    ]
    assert ask([*records, *ONE, *TWO], SUMMED) == [(30, 1)]
    named = "select distinct interface_id from flows where counted and bytes > 0"
    assert ask([*records, *ONE, *TWO], named) == [("eni-1",)]


def test_what_pods_receive_and_send_counts(ask: Ask) -> None:
    records = [
        sent("192.0.2.9 > 10.0.0.1 (10.0.0.77)", "eni-1", 30),
        sent("10.0.0.77 > 192.0.2.9", "eni-1", 4),
        sent("10.0.0.1 (10.0.0.78) > 192.0.2.9", "eni-1", 8),
    ]
    assert ask(records, SUMMED) == [(42, 0)]


def test_through_a_transit_gateway_each_way_counts_once(ask: Ask) -> None:
    # AWS's example as before, with bytes: the server's interface, then those of the gateway in two zones.
    records = [
        sent("10.20.33.164 > 10.40.2.236", "eni-3", 300),
        sent("10.40.2.236 > 10.20.33.164", "eni-3", 9),
        sent("10.40.1.175 (10.20.33.164) > 10.40.2.236", "eni-1", 300),
        sent("10.40.2.236 > 10.40.2.31 (10.20.33.164)", "eni-2", 9),
    ]
    assert ask(records, SUMMED) == [(309, 2)]
    assert ask([*records, *at("eni-3", "10.40.2.236")], SUMMED) == [(309, 2)]


def tgw(direction: str, attachment: str, pair: str) -> Record:
    return sent(
        "10.1.0.1 > 10.2.0.1",
        None,
        40,
        action=None,
        tgw_id="tgw-1",
        tgw_attachment_id=attachment,
        tgw_pair_attachment_id=pair,
        flow_direction=direction,
    )


def test_transit_gateway_records_count_where_there_are_no_others(ask: Ask) -> None:
    both = [tgw("ingress", "attach-a", "attach-b"), tgw("egress", "attach-b", "attach-a")]
    assert ask(both, SUMMED) == [(40, 1)]
    assert ask(both[1:], SUMMED) == [(40, 0)]
    assert ask([*both, sent("10.1.0.1 > 10.2.0.1", "eni-1", 38)], SUMMED) == [(38, 2)]


def test_records_that_log_hardly_anything_count(ask: Ask) -> None:
    records = [{"bytes": 1}, {"bytes": 2, "srcaddr": "10.0.0.1"}, {"bytes": 4, "interface_id": "eni-1"}]
    assert ask([*records, *ONE], SUMMED) == [(7, 0)]
