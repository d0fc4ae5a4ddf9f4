from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Record = dict[str, Any]
Run = Callable[..., list[Record]]

COPIED = (
    *("interface_id", "srcaddr", "srcport", "dstaddr", "dstport", "packets", "bytes"),
    *("action", "pkt_srcaddr", "pkt_dstaddr"),
)
SENT, RECEIVED = ("srcaddr", "pkt_srcaddr"), ("dstaddr", "pkt_dstaddr")


@pytest.mark.parametrize("ip", ["10.0.0.1", "93.0.0.1", "2001:db8::2", "10.9.9.9", "10.0.0.3"])
def test_flows_of_ip(run: Run, flows: tuple[Record, ...], ip: str) -> None:
    rows = run("flows-of-ip", ip=ip, top=100)
    expected = [
        {
            "start_time": flow["start"],
            "end_time": flow["end"],
            "sent": ip in {flow[column] for column in SENT},
            "protocol_name": {1: "icmp", 6: "tcp", 17: "udp"}.get(flow["protocol"]),
            **{column: flow[column] for column in COPIED},
        }
        for flow in flows
        if ip in {flow[column] for column in SENT + RECEIVED}
    ]
    for row in rows:
        del row["flags"], row["direction"], row["local_evidence"]
    assert sorted(rows, key=str) == sorted(
        ({name: wanted[name] for name in rows[0]} for wanted in expected), key=str
    )
    starts = [row["start_time"] or 0 for row in rows]
    assert starts == sorted(starts, reverse=True)


def test_flows_of_ip_shows_the_direction_where_it_is_known(run: Run, flows: tuple[Record, ...]) -> None:
    # eni-b has one peer only, so either address may be its own; those of eni-a are not in all of its records.
    assert {row["direction"] for row in run("flows-of-ip", ip="10.0.0.1", top=100)} == {None}
    told = [{**flow, "flow_direction": "egress"} for flow in flows if flow["interface_id"] == "eni-b"]
    (row,) = run("flows-of-ip", told, ip="10.0.0.1", top=100)
    assert (row["direction"], row["local_evidence"]) == ("egress", "flow-direction")


def test_flows_of_ip_shows_the_newest(run: Run) -> None:
    everything = run("flows-of-ip", ip="10.0.0.1", top=100)
    assert run("flows-of-ip", ip="10.0.0.1", top=3) == everything[:3]
    assert len(everything) > 3
