from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Record = dict[str, Any]
Run = Callable[..., list[Record]]

TGW = {"resource_type": "TransitGateway", "log_status": "OK", "srcaddr": "10.5.0.1", "protocol": 6}


def total(records: Iterable[Record], column: str) -> int | None:
    """The sum of what is logged; None if nothing is."""
    values = [r[column] for r in records if r.get(column) is not None]
    return sum(values) if values else None


def distinct(records: Iterable[Record], column: str) -> int:
    return len({r[column] for r in records} - {None})


def test_traffic_summary(run: Run, records: tuple[Record, ...], flows: tuple[Record, ...]) -> None:
    assert run("traffic-summary") == [
        {
            "records": len(records),
            "flows": len(flows),
            "counted": len(flows),
            "bytes": total(flows, "bytes"),
            "packets": total(flows, "packets"),
            "sum_is": ">=",
            "accepted": sum(r["action"] == "ACCEPT" for r in flows),
            "rejected": sum(r["action"] == "REJECT" for r in flows),
            "sources": distinct(flows, "srcaddr"),
            "destinations": distinct(flows, "dstaddr"),
            "interfaces": distinct(flows, "interface_id"),
            "first_time": min(r["start"] for r in flows if r["start"] is not None),
            "last_time": max(r["end"] for r in flows if r["end"] is not None),
        }
    ]


def test_traffic_summary_of_nothing_is_a_row_of_zeros(run: Run) -> None:
    (row,) = run("traffic-summary", [])
    assert {name for name, value in row.items() if value is None} == {"first_time", "last_time"}
    assert row.pop("sum_is") == "="
    assert {value for value in row.values() if value is not None} == {0}


def exchange(interface: str, at: int = 0, **more: object) -> list[Record]:
    """10.0.0.1 sends 1000 bytes to 10.0.0.2, which answers with 70, as one of their interfaces logs it."""
    there = {"srcaddr": "10.0.0.1", "dstaddr": "10.0.0.2", "srcport": 50000, "dstport": 443, "bytes": 1000}
    back = {"srcaddr": "10.0.0.2", "dstaddr": "10.0.0.1", "srcport": 443, "dstport": 50000, "bytes": 70}
    common = {"interface_id": interface, "protocol": 6, "packets": 7, "action": "ACCEPT", "log_status": "OK"}
    return [common | way | {"start": at, "end": at + 30} | more for way in (there, back)]


# What makes 10.0.0.1 the address of eni-1, and 10.0.0.2 that of eni-2.
PEERS: list[Record] = [
    {"interface_id": "eni-1", "srcaddr": "10.0.0.1", "dstaddr": "10.0.0.9", "protocol": 1, "start": 0},
    {"interface_id": "eni-2", "srcaddr": "10.0.0.2", "dstaddr": "10.0.0.9", "protocol": 1, "start": 0},
]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("traffic-summary", {}),
        ("traffic-by-hour", {"bin": 3600}),
        ("top", {"by": "source", "top": 10}),
        ("top", {"by": "destination", "top": 10}),
        ("top", {"by": "pair", "top": 10}),
        ("top", {"by": "port", "top": 10}),
        ("tcp-flags-histogram", {}),
    ],
    ids=lambda value: " ".join(map(str, value.values())) if isinstance(value, dict) else value,
)
def test_a_flow_logged_at_both_ends_is_summed_once(run: Run, name: str, parameters: Record) -> None:
    rows = run(name, [*exchange("eni-1"), *exchange("eni-2"), *PEERS], **parameters)
    assert total(rows, "bytes") == 1070


def test_interfaces_count_all_that_they_logged(run: Run) -> None:
    rows = run("top", [*exchange("eni-1"), *exchange("eni-2"), *PEERS], by="interface", top=10)
    assert [(row["name"], row["bytes"], row["records"]) for row in rows] == [
        ("eni-1", 1070, 3),
        ("eni-2", 1070, 3),
    ]


@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        ([], ["=", "="]),
        ([{"log_status": "SKIPDATA", "interface_id": "eni-1", "start": 3540, "end": 3600}], [">=", "="]),
        ([{"log_status": "SKIPDATA", "interface_id": "eni-1", "start": 3590, "end": 3650}], [">=", ">="]),
        (exchange("eni-1", 3601, bytes=None), ["=", ">="]),
    ],
    ids=["all", "skipped", "skipped over the hour", "packets without bytes"],
)
def test_sums_that_miss_something_are_said_to(run: Run, beside: list[Record], expected: list[str]) -> None:
    records = [*exchange("eni-1"), *exchange("eni-1", 3600), *beside]
    assert [row["sum_is"] for row in run("traffic-by-hour", records, bin=3600)] == expected
    assert run("traffic-summary", records)[0]["sum_is"] == max(expected, key=len)


