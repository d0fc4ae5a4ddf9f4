"""Overviews, lookups and rejects of one interface, against plain Python: there each record counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import pytest
from oracle import Asked, Logs, Oracle, Record, Time, check_cases

PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp"}
FLAGS = {2: "SYN", 16: "ACK", 1: "FIN", 4: "RST", 8: "PSH", 32: "URG"}


def total(records: Iterable[Record], column: str) -> int | None:
    """The sum of what is logged; None if nothing is."""
    values = [r[column] for r in records if r[column] is not None]
    return sum(values) if values else None


def distinct(records: Iterable[Record], column: str) -> int:
    return len({r[column] for r in records} - {None})


def grouped(records: Iterable[Record], key: Callable[[Record], Any]) -> dict[Any, list[Record]]:
    groups: dict[Any, list[Record]] = defaultdict(list)
    for record in records:
        groups[key(record)].append(record)
    return groups


def nulls_last(value: Any) -> tuple[bool, Any]:
    return (value is None, "" if value is None else value)


def traffic_summary(asked: Asked) -> list[Record]:
    flows = asked.flows
    return [
        {
            "records": len(asked.in_window),
            "flows": len(flows),
            "counted": len(flows),
            "bytes": total(flows, "bytes") or 0,
            "packets": total(flows, "packets") or 0,
            "sum_is": ">=" if any(r["log_status"] == "SKIPDATA" for r in asked.in_window) else "=",
            "accepted": sum(r["action"] == "ACCEPT" for r in flows),
            "rejected": sum(r["action"] == "REJECT" for r in flows),
            "sources": distinct(flows, "srcaddr"),
            "destinations": distinct(flows, "dstaddr"),
            "interfaces": distinct(flows, "interface_id"),
            "first_time": Time(min(r["start"] for r in flows)),
            "last_time": Time(max(r["end"] for r in flows)),
        }
    ]


def traffic_by_hour(asked: Asked) -> list[Record]:
    """Rounding is a matter of the query, so bytes are left to the cases and to other tests."""
    bin_s = asked.parameters["bin"]
    begun = grouped(asked.flows, lambda r: r["start"] // bin_s)
    touched = {
        at
        for r in asked.flows
        for at in range(r["start"] // bin_s, max(r["start"], r["end"] - 1) // bin_s + 1)
    }
    return [
        {
            "bin_time": Time(at * bin_s),
            "records": len(begun[at]),
            "accepted": sum(r["action"] == "ACCEPT" for r in begun[at]),
            "rejected": sum(r["action"] == "REJECT" for r in begun[at]),
        }
        for at in sorted(touched)
    ]


def service(flow: Record) -> str | None:
    name = PROTOCOLS.get(flow["protocol"])
    if flow["protocol"] not in (6, 17):
        return name
    flags = flow["tcp_flags"] or 0 if flow["protocol"] == 6 else 0
    ports = (flow["srcport"], flow["dstport"])
    port = min(ports) if not flags & 2 else ports[0] if flags & 16 else ports[1]
    return f"{port}/{name}"


NAMES: dict[str, Callable[[Record], str | None]] = {
    "source": lambda flow: flow["srcaddr"],
    "destination": lambda flow: flow["dstaddr"],
    "pair": lambda flow: f"{flow['srcaddr']} -> {flow['dstaddr']}",
    "port": service,
    "interface": lambda flow: flow["interface_id"],
    "instance": lambda flow: flow["instance_id"],
    "subnet": lambda flow: flow["subnet_id"],
}


def top(asked: Asked) -> list[Record]:
    rows = [
        {"name": name, "bytes": total(g, "bytes"), "packets": total(g, "packets"), "records": len(g)}
        for name, g in grouped(asked.flows, NAMES[asked.parameters["by"]]).items()
    ]
    whole = total(asked.flows, "bytes") or 0
    for row in rows:
        hundredths = Fraction(10_000 * row["bytes"], whole) + Fraction(1, 2)
        row["bytes_percent"] = int(hundredths) / 100
    rows.sort(key=lambda row: (-row["bytes"], -row["records"], nulls_last(row["name"])))
    return rows[: asked.parameters["top"]]


def tcp_flags_histogram(asked: Asked) -> list[Record]:
    tcp = [r for r in asked.flows if r["protocol"] == 6]
    rows = [
        {
            "tcp_flags": flags,
            "flags": None if flags is None else ",".join(name for bit, name in FLAGS.items() if flags & bit),
            "flag_role": None if flags is None else {2: "client", 18: "server"}.get(flags & 18),
            "records": len(group),
            "rejected": sum(r["action"] == "REJECT" for r in group),
            "packets": total(group, "packets"),
            "bytes": total(group, "bytes"),
        }
        for flags, group in grouped(tcp, lambda r: r["tcp_flags"]).items()
    ]
    return sorted(rows, key=lambda row: (-row["records"], nulls_last(row["tcp_flags"])))


COPIED = ("interface_id", "srcaddr", "srcport", "dstaddr", "dstport", "packets", "bytes", "action")
ORDER = (
    *("start", "end", "interface_id", "srcaddr", "srcport", "dstaddr", "dstport", "protocol"),
    *("action", "flow_direction", "tcp_flags", "pkt_srcaddr", "pkt_dstaddr", "packets", "bytes"),
)
NEWEST = {"start", "end", "packets", "bytes"}


def flows_of_ip(asked: Asked) -> list[Record]:
    ip = asked.parameters["ip"]
    found = [r for r in asked.flows if ip in (r["srcaddr"], r["dstaddr"], r["pkt_srcaddr"], r["pkt_dstaddr"])]
    found.sort(key=lambda r: [-r[c] if c in NEWEST else nulls_last(r[c]) for c in ORDER])
    return [
        {
            "start_time": Time(r["start"]),
            "end_time": Time(r["end"]),
            "sent": ip in (r["srcaddr"], r["pkt_srcaddr"]),
            "protocol_name": PROTOCOLS[r["protocol"]],
            **{column: r[column] for column in COPIED},
        }
        for r in found[: asked.parameters["top"]]
    ]


def rejected_by(column: str, key: Callable[[Record], Any]) -> Oracle:
    """What is rejected, of all kinds: which kind a reject is of has tests of its own."""

    def oracle(asked: Asked) -> list[Record]:
        counted = [r for r in asked.flows if r["action"] == "REJECT" and _counts(r, asked)]
        rows = [
            {
                "key": value,
                column: group[0][column],
                "records": len(group),
                "packets": total(group, "packets"),
                "destinations": distinct(group, "dstaddr"),
                "first_time": Time(min(r["start"] for r in group)),
                "last_time": Time(max(r["end"] for r in group)),
            }
            for value, group in grouped(counted, key).items()
        ]
        rows.sort(key=lambda row: (-row["records"], row["key"]))
        return [{name: row[name] for name in row if name != "key"} for row in rows[: asked.parameters["top"]]]

    return oracle


def _counts(record: Record, asked: Asked) -> bool:
    flags = record["tcp_flags"]
    return asked.parameters["kinds"] == "all" or flags is None or flags & 18 == 2


ORACLES: dict[str, Oracle] = {
    "traffic-summary": traffic_summary,
    "traffic-by-hour": traffic_by_hour,
    "top": top,
    "tcp-flags-histogram": tcp_flags_histogram,
    "flows-of-ip": flows_of_ip,
    "rejected-by-source": rejected_by("srcaddr", lambda r: r["srcaddr"]),
    "rejected-by-port": rejected_by("dstport", lambda r: (r["dstport"], r["protocol"])),
}


@pytest.mark.parametrize("name", ORACLES)
def test_cases(name: str) -> None:
    check_cases(name, ORACLES[name])


@pytest.mark.parametrize(
    "options", [{}, {"since": "2026-11-16T10:10Z", "until": "2026-11-16T10:20Z"}], ids=str
)
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("traffic-summary", {}),
        ("traffic-by-hour", {"bin": "5m"}),
        *(("top", {"by": by, "top": 20}) for by in NAMES),
        ("tcp-flags-histogram", {}),
        ("flows-of-ip", {"ip": "10.0.1.10", "top": 500}),
        ("rejected-by-source", {"kinds": "all"}),
        ("rejected-by-port", {"kinds": "all"}),
    ],
    ids=str,
)  # fmt: skip
def test_generated_logs(generated: Logs, name: str, parameters: Record, options: Record) -> None:
    if name == "flows-of-ip":
        generated.agree(name, ORACLES[name], {**parameters, "ip": address_of(generated)}, **options)
    else:
        generated.agree(name, ORACLES[name], parameters, interface=generated.busiest, **options)


def address_of(logs: Logs) -> str:
    """The address that most records of the busiest interface have."""
    ends = Counter(r["srcaddr"] for r in logs.records if r["interface_id"] == logs.busiest)
    return ends.most_common(1)[0][0]
