"""Who opened a connection, and by what that is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Record = dict[str, Any]
Ask = Callable[[str, Iterable[Record]], list[tuple[Any, ...]]]
Flow = Callable[..., Record]

THERE, BACK = "10.0.0.1:50000 > 10.0.0.2:443", "10.0.0.2:443 > 10.0.0.1:50000"
ROLES = 'select sender_role, evidence from tcp_directions order by "start", srcport desc'
CLIENT, SERVER = "client", "server"


@pytest.mark.parametrize(
    ("flags", "role"),
    [(f, (CLIENT, "syn")) for f in (2, 3, 6, 7)] + [(f, (SERVER, "syn-ack")) for f in (18, 19, 22, 23)],
)
def test_its_own_flags_tell(ask: Ask, flow: Flow, flags: int, role: tuple[str, str]) -> None:
    # The lower port would say the opposite.
    assert ask(ROLES, [flow("10.0.0.1:22 > 10.0.0.2:50000", tcp_flags=flags)]) == [role]


@pytest.mark.parametrize("flags", [0, 1, 4, 5])
@pytest.mark.parametrize(
    ("other", "role"),
    [
        ({"ends": BACK, "tcp_flags": 18}, CLIENT),
        ({"ends": THERE, "tcp_flags": 2}, CLIENT),
        ({"ends": BACK, "tcp_flags": 2}, SERVER),
        ({"ends": THERE, "tcp_flags": 18}, SERVER),
    ],
    ids=["answer", "another interval", "opening of the other", "its own answer"],
)
def test_another_record_tells(ask: Ask, flow: Flow, flags: int, other: Record, role: str) -> None:
    records = [flow(at=-120, **other), flow(THERE, at=0, tcp_flags=flags)]
    assert ask(ROLES, records)[-1] == (role, "paired")


@pytest.mark.parametrize(
    "apart",
    [
        {"interface_id": "eni-b"},
        {"srcport": 50_001},
        {"pkt_srcaddr": "10.0.0.9"},
        {"interface_id": None, "resource_id": "nat-1"},
    ],
    ids=["interface", "port", "packet", "regional NAT"],
)
def test_a_record_of_another_connection_does_not(ask: Ask, flow: Flow, apart: Record) -> None:
    records = [flow(THERE, tcp_flags=18) | apart, flow(THERE, at=60, tcp_flags=0)]
    assert ask(ROLES, records)[-1][1] != "paired"


@pytest.mark.parametrize(
    "point", [{"resource_id": "nat-1"}, {"vpc_id": "vpc-1"}, {}], ids=["regional NAT", "VPC", "nothing"]
)
def test_records_without_an_interface_are_paired_too(ask: Ask, flow: Flow, point: Record) -> None:
    records = [flow(BACK, tcp_flags=18), flow(THERE, at=60, tcp_flags=0)]
    rows = ask(ROLES, [{**record, "interface_id": None, **point} for record in records])
    assert rows == [(SERVER, "syn-ack"), (CLIENT, "paired")]


def test_transit_gateway_flags_are_a_syn_ack_only_beside_a_syn(ask: Ask, flow: Flow) -> None:
    tgw = {"interface_id": None, "tgw_attachment_id": "tgw-attach-1", "action": None}
    alone = [flow(THERE, tcp_flags=2 | 16 | 8, **tgw)]
    assert ask(ROLES, alone) == [(CLIENT, "port-guess")]
    answered = [flow(THERE, tcp_flags=2, **tgw), flow(BACK, tcp_flags=18 | 8, **tgw)]
    assert ask(ROLES, answered) == [(CLIENT, "syn"), (SERVER, "syn-ack")]
    both = [flow(THERE, tcp_flags=18 | 8, **tgw), flow(BACK, tcp_flags=18 | 8, **tgw)]
    assert {evidence for _, evidence in ask(ROLES, both)} == {"port-guess"}


def test_two_that_change_places_are_told_by_the_last_opening(ask: Ask, flow: Flow) -> None:
    records = [
        flow(THERE, at=0, tcp_flags=3),
        flow(BACK, at=600, tcp_flags=2),
        flow(BACK, at=660, tcp_flags=0),
        flow(THERE, at=700, tcp_flags=0),
    ]
    assert ask(ROLES, records)[2:] == [(CLIENT, "paired"), (SERVER, "paired")]


def test_a_service_known_elsewhere_tells(ask: Ask, flow: Flow) -> None:
    elsewhere = flow("10.0.0.2:60000 > 10.0.0.9:40000", tcp_flags=18)
    cut_off = [flow("10.0.0.1:50000 > 10.0.0.2:60000", at=60, tcp_flags=0)]
    assert ask(ROLES, [elsewhere, *cut_off])[-1] == (CLIENT, "known-service")
    # The same address in another VPC is another host.
    in_vpcs = [elsewhere | {"vpc_id": "vpc-2"}, *(record | {"vpc_id": "vpc-1"} for record in cut_off)]
    assert ask(ROLES, in_vpcs)[-1] == (SERVER, "port-guess")


def test_without_flags_the_port_that_meets_many_is_the_service(ask: Ask, flow: Flow) -> None:
    records = [flow(f"10.0.0.1:{port} > 10.0.0.2:60000") for port in (40_000, 40_002, 40_004)]
    records += [flow(f"10.0.0.2:60000 > 10.0.0.1:{port}", at=60) for port in (40_000, 40_002, 40_004)]
    assert ask(ROLES, records) == [(CLIENT, "fan-in")] * 3 + [(SERVER, "fan-in")] * 3


@pytest.mark.parametrize(
    ("ends", "role"),
    [
        (THERE, (CLIENT, "port-guess")),
        (BACK, (SERVER, "port-guess")),
        ("10.0.0.1:179 > 10.0.0.2:179", (None, "unknown")),
    ],
)
def test_at_last_the_lower_port_is_guessed(
    ask: Ask, flow: Flow, ends: str, role: tuple[str | None, str]
) -> None:
    assert ask(ROLES, [flow(ends)]) == [role]


_port = st.sampled_from([22, 443, 50_000, 50_001])
_any_flow = st.fixed_dictionaries(
    {
        "interface_id": st.sampled_from(["eni-a", "eni-b", None]),
        "srcaddr": st.sampled_from(["10.0.0.1", "10.0.0.2", "2001:db8::1", None]),
        "dstaddr": st.sampled_from(["10.0.0.1", "10.0.0.2", "2001:db8::1", None]),
        "srcport": st.one_of(st.none(), _port),
        "dstport": st.one_of(st.none(), _port),
        "protocol": st.sampled_from([6, 6, 6, 17, 1, None]),
        "tcp_flags": st.sampled_from([None, 0, 1, 2, 3, 4, 18, 19, 22]),
        "start": st.one_of(st.none(), st.integers(0, 4000)),
        "end": st.one_of(st.none(), st.integers(0, 4000)),
        "action": st.sampled_from(["ACCEPT", "REJECT", None]),
        "log_status": st.sampled_from(["OK", "NODATA", "SKIPDATA", None]),
        "bytes": st.integers(0, 1000),
    }
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(_any_flow, max_size=12))
def test_no_record_is_lost_or_doubled(ask: Ask, records: list[Record]) -> None:
    (tcp,) = ask("select count(*), sum(bytes) from flow_records where protocol = 6", records)
    assert ask("select count(*), sum(bytes) from tcp_directions", records) == [tcp]
    counted = "from flow_records where srcaddr is not null and dstaddr is not null"
    (flows,) = ask(f"select count(*), coalesce(sum(bytes), 0) {counted}", records)
    assert ask(
        "select coalesce(sum(records), 0), coalesce(sum(coalesce(bytes_to_server, 0) + coalesce(bytes_to_client, 0)), 0)"
        " from conversations",
        records,
    ) == [flows]
    rejected = "select count(*) from flow_records where action = 'REJECT'"
    assert ask("select count(*) from rejections", records) == ask(rejected, records)
    (sided,) = ask("select count(*), sum(bytes) from flow_sides", records)
    assert ask("select count(*), sum(bytes) from flow_records", records) == [sided]