@pytest.mark.parametrize(
    ("logged", "bytes_counted"),
    [
        ([{"bytes": 1}, {"bytes": 2}], 3),
        ([{"bytes": 1}, {"bytes": 2, **TGW}], 1),
        ([{"bytes": 2, **TGW}, {"bytes": 4, **TGW}], 6),
    ],
    ids=["vpc", "both", "transit gateway only"],
)
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("traffic-summary", {}),
        ("traffic-by-hour", {"bin": 3600}),
        ("top", {"by": "source", "top": 10}),
        ("tcp-flags-histogram", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_transit_gateway_records_are_never_summed_with_others(
    run: Run, name: str, parameters: Record, logged: list[Record], bytes_counted: int
) -> None:
    records = [{"protocol": 6, "start": 0, "end": 0, **record} for record in logged]
    assert total(run(name, records, **parameters), "bytes") == bytes_counted


def shares(record: Record, bin_s: int) -> dict[int | None, Fraction]:
    """Bin -> the share of the record that falls into it, second by second."""
    first = record["start"] if record["start"] is not None else record["end"]
    last = record["end"] if record["end"] is not None else first
    if first is None:
        return {None: Fraction(1)}
    seconds = range(first, max(last, first + 1))
    counted: dict[int | None, int] = defaultdict(int)
    for second in seconds:
        counted[second // bin_s * bin_s] += 1
    return {at: Fraction(count, len(seconds)) for at, count in counted.items()}


@pytest.mark.parametrize("bin_s", [60, 600, 3600, 86_400])
def test_traffic_by_hour(run: Run, flows: tuple[Record, ...], bin_s: int) -> None:
    rows = run("traffic-by-hour", bin=bin_s)
    spread: dict[int | None, Fraction] = defaultdict(Fraction)
    begun: dict[int | None, list[Record]] = defaultdict(list)
    for flow in flows:
        parts = shares(flow, bin_s)
        begun[min(parts, key=lambda at: at or 0)].append(flow)
        for at, share in parts.items():
            spread[at] += share * (flow["bytes"] or 0)
    assert [row["bin_time"] for row in rows] == sorted(spread, key=lambda at: (at is None, at))
    for row in rows:
        assert abs((row["bytes"] or 0) - spread[row["bin_time"]]) < len(flows)  # rounding, a byte a record
        of_bin = begun[row["bin_time"]]
        assert (row["records"], row["accepted"], row["rejected"]) == (
            len(of_bin),
            sum(flow["action"] == "ACCEPT" for flow in of_bin),
            sum(flow["action"] == "REJECT" for flow in of_bin),
        )
    assert total(rows, "bytes") == total(flows, "bytes")
    assert total(rows, "packets") == total(flows, "packets")


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 0, {0: 100}),
        (60, 60, {60: 100}),
        (0, 60, {0: 100}),
        (59, 61, {0: 50, 60: 50}),
        (30, 150, {0: 25, 60: 50, 120: 25}),
        (100, 40, {60: 100}),
        (None, 70, {60: 100}),
        (70, None, {60: 100}),
        (None, None, {None: 100}),
    ],
    ids=str,
)
def test_a_record_is_split_over_the_bins_it_touches(
    run: Run, start: int | None, end: int | None, expected: dict[int | None, int]
) -> None:
    rows = run("traffic-by-hour", [{"start": start, "end": end, "bytes": 100}], bin=60)
    assert {row["bin_time"]: row["bytes"] for row in rows} == expected
    assert total(rows, "records") == 1


_timed = st.fixed_dictionaries(
    {
        "start": st.one_of(st.none(), st.integers(0, 5000)),
        "end": st.one_of(st.none(), st.integers(0, 5000)),
        "bytes": st.integers(0, 2**40),
        "packets": st.integers(0, 2**40),
    }
)


ANY_RECORDS = given(records=st.lists(_timed, max_size=8), bin_s=st.integers(60, 3600))


