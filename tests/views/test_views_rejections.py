"""What kind of reject a record is, and what is known of the filter."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

Record = dict[str, Any]
Ask = Callable[[str, Iterable[Record]], list[tuple[Any, ...]]]
Flow = Callable[..., Record]

THERE, BACK = "10.0.0.1:50000 > 10.0.0.2:443", "10.0.0.2:443 > 10.0.0.1:50000"
KIND = "select kind from rejections order by start_time"
FILTER = "select kind, filter, certainty from rejections order by start_time"
REJECT = {"action": "REJECT"}


@pytest.fixture
def before(flow: Flow) -> list[Record]:
    """A record long before all others, so that what is not there did not happen."""
    return [flow("10.0.0.9:1 > 10.0.0.8:1", at=-3000, protocol=17)]


@pytest.mark.parametrize(
    ("earlier", "ends", "flags", "kind"),
    [
        ([], THERE, 2, "attempt"),
        ([], THERE, 6, "attempt"),
        ([(BACK, 0, 18)], THERE, 2, "attempt"),
        ([], BACK, 18, "backscatter"),
        ([], BACK, 4, "backscatter"),
        ([], THERE, 0, "expired"),
        ([(THERE, 0, 2)], BACK, 18, "reply"),
        ([(THERE, 0, 2)], BACK, 4, "reply"),
        ([(THERE, 0, 2)], BACK, 0, "reply"),
        ([(THERE, 0, 3), (BACK, 0, 19)], BACK, 0, "late"),
        ([(THERE, 0, 3), (BACK, 0, 19)], THERE, 1, "late"),
        ([(THERE, 0, 2), (BACK, 0, 22)], THERE, 0, "late"),
        ([(THERE, -1000, 2), (BACK, -1000, 18)], BACK, 0, "expired"),
        ([(THERE, 0, 2), (BACK, 0, 18)], THERE, 0, "unknown"),
        ([], THERE, None, "unknown"),
        ([(THERE, 0, None)], BACK, None, "reply"),
        ([(THERE, 0, None), (BACK, 0, None)], BACK, None, "unknown"),
    ],
)
def test_kinds(
    ask: Ask,
    flow: Flow,
    before: list[Record],
    earlier: list[tuple[str, int, int | None]],
    ends: str,
    flags: int | None,
    kind: str,
) -> None:
    records = [flow(way, at=at, tcp_flags=seen) for way, at, seen in earlier]
    assert ask(KIND, [*before, *records, flow(ends, at=60, tcp_flags=flags, **REJECT)]) == [(kind,)]


def test_that_nothing_came_before_proves_nothing_at_the_beginning(ask: Ask, flow: Flow) -> None:
    assert ask(KIND, [flow(BACK, tcp_flags=4, **REJECT)]) == [("unknown",)]
    assert ask(KIND, [flow(THERE, tcp_flags=2, **REJECT)]) == [("attempt",)]


def test_that_nothing_came_before_proves_nothing_where_records_were_skipped(
    ask: Ask, flow: Flow, before: list[Record]
) -> None:
    skipped = {"interface_id": "eni-a", "log_status": "SKIPDATA"}
    rejected = flow(BACK, tcp_flags=4, **REJECT)
    skipped |= {"start": rejected["start"] - 200, "end": rejected["start"] - 140}
    assert ask(KIND, [*before, skipped, rejected]) == [("unknown",)]
    assert ask(KIND, [*before, skipped | {"interface_id": "eni-b"}, rejected]) == [("backscatter",)]


def test_flows_tell_what_the_record_itself_does(ask: Ask, flow: Flow) -> None:
    sql = "select reject_kind from flows order by tcp_flags nulls last, action"
    records = [flow(THERE, tcp_flags=flags, **REJECT) for flags in (1, 2, 18, None)]
    assert ask(sql, [*records, flow(THERE)]) == [("stray",), ("attempt",), ("stray",), (None,), ("unknown",)]


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ({}, ("attempt", "security-group-or-network-acl", "not decidable")),
        ({"reject_reason": "BPA", "bytes": None}, ("attempt", "block-public-access", "certain")),
        ({"reject_reason": "EC"}, ("attempt", "encryption-controls", "certain")),
    ],
)
def test_a_lone_opening(
    ask: Ask, flow: Flow, before: list[Record], what: Record, expected: tuple[str, ...]
) -> None:
    assert ask(FILTER, [*before, flow(THERE, tcp_flags=2, **REJECT) | what]) == [expected]


@pytest.mark.parametrize(
    ("subnets", "expected"),
    [
        (("subnet-1", "subnet-1"), ("security-group", "certain")),
        (("subnet-1", "subnet-2"), ("security-group-or-network-acl", "not decidable")),
    ],
)
def test_within_a_subnet_there_is_no_network_acl(
    ask: Ask, flow: Flow, subnets: tuple[str, str], expected: tuple[str, str]
) -> None:
    own = [
        flow(f"{address}:{port} > 10.9.0.{peer}:80", interface_id=interface, subnet_id=subnet)
        for interface, address, subnet in zip(
            ("eni-a", "eni-b"), ("10.0.0.2", "10.0.0.1"), subnets, strict=True
        )
        for peer, port in ((1, 40_000), (2, 40_002))
    ]
    rejected = flow(THERE, tcp_flags=2, subnet_id=subnets[0], **REJECT)
    assert ask(FILTER, [*own, rejected]) == [("attempt", *expected)]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"at": 10}, ("reply", "network-acl", "likely")),
        ({"at": 900}, ("reply", "network-acl", "possible")),
    ],
)
def test_a_rejected_answer_is_the_network_acls(
    ask: Ask, flow: Flow, before: list[Record], answer: Record, expected: tuple[str, ...]
) -> None:
    records = [flow(THERE, tcp_flags=2), flow(BACK, tcp_flags=18, **REJECT, **answer)]
    assert ask(FILTER, [*before, *records]) == [expected]


@pytest.mark.parametrize(("packets", "certainty"), [(4, "likely"), (3, "possible")])
@pytest.mark.parametrize(("protocol", "port"), [(1, 0), (17, 123)])
def test_where_answers_look_like_requests_the_amounts_tell(
    ask: Ask, flow: Flow, protocol: int, port: int, packets: int, certainty: str
) -> None:
    records = [
        flow(f"198.51.100.7:{port} > 10.0.0.1:{port}", protocol=protocol),
        flow(f"10.0.0.1:{port} > 198.51.100.7:{port}", protocol=protocol, packets=packets, **REJECT),
    ]
    assert ask(FILTER, records) == [("reply", "network-acl", certainty)]


def test_since_when(ask: Ask, flow: Flow) -> None:
    sql = "select epoch(start_time - rejected_since), accepted_before from rejections order by start_time"

    def opening(port: int, at: int, **more: Any) -> Record:
        return flow(f"10.0.0.1:{port} > 10.0.0.2:443", at=at, tcp_flags=2, **more)

    never = [opening(50_000, 0, **REJECT), opening(50_002, 600, **REJECT)]
    assert ask(sql, never) == [(0, False), (600, False)]
    changed = [*never, opening(50_004, 900), opening(50_006, 1000, **REJECT), opening(50_008, 1300, **REJECT)]
    assert ask(sql, changed) == [(0, False), (600, False), (0, True), (300, True)]
    other_service = [flow("10.0.0.1:50001 > 10.0.0.2:22", at=-60, tcp_flags=2), *never]
    assert ask(sql, other_service) == [(0, False), (600, False)]


def test_what_the_sender_let_out_a_filter_of_the_receiver_rejected(ask: Ask, flow: Flow) -> None:
    # Other peers tell whose the addresses are.
    others = [
        flow(f"{own}:{port} > 10.0.9.{port - 5000}:443", interface_id=interface)
        for own, interface in (("10.0.0.1", "eni-a"), ("10.0.5.2", "eni-b"))
        for port in (5001, 5002)
    ]
    rejected = {"action": "REJECT", "interface_id": "eni-b", "tcp_flags": 2}
    ends = "10.0.0.1:40000 > 10.0.5.2:22"
    sql = "select rejected_at, accepted_by, reason like '%let it out%' from rejections"
    for vpcs, expected in (
        (("vpc-1", "vpc-1"), ("receiver", "eni-a", True)),
        # The same range elsewhere: other packets.
        (("vpc-1", "vpc-2"), ("receiver", None, False)),
        ((None, None), ("receiver", None, False)),
    ):
        out = flow(ends, tcp_flags=2, vpc_id=vpcs[0])
        assert ask(sql, [*others, out, flow(ends, **rejected, vpc_id=vpcs[1])]) == [expected]
    late = flow(ends, at=7200, **rejected, vpc_id="vpc-1")
    assert ask(sql, [*others, flow(ends, tcp_flags=2, vpc_id="vpc-1"), late]) == [("receiver", None, False)]
    own = flow(ends, action="REJECT", tcp_flags=2)
    assert ask(sql, [*others, own]) == [("sender", None, False)]
