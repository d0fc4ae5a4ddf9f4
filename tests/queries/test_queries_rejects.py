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
    """All rejected flows; the one with RST is the answer to an accepted opening, the others are openings."""
    return [flow for flow in flows if flow["action"] == "REJECT"]


def grouped(rejected: list[Record], column: str, kinds: str) -> list[tuple[Any, list[Record], int]]:
    """Value of the column, the records counted under it and how many others it has; most records first."""
    groups: dict[Any, list[Record]] = defaultdict(list)
    others: dict[Any, int] = defaultdict(int)
    for flow in rejected:
        if kinds == "all" or flow["tcp_flags"] == 2:
            groups[flow[column]].append(flow)
        else:
            others[flow[column]] += 1
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return [(value, group, others[value]) for value, group in ordered]


@pytest.mark.parametrize("kinds", ["attempts", "all"])
def test_rejected_by_source(run: Run, rejected: list[Record], kinds: str) -> None:
    rows = [
        {
            "srcaddr": srcaddr,
            **summed(group),
            "destinations": distinct(group, "dstaddr"),
            "ports": distinct(group, "dstport"),
            "others": others,
            "others_in_all": 1 if kinds == "attempts" else 0,
        }
        for srcaddr, group, others in grouped(rejected, "srcaddr", kinds)
    ]
    assert run("rejected-by-source", kinds=kinds, top=50) == rows
    assert run("rejected-by-source", kinds=kinds, top=1) == rows[:1]


@pytest.mark.parametrize("kinds", ["attempts", "all"])
def test_rejected_by_port(run: Run, rejected: list[Record], kinds: str) -> None:
    rows = [
        {
            "dstport": dstport,
            "protocol_name": "tcp",
            **summed(group),
            "sources": distinct(group, "srcaddr"),
            "destinations": distinct(group, "dstaddr"),
            "others": others,
            "others_in_all": 1 if kinds == "attempts" else 0,
        }
        for dstport, group, others in grouped(rejected, "dstport", kinds)
    ]
    assert run("rejected-by-port", kinds=kinds, top=50) == rows
    assert run("rejected-by-port", kinds=kinds, top=2) == rows[:2]


def test_what_was_left_out_of_a_source_is_counted(run: Run, rejected: list[Record]) -> None:
    answers = [flow for flow in rejected if flow["tcp_flags"] == 4]
    opening = {**answers[0], "tcp_flags": 2, "dstport": 22, "bytes": 40}
    (row,) = run("rejected-by-source", [*answers, opening], kinds="attempts", top=50)
    assert (row["records"], row["ports"], row["others"]) == (
        2,
        2,
        0,
    )  # alone, it may be the answer to anything
    asked = {**answers[0], "action": "ACCEPT", "tcp_flags": 2, "start": answers[0]["start"] - 60}
    asked |= {"srcaddr": answers[0]["dstaddr"], "dstaddr": answers[0]["srcaddr"]}
    asked |= {"srcport": answers[0]["dstport"], "dstport": answers[0]["srcport"]}
    asked |= {"pkt_srcaddr": asked["srcaddr"], "pkt_dstaddr": asked["dstaddr"]}
    (row,) = run("rejected-by-source", [*answers, opening, asked], kinds="attempts", top=50)
    assert (row["records"], row["ports"], row["others"], row["others_in_all"]) == (1, 1, 1, 1)


def test_one_port_of_two_protocols_is_two_services(run: Run) -> None:
    records = [{"action": "REJECT", "dstport": 53, "protocol": protocol} for protocol in (17, 6, None)]
    rows = run("rejected-by-port", records, kinds="attempts", top=50)
    assert [(row["dstport"], row["protocol_name"]) for row in rows] == [(53, "tcp"), (53, "udp"), (53, None)]
