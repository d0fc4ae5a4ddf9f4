from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

Record = dict[str, Any]
Run = Callable[..., list[Record]]


def summed(group: list[Record]) -> Record:
    return {
        "records": len(group),
        "packets": sum(flow["packets"] for flow in group),
        "first_time": min(flow["start"] for flow in group),
        "last_time": max(flow["end"] for flow in group),
    }


def distinct(group: list[Record], column: str) -> int:
    return len({flow[column] for flow in group} - {None})


@pytest.fixture
def rejected(flows: tuple[Record, ...]) -> list[Record]:
    return [flow for flow in flows if flow["action"] == "REJECT"]


def test_rejected_by_source(run: Run, rejected: list[Record]) -> None:
    groups: dict[str, list[Record]] = defaultdict(list)
    for flow in rejected:
        groups[flow["srcaddr"]].append(flow)
    rows = [
        {
            "srcaddr": srcaddr,
            **summed(group),
            "destinations": distinct(group, "dstaddr"),
            "ports": distinct(group, "dstport"),
        }
        for srcaddr, group in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    assert run("rejected-by-source", top=50) == rows
    assert run("rejected-by-source", top=1) == rows[:1]


def test_rejected_by_port(run: Run, rejected: list[Record]) -> None:
    groups: dict[int, list[Record]] = defaultdict(list)
    for flow in rejected:
        groups[flow["dstport"]].append(flow)
    rows = [
        {
            "dstport": dstport,
            "protocol_name": "tcp",
            **summed(group),
            "sources": distinct(group, "srcaddr"),
            "destinations": distinct(group, "dstaddr"),
        }
        for dstport, group in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    assert run("rejected-by-port", top=50) == rows
    assert run("rejected-by-port", top=2) == rows[:2]


def test_one_port_of_two_protocols_is_two_services(run: Run) -> None:
    records = [{"action": "REJECT", "dstport": 53, "protocol": protocol} for protocol in (17, 6, None)]
    rows = run("rejected-by-port", records, top=50)
    assert [(row["dstport"], row["protocol_name"]) for row in rows] == [(53, "tcp"), (53, "udp"), (53, None)]
