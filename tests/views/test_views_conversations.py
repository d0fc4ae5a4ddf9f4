"""Records stitched into conversations: who with whom, what came of it, and where one ends and the next begins."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

Record = dict[str, Any]
Ask = Callable[[str, Iterable[Record]], list[tuple[Any, ...]]]
Flow = Callable[..., Record]

THERE, BACK = "10.0.0.1:50000 > 10.0.0.2:443", "10.0.0.2:443 > 10.0.0.1:50000"
UDP_THERE, UDP_BACK = "10.0.0.1:50000 > 10.0.0.2:53", "10.0.0.2:53 > 10.0.0.1:50000"
OUTCOME = (
    "select outcome, state from conversations where client_addr = '10.0.0.1' and client_port = 50000"
    " order by first_time"
)
RECORDS = "select records, state from conversations where client_port = 50000 order by first_time"


@pytest.fixture
def elsewhere(flow: Flow) -> list[Record]:
    """Another conversation on the interface, answered, and later than all others: so absence means something."""
    return [
        flow("10.0.0.1:40000 > 10.0.0.7:80", at=90_000, tcp_flags=3),
        flow("10.0.0.7:80 > 10.0.0.1:40000", at=90_000, tcp_flags=19),
    ]


@pytest.mark.parametrize(
    ("there", "back", "expected"),
    [
        ({"tcp_flags": 3}, {"tcp_flags": 19}, ("answered", "SF")),
        ({"tcp_flags": 2}, {"tcp_flags": 18}, ("answered", "S1")),
        ({"tcp_flags": 3}, {"tcp_flags": 18}, ("answered", "S2")),
        ({"tcp_flags": 2}, {"tcp_flags": 19}, ("answered", "S3")),
        ({"tcp_flags": 6}, {"tcp_flags": 18}, ("answered", "RSTO")),
        ({"tcp_flags": 2}, {"tcp_flags": 22}, ("answered", "RSTR")),
        ({"tcp_flags": 7}, {"tcp_flags": 19}, ("answered", "SF")),
        ({"tcp_flags": 2}, {"tcp_flags": 4}, ("refused by host", "REJ")),
        ({"tcp_flags": 0}, {"tcp_flags": 0}, ("answered", "OTH")),
        ({"tcp_flags": None}, {"tcp_flags": None}, ("answered", None)),
        ({"tcp_flags": 2, "bytes": 160}, None, ("silent", "S0")),
        ({"tcp_flags": 6, "bytes": 160}, None, ("silent", "RSTOS0")),
        ({"tcp_flags": 2, "bytes": 9000}, None, ("one-way", "OTH")),
        ({"tcp_flags": 3}, None, ("one-way", "SH")),
        ({"tcp_flags": 0}, None, ("one-way", "OTH")),
        (None, {"tcp_flags": 18}, ("one-way", "OTH")),
        (None, {"tcp_flags": 19}, ("one-way", "SHR")),
        ({"tcp_flags": 2, "action": "REJECT"}, None, ("rejected", None)),
        ({"tcp_flags": 3}, {"tcp_flags": 19, "action": "REJECT"}, ("rejected", None)),
    ],
)
def test_what_came_of_it(
    ask: Ask,
    flow: Flow,
    elsewhere: list[Record],
    there: Record | None,
    back: Record | None,
    expected: tuple[Any, ...],
) -> None:
    records = [flow(THERE, **there)] if there else []
    records += [flow(BACK, **back)] if back else []
    assert ask(OUTCOME, records + elsewhere) == [expected]


@pytest.mark.parametrize("protocol", [17, 1])
def test_protocols_without_flags(ask: Ask, flow: Flow, elsewhere: list[Record], protocol: int) -> None:
    silent = [flow(UDP_THERE, protocol=protocol)]
    assert ask(OUTCOME, silent + elsewhere) == [("silent", None)]
    answered = [*silent, flow(UDP_BACK, protocol=protocol)]
    assert ask(OUTCOME, answered + elsewhere) == [("answered", None)]


def test_absence_proves_nothing_where_it_may_not_have_been_logged(
    ask: Ask, flow: Flow, elsewhere: list[Record]
) -> None:
    opening = flow(THERE, tcp_flags=2, bytes=160)
    one_way = [record | {"dstaddr": "10.0.0.9"} for record in elsewhere[:1]]
    skipped = {**dict.fromkeys(opening), "interface_id": "eni-a", "log_status": "SKIPDATA"}
    skipped |= {"start": opening["start"], "end": opening["end"]}
    last = [record | {"start": opening["start"] - 90, "end": opening["start"] - 60} for record in elsewhere]
    for others in ([], one_way, last, [*elsewhere, skipped]):
        assert ask(OUTCOME, [opening, *others]) == [("not decidable", None)]
    # A minute without any loss is not touched by that.
    skipped |= {"start": opening["start"] + 300, "end": opening["start"] + 360}
    assert ask(OUTCOME, [opening, *elsewhere, skipped]) == [("silent", "S0")]


def test_a_log_of_one_action_proves_nothing(ask: Ask, flow: Flow) -> None:
    many = [
        flow(f"10.0.0.{host}:{40_000 + n} > 10.0.0.{3 - host}:{40_000 + n}", at=90_000, protocol=17)
        for n in range(501)
        for host in (1, 2)
    ]
    opening = flow(THERE, tcp_flags=2, bytes=160)
    assert ask(OUTCOME, [opening, *many]) == [("not decidable", None)]
    assert ask(OUTCOME, [opening, many[0] | {"action": "REJECT"}, *many]) == [("silent", "S0")]


def test_rejected_only_logs_say_rejected(ask: Ask, flow: Flow) -> None:
    records = [flow(THERE, at=at, tcp_flags=2, action="REJECT") for at in (0, 3, 9)]
    sql = "select records, outcome, action, action_to_client from conversations"
    assert ask(sql, records) == [(3, "rejected", "REJECT", None)]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([(THERE, 0, 3), (BACK, 0, 19), (THERE, 60, 3), (BACK, 60, 19)], [(2, "SF"), (2, "SF")]),
        (
            [(THERE, 0, 2), (BACK, 0, 18), (THERE, 60, 1), (BACK, 60, 1), (THERE, 120, 2), (BACK, 120, 18)],
            [(4, "SF"), (2, "S1")],
        ),
        ([(THERE, 0, 2), (BACK, 0, 22), (THERE, 60, 2), (BACK, 60, 22)], [(2, "RSTR"), (2, "RSTR")]),
        ([(THERE, 0, 2), (THERE, 60, 2), (THERE, 120, 2)], [(3, "S0")]),
        ([(THERE, 0, 2), (THERE, 100, 2), (BACK, 100, 18)], [(3, "S1")]),
        ([(THERE, 0, 2), (THERE, 1000, 2), (BACK, 1000, 18)], [(1, "S0"), (2, "S1")]),
        ([(THERE, 0, 2), (BACK, 0, 18), (THERE, 50_000, 0), (BACK, 50_000, 0)], [(4, "S1")]),
        ([(THERE, 0, 1), (BACK, 0, 1), (THERE, 60, 2), (BACK, 60, 18)], [(2, "OTH"), (2, "S1")]),
        ([(THERE, 0, 3), (BACK, 0, 19), (BACK, 60, 19), (THERE, 60, 3)], [(2, "SF"), (2, "SF")]),
        ([(THERE, 0, None), (BACK, 0, None), (THERE, 3000, None)], [(3, None)]),
        ([(THERE, 0, None), (BACK, 0, None), (THERE, 9000, None)], [(2, None), (1, None)]),
    ],
    ids=[
        "a whole one in each interval",
        "opened after a close",
        "reset",
        "repeated without answer",
        "repeated and then answered",
        "tried again later",
        "silence does not end it",
        "opened after another whose opening is not there",
        "the answer is listed first",
        "without flags",
        "without flags, silent for hours",
    ],
)
def test_a_tuple_used_again(
    ask: Ask,
    flow: Flow,
    elsewhere: list[Record],
    pieces: list[tuple[str, int, int | None]],
    expected: list[tuple[Any, ...]],
) -> None:
    records = [flow(ends, at=at, tcp_flags=flags, bytes=160) for ends, at, flags in pieces]
    assert ask(RECORDS, records + elsewhere) == expected


@pytest.mark.parametrize(("protocol", "limit"), [(17, 180), (1, 60), (58, 60)])
def test_silence_ends_what_has_no_flags(ask: Ask, flow: Flow, protocol: int, limit: int) -> None:
    for pause, conversations in ((limit + 60, 1), (limit + 61, 2)):
        records = [flow(UDP_THERE, protocol=protocol), flow(UDP_BACK, at=50 + pause, protocol=protocol)]
        assert ask("select count(*) from conversations", records) == [(conversations,)]


def test_the_figures_of_both_directions(ask: Ask, flow: Flow) -> None:
    records = [
        flow(THERE, at=0, tcp_flags=2, packets=3, bytes=180),
        flow(BACK, at=0, tcp_flags=18, packets=2, bytes=120),
        flow(THERE, at=60, tcp_flags=1, packets=5, bytes=None),
        flow(THERE, at=60, tcp_flags=1, packets=1, bytes=40, action="REJECT"),
    ]
    sql = (
        "select client_addr, client_port, server_addr, server_port, records, packets_to_server, bytes_to_server,"
        " packets_to_client, bytes_to_client, client_flags, server_flags, action, action_to_server, action_to_client,"
        " epoch(last_time - first_time), evidence, opened_in_window, ends_in_window from conversations"
    )
    who = ("10.0.0.1", 50_000, "10.0.0.2", 443)
    actions = ("MIXED", "MIXED", "ACCEPT")
    assert ask(sql, records) == [(*who, 4, 9, 220, 2, 120, 3, 18, *actions, 110, "syn", True, True)]


@pytest.mark.parametrize(
    ("seen", "is_opened"),
    [
        ({"tcp_flags": 2}, True),
        ({"tcp_flags": 18}, True),
        ({"tcp_flags": 0}, False),
        ({"tcp_flags": None}, True),
        ({"tcp_flags": 0, "protocol": 17}, True),
    ],
)
def test_an_opening_that_flags_would_show_was_before(
    ask: Ask, flow: Flow, seen: Record, is_opened: bool
) -> None:
    assert ask("select opened_in_window from conversations", [flow(THERE, **seen)]) == [(is_opened,)]


def test_what_is_not_logged_is_null_and_what_is_not_there_nothing(ask: Ask, flow: Flow) -> None:
    sql = "select bytes_to_server, bytes_to_client from conversations"
    assert ask(sql, [flow(THERE, bytes=None)]) == [(None, 0)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"interface_id": "eni-1", "vpc_id": "vpc-1"}, {"interface_id": "eni-2", "vpc_id": "vpc-2"}),
        ({"vpc_id": "vpc-1", "interface_id": None}, {"vpc_id": "vpc-2", "interface_id": None}),
        ({"resource_id": "nat-1", "interface_id": None}, {"resource_id": "nat-2", "interface_id": None}),
        ({"pkt_dstaddr": "10.0.0.8"}, {"pkt_dstaddr": "10.0.0.9"}),
        ({"pkt_srcaddr": "10.0.0.1"}, {"pkt_srcaddr": "10.0.0.1", "srcaddr": "10.0.0.5"}),
    ],
    ids=[
        "two VPCs with one range",
        "without interfaces",
        "regional NAT",
        "two pods",
        "two legs of an appliance",
    ],
)
def test_what_looks_alike_and_is_not(ask: Ask, flow: Flow, one: Record, other: Record) -> None:
    there = [flow(THERE, tcp_flags=3) | what for what in (one, other)]
    turned = {"srcaddr": "dstaddr", "dstaddr": "srcaddr", "srcport": "dstport", "dstport": "srcport"}
    turned |= {"pkt_srcaddr": "pkt_dstaddr", "pkt_dstaddr": "pkt_srcaddr"}
    back = [{turned.get(k, k): v for k, v in record.items()} | {"tcp_flags": 19} for record in there]
    assert ask("select records, state from conversations", [*there, *back]) == [(2, "SF"), (2, "SF")]


def test_a_second_flow_log_on_the_interface_adds_nothing(ask: Ask, flow: Flow) -> None:
    there, back = flow(THERE, tcp_flags=3), flow(BACK, tcp_flags=19)
    rejected = flow("10.0.0.1:50001 > 10.0.0.9:22", tcp_flags=2, action="REJECT")

    def log(number: int, *records: Record) -> list[Record]:
        return [record | {"load_id": number, "flow_log_id": f"fl-{number}"} for record in records]

    records = [*log(1, there, back, rejected), *log(2, rejected), *log(3, there, back)]
    sql = "select server_port, records, packets_to_server, outcome from conversations order by 1"
    assert ask(sql, records) == [(22, 1, 4, "rejected"), (443, 2, 4, "answered")]
    assert ask("select count(*) from rejections", records) == [(1,)]
    # Where one begins in another hour, and at another interface, it is the only one.
    elsewhere = [*log(1, rejected), *log(2, rejected | {"interface_id": "eni-b"})]
    assert ask("select count(*) from rejections", elsewhere) == [(2,)]


def test_the_same_packets_at_another_interface(ask: Ask, flow: Flow) -> None:
    sql = "select interface_id, other_interface from conversations order by 1"

    def seen(interface: str, at: int = 0, vpc: str | None = "vpc-1") -> list[Record]:
        there, back = flow(THERE, at=at, tcp_flags=3), flow(BACK, at=at, tcp_flags=19)
        return [record | {"interface_id": interface, "vpc_id": vpc} for record in (there, back)]

    assert ask(sql, seen("eni-1") + seen("eni-2", at=5)) == [("eni-1", "eni-2"), ("eni-2", "eni-1")]
    alone = [("eni-1", None), ("eni-2", None)]
    assert ask(sql, seen("eni-1") + seen("eni-2", at=5000)) == alone
    assert ask(sql, seen("eni-1") + seen("eni-2", vpc="vpc-2")) == alone
    assert ask(sql, seen("eni-1", vpc=None) + seen("eni-2", vpc=None)) == alone
    assert ask(sql, seen("eni-1") + seen("eni-2") + seen("eni-3"))[:2] == alone


def test_what_a_nat_gateway_drops(ask: Ask, flow: Flow) -> None:
    inside = flow(
        "10.0.1.5:50000 > 10.0.0.220:443", tcp_flags=3, pkt_dstaddr="203.0.113.5", pkt_srcaddr="10.0.1.5"
    )
    outside = flow("10.0.0.220:1025 > 203.0.113.5:443", tcp_flags=3, pkt_srcaddr="10.0.0.220")
    unsolicited = flow("198.51.100.7:40000 > 10.0.0.220:22", tcp_flags=2, bytes=160)
    sql = "select outcome, state from conversations where server_port = 22"
    assert ask(sql, [unsolicited, inside, outside]) == [("dropped by NAT", None)]
    assert ask(sql, [unsolicited | {"interface_type": "nat_gateway"}]) == [("dropped by NAT", None)]
    assert ask(sql, [unsolicited]) == [("not decidable", None)]


def test_a_transit_gateway_before_a_nat_gateway_is_none(ask: Ask, flow: Flow) -> None:
    """Its interface gets packets for the internet, too, but sends them on under the address they came with."""
    attached, gateway = {"interface_id": "eni-tgw"}, {"interface_id": "eni-nat"}
    for_internet = {"pkt_srcaddr": "10.0.1.5", "pkt_dstaddr": "203.0.113.5"}
    taken = flow("10.0.1.5:50000 > 10.0.0.100:443", **for_internet, **attached)
    passed_on = flow("10.0.0.100:50000 > 203.0.113.5:443", **for_internet, **attached)
    got = flow("10.0.0.100:50000 > 10.0.0.220:443", **for_internet, **gateway)
    sent = flow("10.0.0.220:1025 > 203.0.113.5:443", pkt_srcaddr="10.0.0.220", **gateway)
    assert ask("select point from nat_points", [taken, passed_on, got, sent]) == [("eni-nat",)]


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        (
            [("198.51.100.7:0 > 10.0.0.1:0", "ACCEPT"), ("10.0.0.1:0 > 198.51.100.7:0", "ACCEPT")],
            ("answered", "ACCEPT"),
        ),
        (
            [("198.51.100.7:0 > 10.0.0.1:0", "ACCEPT"), ("10.0.0.1:0 > 198.51.100.7:0", "REJECT")],
            ("rejected", "MIXED"),
        ),
        ([("198.51.100.7:0 > 10.0.0.1:0", "REJECT")], ("rejected", "REJECT")),
    ],
    ids=["answered", "answer rejected", "rejected"],
)
def test_ping(ask: Ask, flow: Flow, way: list[tuple[str, str]], expected: tuple[str, str]) -> None:
    records = [flow(ends, protocol=1, action=action) for ends, action in way]
    rows = ask("select outcome, action, client_addr from conversations", records)
    assert [row[:2] for row in rows] == [expected]
    if expected[0] == "rejected":
        assert rows[0][2] == "198.51.100.7"
