"""Which side of a flow is the interface's own, and what its addresses are to the VPC."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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


def test_paths_have_names(ask: Ask, flow: Flow) -> None:
    records = [flow("10.0.0.1:5000 > 10.0.0.2:443", traffic_path=path) for path in (8, None)]
    assert ask("select path_name from flows order by 1", records) == [("internet gateway",), (None,)]