def check_bins(run: Run, records: list[Record], bin_s: int) -> None:
    rows = run("traffic-by-hour", records, bin=bin_s)
    for column in ("bytes", "packets"):
        assert total(rows, column) == total(records, column)
    assert (total(rows, "records") or 0) == len(records)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@ANY_RECORDS
def test_bins_add_up_exactly(run: Run, records: list[Record], bin_s: int) -> None:
    check_bins(run, records, bin_s)


@pytest.mark.long
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@ANY_RECORDS
def test_bins_of_any_records_add_up_exactly(run: Run, records: list[Record], bin_s: int) -> None:
    check_bins(run, records, bin_s)


def service(flow: Record) -> str | None:
    names = {1: "icmp", 6: "tcp", 17: "udp"}
    if flow["protocol"] is None or flow["srcport"] == 0:
        return names.get(flow["protocol"])
    ports = (flow["srcport"], flow["dstport"])
    flags = flow["tcp_flags"] or 0 if flow["protocol"] == 6 else 0
    port = min(ports) if not flags & 2 else ports[0] if flags & 16 else ports[1]
    return f"{port}/{names[flow['protocol']]}"


KEYS: dict[str, Callable[[Record], str | None]] = {
    "source": lambda flow: flow["srcaddr"],
    "destination": lambda flow: flow["dstaddr"],
    "pair": lambda flow: f"{flow['srcaddr']} -> {flow['dstaddr']}" if flow["dstaddr"] else None,
    "port": service,
    "interface": lambda flow: flow["interface_id"],
    "instance": lambda flow: flow["instance_id"],
    "subnet": lambda flow: flow["subnet_id"],
}


@pytest.mark.parametrize("by", KEYS)
def test_top(run: Run, flows: tuple[Record, ...], by: str) -> None:
    groups: dict[str | None, list[Record]] = defaultdict(list)
    for flow in flows:
        groups[KEYS[by](flow)].append(flow)
    rows = [
        {
            "name": name,
            "bytes": total(group, "bytes"),
            "packets": total(group, "packets"),
            "records": len(group),
        }
        for name, group in groups.items()
    ]
    rows.sort(
        key=lambda r: (
            r["bytes"] is None,
            -(r["bytes"] or 0),
            -r["records"],
            r["name"] is None,
            r["name"] or "",
        )
    )
    everything = total(flows, "bytes") or 0
    for row in rows:
        row["bytes_percent"] = (
            None if row["bytes"] is None else pytest.approx(100 * row["bytes"] / everything, abs=0.0051)
        )
    assert run("top", by=by, top=100) == rows
    assert run("top", by=by, top=2) == rows[:2]


def test_top_orders_equal_bytes_by_records_then_name(run: Run) -> None:
    sent = [("10.0.0.3", 4), ("10.0.0.2", 4), ("10.0.0.9", 1), ("10.0.0.9", 3), (None, 4), ("10.0.0.1", None)]
    rows = run("top", [{"srcaddr": ip, "bytes": size} for ip, size in sent], by="source", top=10)
    assert [row["name"] for row in rows] == ["10.0.0.9", "10.0.0.2", "10.0.0.3", None, "10.0.0.1"]


def test_top_without_bytes_has_no_share(run: Run) -> None:
    (row,) = run("top", [{"srcaddr": "10.0.0.1", "bytes": 0}], by="source", top=10)
    assert (row["bytes"], row["bytes_percent"]) == (0, None)


def test_tcp_flags_histogram(run: Run, flows: tuple[Record, ...]) -> None:
    tcp = [flow for flow in flows if flow["protocol"] == 6]
    groups: dict[int, list[Record]] = defaultdict(list)
    for flow in tcp:
        groups[flow["tcp_flags"]].append(flow)
    meaning = {
        2: ("SYN", "client"),
        3: ("SYN,FIN", "client"),
        4: ("RST", None),
        18: ("SYN,ACK", "server"),
        19: ("SYN,ACK,FIN", "server"),
    }
    assert run("tcp-flags-histogram") == [
        {
            "tcp_flags": flags,
            "flags": meaning[flags][0],
            "flag_role": meaning[flags][1],
            "records": len(group),
            "rejected": sum(flow["action"] == "REJECT" for flow in group),
            "packets": total(group, "packets"),
            "bytes": total(group, "bytes"),
            "records_percent": pytest.approx(100 * len(group) / len(tcp), abs=0.0051),
        }
        for flags, group in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
