"""What was rejected, and why, against plain Python."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
from oracle import Asked, Logs, Oracle, Record, Time, check_cases
from plain import (
    Rejection,
    destination,
    distinct,
    end_of,
    grouped,
    is_attempt,
    is_between,
    is_of,
    least_port,
    most,
    nulls_last,
    own_addresses,
    rejections,
    rounded,
    service,
    source,
    total,
)

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
REASONS = {
    "BPA": "VPC Block Public Access",
    "EC": "Encryption Controls of a VPC endpoint",
    None: "security group or network ACL",
}
CERTAINTY = ("certain", "likely", "possible", "not decidable")


def chosen(asked: Asked) -> list[Rejection]:
    return [r for r in rejections(asked) if r.is_chosen or asked.parameters["kinds"] == "all"]


def rejected_recent(asked: Asked) -> list[Record]:
    found = chosen(asked)
    columns = ("interface_id", "srcaddr", "dstaddr", "dstport", "protocol", "srcport", "packets", "bytes")
    found.sort(
        key=lambda r: (
            -r.record["start"],
            -end_of(r.record),
            *(nulls_last(r.record[c]) for c in columns),
            r.kind,
            nulls_last(r.record["tcp_flags"]),
        )
    )
    return [
        {
            "start_time": Time(r.record["start"]),
            "interface_id": r.record["interface_id"],
            "srcaddr": source(r.record),
            "dstaddr": destination(r.record),
            "service": service(r.record["protocol"], r.record["dstport"]),
            "packets": r.record["packets"],
            "kind": r.kind,
            "filter": None if r.certainty == "not decidable" else f"{r.filter}, {r.certainty}",
        }
        for r in found[: asked.parameters["top"]]
    ]


def rejected_by_interface(asked: Asked) -> list[Record]:
    rows = []
    mine = [r for r in rejections(asked) if is_of(r.record["protocol"], asked.parameters["protocol"])]
    for interface, group in grouped(mine, lambda r: r.record["interface_id"]).items():
        counted = [r.record for r in group if r.is_chosen or asked.parameters["kinds"] == "all"]
        if counted:
            sources = Counter(r["srcaddr"] for r in counted)
            ports = Counter((r["dstport"], r["protocol"]) for r in counted)
            port, protocol = min(ports, key=lambda p: (-ports[p], nulls_last(p[0]), nulls_last(p[1])))
            rows.append(
                {
                    "interface_id": interface,
                    "records": len(counted),
                    "sources": len(sources),
                    "ports": len({port for port, _ in ports} - {None}),
                    "busiest_source": min(sources, key=lambda s: (-sources[s], s)),
                    "busiest_port": service(protocol, port),
                    "last_time": Time(max(map(end_of, counted))),
                    "others": len(group) - len(counted),
                }
            )
    rows.sort(key=lambda row: (-row["records"], row["interface_id"]))
    return rows[: asked.parameters["top"]]


def rejected_pairs(asked: Asked) -> list[Record]:
    p, own = asked.parameters, own_addresses(asked.records)
    mine = [
        r
        for r in rejections(asked)
        if p["port"] in (None, r.record["dstport"])
        and is_between(p["way"], source(r.record), destination(r.record), own)
    ]
    counted = [r for r in mine if r.is_chosen or p["kinds"] == "all"]

    def pair(r: Rejection) -> tuple[Any, ...]:
        return (source(r.record), destination(r.record), r.record["dstport"], r.record["protocol"])

    rows = []
    for key, group in grouped(counted, pair).items():
        points = grouped(group, lambda r: r.record["interface_id"]).values()
        rows.append(
            {
                "srcaddr": key[0],
                "dstaddr": key[1],
                "service": service(key[3], key[2]),
                "records": max(map(len, points)),
                "rejected_since": Time(max(r.since for r in group)),
                "accepted_before": any(r.accepted is not None for r in group),
                "last_time": Time(max(end_of(r.record) for r in group)),
                "others": len(mine) - len(counted),
                "key": (
                    most(max(total([r.record for r in g], "packets") or 0 for g in points)),
                    *map(nulls_last, key),
                ),
            }
        )
    rows.sort(key=lambda row: (-row["records"], row["key"]))
    return [{k: v for k, v in row.items() if k != "key"} for row in rows[: p["top"]]]


def reject_filters(asked: Asked) -> list[Record]:
    wanted = asked.parameters["filter"]
    mine = [r for r in rejections(asked) if r.kind in ("attempt", "reply", "unknown")]
    shown = [
        r
        for r in mine
        if wanted in ("any", r.filter) or (wanted == "known" and r.certainty != "not decidable")
    ]

    def key(r: Rejection) -> tuple[Any, ...]:
        f = r.record
        port = f["srcport"] if r.kind == "reply" else f["dstport"]
        return (r.filter, r.certainty, f["interface_id"], source(f), destination(f), port, f["protocol"])

    rows = [
        {
            "filter": k[0],
            "certainty": k[1],
            "interface_id": k[2],
            "srcaddr": k[3],
            "dstaddr": k[4],
            "service": service(k[6], k[5]),
            "records": len(group),
            "others": sum(r.certainty == "not decidable" for r in mine),
            "key": (k[0], *map(nulls_last, k[2:])),
        }
        for k, group in grouped(shown, key).items()
    ]
    rows.sort(key=lambda row: (CERTAINTY.index(row["certainty"]), -row["records"], row["key"]))
    return [{k: v for k, v in row.items() if k != "key"} for row in rows[: asked.parameters["top"]]]


def accepted_then_rejected(asked: Asked) -> list[Record]:
    def pair(r: Record) -> tuple[Any, ...]:
        return (r["interface_id"], source(r), destination(r), least_port(r), r["protocol"])

    accepted = grouped([r for r in asked.flows if r["action"] == "ACCEPT"], pair)
    mine = [
        r for r in rejections(asked) if r.accepted is not None and r.kind in ("attempt", "reply", "unknown")
    ]
    rows = []
    for key, group in grouped(mine, lambda r: pair(r.record)).items():
        newest = max(group, key=lambda r: (r.record["start"], r.since))
        records = sum(r.since == newest.since for r in group)
        if records >= asked.parameters["min_records"] and all(
            f["start"] < newest.since for f in accepted[key]
        ):
            rows.append(
                {
                    "interface_id": key[0],
                    "srcaddr": key[1],
                    "dstaddr": key[2],
                    "service": service(key[4], key[3]),
                    "last_accepted_time": Time(newest.accepted or 0),
                    "rejected_since": Time(newest.since),
                    "records": records,
                    "key": key,
                }
            )
    rows.sort(key=lambda row: (-row["rejected_since"], -row["records"], row["key"]))
    return [{k: v for k, v in row.items() if k != "key"} for row in rows[: asked.parameters["top"]]]


def rejected_then_accepted(asked: Asked) -> list[Record]:
    own = own_addresses(asked.records)
    rows = []
    for key, group in grouped(
        asked.flows,
        lambda r: (r["interface_id"], source(r), destination(r), r["dstport"], r["protocol"]),
    ).items():
        rejected = [r for r in group if is_attempt(r)]
        last = max((r["start"] for r in rejected), default=0)
        accepted = [r for r in group if r["action"] == "ACCEPT" and r["start"] > last]
        if rejected and accepted and is_between(asked.parameters["way"], key[1], key[2], own):
            rows.append(
                {
                    "interface_id": key[0],
                    "srcaddr": key[1],
                    "dstaddr": key[2],
                    "dstport": key[3],
                    "rejected": len(rejected),
                    "last_rejected_time": Time(last),
                    "accepted_since": Time(min(r["start"] for r in accepted)),
                    "accepted": len(accepted),
                    "bytes": total(accepted, "bytes"),
                }
            )
    rows.sort(
        key=lambda row: (
            *(-row["accepted_since"], -row["rejected"], row["interface_id"]),
            *(row["srcaddr"], row["dstaddr"], row["dstport"]),
        )
    )
    return rows[: asked.parameters["top"]]


def reject_reasons(asked: Asked) -> list[Record]:
    rejected = [r for r in asked.flows if r["action"] == "REJECT"]
    rows = [
        {
            "reject_reason": reason,
            "meaning": REASONS.get(reason),
            "records": len(group),
            "packets": total(group, "packets"),
            "interfaces": distinct(group, "interface_id"),
            "sources": distinct(group, "srcaddr"),
            "last_time": Time(max(map(end_of, group))),
        }
        for reason, group in grouped(rejected, lambda r: r["reject_reason"]).items()
    ]
    return sorted(rows, key=lambda row: (-row["records"], nulls_last(row["reject_reason"])))


def rejected_by_weekday(asked: Asked) -> list[Record]:
    p = asked.parameters
    ahead_s = round(p["utc_offset"] * 3600)
    logged = [
        (r, (r["start"] + ahead_s) // 86400) for r in asked.flows if is_of(r["protocol"], p["protocol"])
    ]
    days = range(min(day for _, day in logged), max(day for _, day in logged) + 1)
    rows = []
    for number, name in enumerate(WEEKDAYS):
        count = sum((day + 3) % 7 == number for day in days)
        mine = [r for r, day in logged if (day + 3) % 7 == number and r["action"] == "REJECT"]
        counted = [r for r in mine if is_attempt(r)]
        if count:
            rows.append(
                {
                    "weekday": name,
                    "days": count,
                    "records": len(counted),
                    "records_a_day": rounded(Fraction(len(counted), count), 1),
                    "sources": distinct(counted, "srcaddr"),
                    "destinations": distinct(counted, "dstaddr"),
                    "ports": distinct(counted, "dstport"),
                    "others": len(mine) - len(counted),
                }
            )
    return rows


ORACLES: dict[str, Oracle] = {
    "rejected-recent": rejected_recent,
    "rejected-by-interface": rejected_by_interface,
    "rejected-pairs": rejected_pairs,
    "reject-filters": reject_filters,
    "accepted-then-rejected": accepted_then_rejected,
    "rejected-then-accepted": rejected_then_accepted,
    "reject-reasons": reject_reasons,
    "rejected-by-weekday": rejected_by_weekday,
}


@pytest.mark.parametrize("name", ORACLES)
def test_cases(name: str) -> None:
    check_cases(name, ORACLES[name])


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("reject-reasons", {}),
        ("rejected-by-weekday", {"protocol": "tcp"}),
        ("rejected-by-interface", {"kinds": "all"}),
        ("rejected-by-interface", {"kinds": "all", "protocol": "udp"}),
    ],
    ids=str,
)
def test_generated_logs(generated: Logs, name: str, parameters: Record) -> None:
    generated.agree(name, ORACLES[name], parameters)


def test_the_filters_are_those_that_refused(generated: Logs) -> None:
    """What is certain or likely, against what the generated network did."""
    names = {"security-group", "network-acl"}
    told = generated.workspace.run("reject-filters", {"top": 10_000}).read_all().to_pylist()
    did = {
        (seen["interface_id"], truth["refused_filter"])
        for truth in generated.truth
        for seen in truth["seen"]
        if truth["refused_filter"]
    }
    assert told
    assert [
        row
        for row in told
        if row["filter"] in names
        and row["certainty"] in ("certain", "likely")
        and (row["interface_id"], row["filter"]) not in did
    ] == []
