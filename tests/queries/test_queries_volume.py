"""How much traffic there is and when, against plain Python: logs of one interface, where each record counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from oracle import Asked, Logs, Oracle, Record, Time, check_cases
from plain import (
    destination,
    distinct,
    end_of,
    grouped,
    is_attempt,
    is_between,
    is_of,
    most,
    nulls_last,
    own_addresses,
    parts,
    percent,
    protocol_name,
    rounded,
    scope,
    service_of,
    source,
    total,
)

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def weekday(day: int) -> int:
    """Of the days since 1970, which began on a Thursday."""
    return (day + 3) % 7


def resource_traffic(asked: Asked) -> list[Record]:
    column = {"interface": "interface_id", "subnet": "subnet_id", "instance": "instance_id"}[
        asked.parameters["by"]
    ]
    own = own_addresses(asked.records)
    rows = []
    for name, group in grouped(asked.flows, lambda r: r[column]).items():
        sides: dict[str, list[Record]] = defaultdict(list)
        for r in group:
            sent = {r["srcaddr"] in own: "out", r["dstaddr"] in own: "in"}.get(True, "unknown")
            sent = {"egress": "out", "ingress": "in"}.get(r["flow_direction"], sent)
            sides[sent].append(r)
        peers = {destination(r) for r in sides["out"]} | {source(r) for r in sides["in"]}
        rows.append(
            {
                "name": name,
                "bytes_out": total(sides["out"], "bytes"),
                "bytes_in": total(sides["in"], "bytes"),
                "bytes_unknown": total(sides["unknown"], "bytes"),
                "records": len(group),
                "rejected": sum(r["action"] == "REJECT" for r in group),
                "peers": len(peers),
                "last_time": Time(max(map(end_of, group))),
                "bytes": total(group, "bytes"),
            }
        )
    rows.sort(key=lambda row: (most(row["bytes"]), -row["records"], nulls_last(row["name"])))
    return [{k: v for k, v in row.items() if k != "bytes"} for row in rows[: asked.parameters["top"]]]


NAMES: dict[str, Any] = {
    "all": lambda r: "all",
    "source": lambda r: r["srcaddr"],
    "destination": lambda r: r["dstaddr"],
    "pair": lambda r: f"{r['srcaddr']} -> {r['dstaddr']}",
    "interface": lambda r: r["interface_id"],
    "port": service_of,
    "service": service_of,
}


def rate_percentiles(asked: Asked) -> list[Record]:
    bin_s, by = asked.parameters["bin"], asked.parameters["by"]
    sums: dict[Any, Counter[int]] = defaultdict(Counter)
    packets: dict[Any, Counter[int]] = defaultdict(Counter)
    for r in asked.flows:
        sums[NAMES[by](r)].update(parts(r, "bytes", bin_s))
        packets[NAMES[by](r)].update(parts(r, "packets", bin_s))
    touched = {b for counter in sums.values() for b in counter}
    bins = range(min(touched), max(touched) + 1)
    rows = []
    for name, counter in sums.items():
        values = sorted(counter.get(b, 0) for b in bins)
        sizes = sorted(packets[name].get(b, 0) for b in bins)
        p95 = -(-95 * len(bins) // 100) - 1
        median = (len(bins) + 1) // 2 - 1
        peak = max(values)
        rows.append(
            {
                "name": name,
                "bins": len(bins),
                "busy": len(counter),
                "median_mbit_s": rounded(Fraction(values[median] * 8, bin_s * 10**6), 3),
                "p95_mbit_s": rounded(Fraction(values[p95] * 8, bin_s * 10**6), 3),
                "max_mbit_s": rounded(Fraction(peak * 8, bin_s * 10**6), 3),
                "max_time": Time(max(b for b in counter if counter[b] == peak) * bin_s),
                "p95_packets_s": rounded(Fraction(sizes[p95], bin_s), 1),
                "key": (-values[p95], -peak, name),
            }
        )
    rows.sort(key=lambda row: row["key"])
    return [{k: v for k, v in row.items() if k != "key"} for row in rows[: asked.parameters["top"]]]


def packet_sizes(asked: Asked) -> list[Record]:
    chosen = [r for r in asked.flows if r["packets"] and r["bytes"] is not None]
    rows = []
    for name, group in grouped(chosen, NAMES[asked.parameters["by"]]).items():
        if len(group) < asked.parameters["min_records"]:
            continue
        packets, size = total(group, "packets") or 0, total(group, "bytes") or 0
        order = {
            "packets": Fraction(packets),
            "smallest": -Fraction(size, packets),
            "largest": Fraction(size, packets),
        }[asked.parameters["order"]]
        rows.append(
            {
                "name": name,
                "records": len(group),
                "packets": packets,
                "bytes": size,
                "bytes_per_packet": rounded(Fraction(size, packets), 1),
                "smallest": min(r["bytes"] // r["packets"] for r in group),
                "largest": max(r["bytes"] // r["packets"] for r in group),
                "key": (-order, -packets, nulls_last(name)),
            }
        )
    rows.sort(key=lambda row: row["key"])
    return [{k: v for k, v in row.items() if k != "key"} for row in rows[: asked.parameters["top"]]]


def traffic_calendar(asked: Asked) -> list[Record]:
    measure, ahead_s = asked.parameters["measure"], round(asked.parameters["utc_offset"] * 3600)
    sums: Counter[int] = Counter()
    for r in asked.flows:
        local = {**r, "start": r["start"] + ahead_s, "end": end_of(r) + ahead_s}
        if measure in ("bytes", "packets"):
            sums.update(parts(local, measure, 3600))
        else:
            sums[local["start"] // 3600] += measure == "records" or r["action"] == "REJECT"
    cells: dict[tuple[int, int], list[int]] = defaultdict(list)
    for hour in range(min(sums), max(sums) + 1):
        cells[hour % 24, weekday(hour // 24)].append(sums[hour])
    means = {cell: int(rounded(Fraction(sum(values), len(values)), 0)) for cell, values in cells.items()}
    return [
        {"hour": hour} | {day: means.get((hour, number)) for number, day in enumerate(DAYS)}
        for hour in sorted({hour for hour, _ in cells})
    ]


def after_hours_traffic(asked: Asked) -> list[Record]:
    p, own = asked.parameters, own_addresses(asked.records)
    ahead_s = round(p["utc_offset"] * 3600)
    rows = []
    chosen = [r for r in asked.flows if is_between(p["way"], source(r), destination(r), own)]
    for (src, dst, name), group in grouped(
        chosen, lambda r: (source(r), destination(r), service_of(r))
    ).items():
        hours = {id(r): (r["start"] + ahead_s) // 3600 for r in group}
        off = [
            r
            for r in group
            if weekday(hours[id(r)] // 24) >= 5 or not p["from_hour"] <= hours[id(r)] % 24 < p["to_hour"]
        ]
        if off:
            rows.append(
                {
                    "srcaddr": src,
                    "dstaddr": dst,
                    "service": name,
                    "bytes": total(off, "bytes"),
                    "records": len(off),
                    "hours": len({hours[id(r)] for r in off}),
                    "off_percent": percent(total(off, "bytes"), total(group, "bytes"), 1),
                    "last_time": Time(max(map(end_of, off))),
                }
            )
    rows.sort(
        key=lambda row: (most(row["bytes"]), -row["records"], row["srcaddr"], row["dstaddr"], row["service"])
    )
    return rows[: p["top"]]


def bursts(asked: Asked) -> list[Record]:
    p = asked.parameters
    chosen = {
        "any": asked.flows,
        "accepted": [r for r in asked.flows if r["action"] == "ACCEPT"],
        "rejected": [r for r in asked.flows if is_attempt(r)],
    }[p["action"]]
    touching: dict[tuple[int, str], list[tuple[Record, int]]] = defaultdict(list)
    for r in chosen:
        for at, size in parts(r, "bytes", p["bin"]).items():
            touching[at, NAMES[p["by"]](r)].append((r, size))
    rows = []
    for (at, name), met in touching.items():
        begun = sum(r["start"] // p["bin"] == at for r, _ in met)
        size = sum(size for _, size in met)
        if begun >= p["min_records"] and size >= p["min_bytes"]:
            of = [r for r, _ in met]
            rows.append(
                {
                    "bin_time": Time(at * p["bin"]),
                    "name": name,
                    "records": begun,
                    "bytes": size,
                    "sources": distinct(of, "srcaddr"),
                    "destinations": distinct(of, "dstaddr"),
                    "ports": distinct(of, "dstport"),
                }
            )
    rows.sort(key=lambda row: (-row["records"], -row["bytes"], row["bin_time"], row["name"]))
    return rows[: p["top"]]


def period_compare(asked: Asked) -> list[Record]:
    p = asked.parameters
    first = asked.since if asked.since is not None else min(r["start"] for r in asked.in_window)
    last = asked.until if asked.until is not None else max(r["start"] for r in asked.in_window) + 1
    at = p["at"] if p["at"] is not None else first + (last - first) // 2
    rows = []
    for name, group in grouped(asked.flows, NAMES[p["by"]]).items():
        halves = [[r for r in group if r["start"] < at], [r for r in group if r["start"] >= at]]
        rates: list[int | None] = []
        for half, length in zip(halves, (at - first, last - at), strict=True):
            size = total(half, "bytes")
            rates.append(None if size is None else int(rounded(Fraction(size * 3600, length), 0)))
        change = (rates[1] or 0) - (rates[0] or 0)
        rows.append(
            {
                "name": name,
                "before_bytes_h": rates[0],
                "after_bytes_h": rates[1],
                "change_bytes_h": change,
                "change_percent": percent(change, rates[0], 1),
                "records_before": len(halves[0]),
                "records_after": len(halves[1]),
            }
        )
    rows.sort(key=lambda row: (-abs(row["change_bytes_h"]), nulls_last(row["name"])))
    return rows[: p["top"]]


def internet_traffic(asked: Asked) -> list[Record]:
    p, own = asked.parameters, own_addresses(asked.records)
    met: dict[tuple[Any, Any], list[tuple[str, str, bool, Record]]] = defaultdict(list)
    for r in asked.flows:
        out = is_between("out", source(r), destination(r), own)
        aws = (r["pkt_dst_aws_service"] if out else r["pkt_src_aws_service"]) is not None
        if (
            r["action"] == "ACCEPT"
            and (out or is_between("in", source(r), destination(r), own))
            and p["aws"] in ("with", "only" if aws else "without")
        ):
            peer, host = (destination(r), source(r)) if out else (source(r), destination(r))
            key = (peer if p["by"] != "host" else None, host if p["by"] != "peer" else None)
            met[key].append((peer, host, out, r))
    rows = [
        {
            "peer": peer,
            "host": host,
            "bytes_out": total([r for _, _, out, r in group if out], "bytes") or 0,
            "bytes_in": total([r for _, _, out, r in group if not out], "bytes") or 0,
            "records": len(group),
            "peers": len({peer for peer, *_ in group}),
            "hosts": len({host for _, host, *_ in group}),
            "last_time": Time(max(end_of(r) for *_, r in group)),
        }
        for (peer, host), group in met.items()
    ]
    rows.sort(
        key=lambda row: (
            -row[f"bytes_{p['order']}"],
            -row["bytes_out"] - row["bytes_in"],
            -row["records"],
            nulls_last(row["peer"]),
            nulls_last(row["host"]),
        )
    )
    return rows[: p["top"]]


def unusual_protocols(asked: Asked) -> list[Record]:
    chosen = [r for r in asked.flows if r["protocol"] not in (None, 1, 6, 17, 58)]
    rows = [
        {
            "protocol": protocol,
            "protocol_name": protocol_name(protocol),
            "srcaddr": src,
            "dstaddr": dst,
            "records": len(group),
            "rejected": sum(r["action"] == "REJECT" for r in group),
            "packets": total(group, "packets"),
            "bytes": total(group, "bytes"),
            "first_time": Time(min(r["start"] for r in group)),
            "last_time": Time(max(map(end_of, group))),
        }
        for (protocol, src, dst), group in grouped(
            chosen, lambda r: (r["protocol"], source(r), destination(r))
        ).items()
    ]
    rows.sort(
        key=lambda row: (most(row["bytes"]), -row["records"], row["protocol"], row["srcaddr"], row["dstaddr"])
    )
    return rows[: asked.parameters["top"]]


def latest_records(asked: Asked) -> list[Record]:
    p = asked.parameters
    wanted = {"any": {"ACCEPT", "REJECT", None}, "accepted": {"ACCEPT"}, "rejected": {"REJECT"}}[p["action"]]
    chosen = [
        r
        for r in asked.flows
        if r["action"] in wanted
        and all(p[name] in (None, r[f"{name}_id"]) for name in ("interface", "instance", "subnet"))
        and (p["port"] is None or p["port"] in (r["srcport"], r["dstport"]))
    ]
    columns = ("interface_id", "srcaddr", "srcport", "dstaddr", "dstport", "protocol", "action")
    more = ("flow_direction", "tcp_flags")
    chosen.sort(
        key=lambda r: (
            -r["start"],
            -end_of(r),
            *(nulls_last(r[c]) for c in (*columns, *more)),
            most(r["packets"]),
            most(r["bytes"]),
        )
    )
    return [
        {
            "start_time": Time(r["start"]),
            "interface_id": r["interface_id"],
            "source": endpoint(r["srcaddr"], r["srcport"]),
            "destination": endpoint(r["dstaddr"], r["dstport"]),
            "protocol": protocol_name(r["protocol"]),
            "packets": r["packets"],
            "bytes": r["bytes"],
            "action": r["action"],
        }
        for r in chosen[: p["top"]]
    ]


def endpoint(address: str, port: int | None) -> str:
    if not port:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def ip_inventory(asked: Asked) -> list[Record]:
    own = own_addresses(asked.records)
    rows = []
    for address in {source(r) for r in asked.flows} | {destination(r) for r in asked.flows}:
        sent = [r for r in asked.flows if source(r) == address]
        received = [r for r in asked.flows if destination(r) == address]
        kind = scope(address, own)
        if asked.parameters["scope"] in ("all", kind):
            rows.append(
                {
                    "address": address,
                    "scope": kind,
                    "bytes_sent": total(sent, "bytes") or 0,
                    "bytes_received": total(received, "bytes") or 0,
                    "peers": len({destination(r) for r in sent} | {source(r) for r in received}),
                    "first_time": Time(min(r["start"] for r in sent + received)),
                    "last_time": Time(max(end_of(r) for r in sent + received)),
                }
            )
    rows.sort(key=lambda row: (-row["bytes_sent"] - row["bytes_received"], row["address"]))
    return rows[: asked.parameters["top"]]


PATHS = {
    None: None,
    1: "same VPC",
    2: "internet gateway or gateway endpoint",
    3: "virtual private gateway",
    4: "peering in the Region",
    7: "gateway endpoint",
    8: "internet gateway",
}


def next_hop(r: Record) -> str:
    kind = r["next_hop_interface_type"] or ("interface" if r["next_hop_az_id"] else None)
    return " in ".join(word for word in (kind, r["next_hop_az_id"]) if word)


TOP_NAMES: dict[str, Any] = {
    **NAMES,
    "packet-source": lambda r: r["pkt_srcaddr"],
    "packet-pair": lambda r: f"{r['pkt_srcaddr']} -> {r['pkt_dstaddr']}",
    "protocol": lambda r: protocol_name(r["protocol"]),
    "family": lambda r: "IPv6" if ":" in r["srcaddr"] else "IPv4",
    "vpc": lambda r: r["vpc_id"],
    "account": lambda r: r["account_id"],
    "region": lambda r: r["region"],
    "az": lambda r: r["az_id"],
    "aws-service": lambda r: r["pkt_dst_aws_service"] or r["pkt_src_aws_service"],
    "path": lambda r: PATHS[r["traffic_path"]],
    "next-hop": next_hop,
}


def top(asked: Asked) -> list[Record]:
    p = asked.parameters
    chosen = [
        r
        for r in asked.flows
        if p["port"] in (None, r["dstport"])
        and (p["cidr"] is None or ip_address(r["srcaddr"]) in ip_network(p["cidr"]))
        and is_of(r["protocol"], p["protocol"])
    ]
    rows = [
        {"name": name, "bytes": total(g, "bytes"), "packets": total(g, "packets"), "records": len(g)}
        for name, g in grouped(chosen, TOP_NAMES[p["by"]]).items()
    ]
    rows.sort(
        key=lambda row: (most(row[p["order"]]), most(row["bytes"]), -row["records"], nulls_last(row["name"]))
    )
    return rows[: p["top"]]


ORACLES: dict[str, Oracle] = {
    "resource-traffic": resource_traffic,
    "rate-percentiles": rate_percentiles,
    "packet-sizes": packet_sizes,
    "traffic-calendar": traffic_calendar,
    "after-hours-traffic": after_hours_traffic,
    "bursts": bursts,
    "period-compare": period_compare,
    "internet-traffic": internet_traffic,
    "unusual-protocols": unusual_protocols,
    "latest-records": latest_records,
    "ip-inventory": ip_inventory,
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
        ("resource-traffic", {}),
        *(("rate-percentiles", {"by": by, "bin": "2m"}) for by in ("all", "interface", "pair")),
        *(("packet-sizes", {"by": by, "top": 100}) for by in ("service", "source", "pair")),
        ("packet-sizes", {"order": "smallest", "min_records": 2}),
        ("packet-sizes", {"order": "largest"}),
        *(("traffic-calendar", {"measure": m}) for m in ("bytes", "packets", "records", "rejected")),
        ("traffic-calendar", {"utc_offset": "5.5"}),
        ("after-hours-traffic", {"from_hour": 11}),
        ("after-hours-traffic", {"to_hour": 12, "utc_offset": 2, "way": "inside"}),
        *(("bursts", {"by": by, "min_records": 3}) for by in ("source", "destination", "pair", "interface")),
        ("bursts", {"min_bytes": 10_000, "min_records": 0, "bin": "10m"}),
        *(("period-compare", {"by": by}) for by in ("port", "source", "pair", "interface")),
        ("period-compare", {"at": "2026-11-16T10:14Z"}),
        *(("internet-traffic", {"by": by, "order": "in"}) for by in ("peer", "host", "pair")),
        ("latest-records", {"top": 300}),
        ("latest-records", {"port": 443, "action": "accepted"}),
        ("ip-inventory", {"scope": "internet"}),
    ],
    ids=str,
)  # fmt: skip
def test_generated_logs(generated_default: Logs, name: str, parameters: Record, options: Record) -> None:
    logs = generated_default
    logs.agree(name, ORACLES[name], parameters, interface=logs.busiest, **options)


def test_where_every_field_is_logged(generated: Logs) -> None:
    """Here the direction is logged, and AWS's name for its own addresses."""
    for name, parameters in (
        ("resource-traffic", {"by": "subnet"}),
        ("internet-traffic", {"by": "pair", "aws": "only"}),
        ("internet-traffic", {"by": "peer", "aws": "without"}),
    ):
        generated.agree(name, ORACLES[name], parameters, interface=generated.busiest)


@pytest.mark.parametrize(
    "parameters",
    [
        *({"by": by} for by in TOP_NAMES if by not in ("all", "service")),
        {"by": "pair", "order": "packets"},
        {"by": "source", "order": "records", "protocol": "tcp"},
        {"by": "destination", "port": 443},
        {"by": "destination", "cidr": "10.0.0.0/16"},
    ],
    ids=str,
)
def test_top(generated: Logs, parameters: Record) -> None:
    generated.agree("top", top, {"top": 50, **parameters}, interface=generated.busiest)


def test_all_addresses(generated_default: Logs) -> None:
    def unscoped(asked: Asked) -> list[Record]:
        """Which addresses are other interfaces' own, those interfaces' records tell."""
        return [{k: v for k, v in row.items() if k != "scope"} for row in ip_inventory(asked)]

    generated_default.agree("ip-inventory", unscoped, interface=generated_default.busiest)
