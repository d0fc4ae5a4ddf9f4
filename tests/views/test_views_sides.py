"""Which side of a flow is the interface's own, and what its addresses are to the VPC."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

import pytest

Record = dict[str, Any]
Ask = Callable[[str, Iterable[Record]], list[tuple[Any, ...]]]
Flow = Callable[..., Record]

SIDES = (
    "select direction, local_addr, local_port, remote_addr, remote_port, local_evidence from flows"
    ' order by "start", srcaddr'
)
NOTHING = (None,) * 6


def test_the_address_that_all_records_have_is_the_interfaces(ask: Ask, flow: Flow) -> None:
    records = [flow("10.0.0.1:5000 > 10.0.0.2:443"), flow("10.0.0.3:22 > 10.0.0.1:6000", at=1)]
    assert ask(SIDES, records) == [
        ("egress", "10.0.0.1", 5000, "10.0.0.2", 443, "address"),
        ("ingress", "10.0.0.1", 6000, "10.0.0.3", 22, "address"),
    ]
    # With one peer it may be either; with none in common, neither.
    assert ask(SIDES, records[:1]) == [NOTHING]
    assert ask(SIDES, [*records, flow("10.0.0.8:1 > 10.0.0.9:2", at=2)]) == [NOTHING] * 3


def test_each_family_has_an_address_of_its_own(ask: Ask, flow: Flow) -> None:
    records = [
        flow("10.0.0.1:5000 > 10.0.0.2:443"),
        flow("10.0.0.3:22 > 10.0.0.1:6000", at=1),
        flow("2001:db8::1:1 > 2001:db8::2:2", at=2),
        flow("2001:db8::3:1 > 2001:db8::1:2", at=3),
    ]
    assert [row[:2] for row in ask(SIDES, records)][2:] == [
        ("egress", "2001:db8::1"),
        ("ingress", "2001:db8::1"),
    ]


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ({"flow_direction": "egress"}, ("egress", "10.0.0.1", 5000, "10.0.0.2", 443, "flow-direction")),
        ({"flow_direction": "ingress"}, ("ingress", "10.0.0.2", 443, "10.0.0.1", 5000, "flow-direction")),
        (
            {"flow_direction": "ingress", "pkt_dstaddr": "10.0.0.7"},
            ("ingress", "10.0.0.7", 443, "10.0.0.1", 5000, "flow-direction"),
        ),
        ({"flow_direction": "ingress", "pkt_dstaddr": "203.0.113.5"}, ("ingress", *NOTHING[1:])),
        ({"flow_direction": "egress", "pkt_srcaddr": "10.20.33.164"}, ("egress", *NOTHING[1:])),
        (
            {"flow_direction": "egress", "interface_id": None, "tgw_attachment_id": "tgw-attach-1"},
            ("egress", *NOTHING[1:]),
        ),
    ],
    ids=[
        "sent",
        "received",
        "a pod",
        "by a NAT gateway",
        "by a transit gateway's interface",
        "transit gateway",
    ],
)
def test_flow_direction_tells(ask: Ask, flow: Flow, what: Record, expected: tuple[Any, ...]) -> None:
    assert ask(SIDES, [flow("10.0.0.1:5000 > 10.0.0.2:443") | what]) == [expected]


@pytest.mark.parametrize(
    ("address", "more", "scope"),
    [
        ("10.0.0.1", {}, "vpc"),
        ("10.0.0.9", {}, "private"),
        ("100.64.0.1", {}, "private"),
        ("100.128.0.1", {}, "internet"),
        ("172.32.0.1", {}, "internet"),
        ("198.51.100.7", {}, "internet"),
        ("52.95.128.179", {"pkt_dst_aws_service": "S3"}, "aws"),
        ("169.254.169.254", {}, "special"),
        ("224.0.0.251", {}, "special"),
        ("2001:db8:1:2::9", {}, "vpc"),
        ("2001:db8:1:3::9", {}, "internet"),
        ("fd00::9", {}, "private"),
        ("fe80::1", {}, "special"),
    ],
)
def test_scopes(ask: Ask, flow: Flow, address: str, more: Record, scope: str) -> None:
    own = [
        flow("10.0.0.1:1 > 203.0.113.5:2", interface_id="eni-own"),
        flow("10.0.0.1:1 > 203.0.113.6:2", interface_id="eni-own"),
        flow("2001:db8:1:2::1:1 > 2001:db8:9::1:2", interface_id="eni-own"),
        flow("2001:db8:1:2::1:1 > 2001:db8:9::2:2", interface_id="eni-own"),
    ]
    seen = flow(f"203.0.113.5:1 > {address}:2", at=9) | more
    assert ask('select dst_scope from flows order by "start" desc limit 1', [*own, seen]) == [(scope,)]


@pytest.mark.parametrize(
    ("what", "is_check"),
    [
        ({}, False),
        ({"pkt_src_aws_service": "ROUTE53_HEALTHCHECKS"}, True),
        ({"interface_type": "network_load_balancer"}, True),
        ({"next_hop_interface_type": "network_load_balancer"}, True),
        ({"interface_type": "network_load_balancer", "bytes": 50_000}, False),
        ({"interface_type": "network_load_balancer", "dstaddr": "198.51.100.7"}, False),
        ({"interface_type": "nat_gateway"}, False),
    ],
)
def test_health_checks(ask: Ask, flow: Flow, what: Record, is_check: bool) -> None:
    assert ask("select is_health_check from flows", [flow("10.0.0.1:5000 > 10.0.0.2:443") | what]) == [
        (is_check,)
    ]


CHECKED = "select count(*) filter (is_health_check), count(*) from flows"


def exchange(
    flow: Flow, source: str, target: str, at: int, port: int, sizes: tuple[int, int]
) -> list[Record]:
    """A connection of a few packets to port 8080, and its answers, with flags as a whole one has."""
    ends = f"{source}:{port}", f"{target}:8080"
    return [
        flow(f"{way[0]} > {way[1]}", at=at, lasts=0, tcp_flags=flags, packets=4, bytes=size)
        for way, flags, size in zip((ends, ends[::-1]), (3, 19), sizes, strict=True)
    ]


def regularly(
    flow: Flow,
    *,
    source: str = "10.0.0.9",
    targets: tuple[str, ...] = ("10.0.1.1", "10.0.1.2"),
    every: int = 30,
    size: Callable[[int], int] = lambda n: 338,
    when: Callable[[int], int] = lambda n: 0,
) -> list[Record]:
    """Forty exchanges with each of the targets, `every` so many seconds and `when` later."""
    return [
        record
        for target in targets
        for n in range(40)
        for record in exchange(flow, source, target, n * every + when(n), 40_000 + n, (size(n), size(n) - 22))
    ]


@pytest.mark.parametrize(
    ("what", "are_checks"),
    [
        ({}, True),
        ({"every": 10, "size": lambda n: 300}, False),
        ({"every": 15}, True),
        ({"every": 60}, True),
        ({"every": 300}, True),
        ({"targets": ("10.0.1.1",)}, False),
        ({"targets": ("203.0.113.7", "203.0.113.8")}, False),
        ({"size": lambda n: 330 + 13 * n}, False),
        ({"size": lambda n: 9000}, False),
        ({"when": lambda n: Random(n).randrange(1200) - 30 * n}, False),
    ],
    ids=[
        "a load balancer's",
        "over in less than ten minutes",
        "every quarter of a minute",
        "every minute",
        "every five minutes",
        "one target only",
        "targets outside",
        "sizes vary",
        "too large",
        "by chance",
    ],
)
def test_checks_come_by_the_clock_to_several_targets(
    ask: Ask, flow: Flow, what: dict[str, Any], are_checks: bool
) -> None:
    records = regularly(flow, **what)
    assert ask(CHECKED, records) == [(len(records) if are_checks else 0, len(records))]


@pytest.mark.parametrize(
    ("at", "are_checks"),
    [(lambda n: n * 30, True), (lambda n: Random(n).randrange(60 * 30), False)],
    ids=["by the clock", "by chance"],
)
def test_what_ten_minutes_write_with_one_time_is_told_by_its_number(
    ask: Ask, flow: Flow, at: Callable[[int], int], are_checks: bool
) -> None:
    records = [
        record | {"end": record["start"] + 201}
        for target in ("10.0.1.1", "10.0.1.2")
        for n in range(60)
        for record in exchange(flow, "10.0.0.9", target, at(n) // 600 * 600 + 21, 40_000 + n, (338, 316))
    ]
    assert ask(CHECKED, records) == [(len(records) if are_checks else 0, len(records))]


def test_beacons_through_nat_gateways_are_no_checks(ask: Ask, flow: Flow) -> None:
    # Two hosts, each by the gateway of its own network, which has a private address.
    records = [
        record
        | {"interface_id": f"eni-{gateway}"}
        | {"pkt_srcaddr": record["srcaddr"], "pkt_dstaddr": record["dstaddr"]}
        | {("pkt_dstaddr" if record["dstaddr"] == gateway else "pkt_srcaddr"): "203.0.113.7"}
        for host, gateway in (("10.0.0.9", "10.0.1.1"), ("10.1.0.9", "10.1.1.1"))
        for record in regularly(flow, source=host, targets=(gateway,))
    ]
    assert ask(CHECKED, records) == [(0, len(records))]


def test_other_traffic_between_the_same_hosts_is_none(ask: Ask, flow: Flow) -> None:
    checks = regularly(flow)
    others = [
        record
        for n in range(40)
        for record in exchange(flow, "10.0.0.9", "10.0.1.1", 31 * n, 50_000 + n, (700 + 31 * n, 900))
    ]
    assert ask(CHECKED, [*checks, *others]) == [(len(checks), len(checks) + len(others))]


def test_openings_that_a_scanner_repeats_are_no_checks(ask: Ask, flow: Flow) -> None:
    openings = [r | {"packets": 1, "bytes": 60, "tcp_flags": 2} for r in regularly(flow)[::2]]
    assert ask(CHECKED, openings) == [(0, len(openings))]
    unanswered = regularly(flow)[::2]
    assert ask(CHECKED, unanswered) == [(0, len(unanswered))]


def test_clients_behind_one_address_are_no_checks(ask: Ask, flow: Flow) -> None:
    # Each of them asks the same every few minutes, together they do so at any time.
    chance = Random(7)
    records = [
        record
        for target in ("10.0.1.1", "10.0.1.2")
        for n in range(300)
        for record in exchange(flow, "10.0.0.9", target, chance.randrange(3600), 10_000 + n, (338, 316))
    ]
    assert ask(CHECKED, records) == [(0, len(records))]


def test_paths_have_names(ask: Ask, flow: Flow) -> None:
    records = [flow("10.0.0.1:5000 > 10.0.0.2:443", traffic_path=path) for path in (8, None)]
    assert ask("select path_name from flows order by 1", records) == [("internet gateway",), (None,)]
