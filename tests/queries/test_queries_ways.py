"""Translated addresses, encryption, idle interfaces, transit gateways, lists and what is new, against plain Python."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

import pytest
from oracle import Asked, Logs, Oracle, Record, Time, check_cases, generated_logs
from plain import (
    destination,
    end_of,
    grouped,
    is_between,
    most,
    nulls_last,
    own_addresses,
    service,
    service_of,
    source,
    total,
)

STATUS = {0: "clear_bytes", 1: "nitro_bytes", 3: "nitro_bytes", 2: "application_bytes", None: "unknown_bytes"}
CAUSES = ("no_route", "blackhole", "mtu_exceeded", "ttl_expired")


def translated_addresses(asked: Asked) -> list[Record]:
    sides = ("srcaddr", "pkt_srcaddr", "dstaddr", "pkt_dstaddr")
    chosen = [
        r
        for r in asked.flows
        if (r["pkt_srcaddr"] != r["srcaddr"] or r["pkt_dstaddr"] != r["dstaddr"])
        and asked.parameters["ip"] in (None, *(r[side] for side in sides))
    ]
    rows = [
        {
            "capture_point": point,
            **dict(zip(sides, ends, strict=True)),
            "records": len(group),
            "bytes": total(group, "bytes"),
            "last_time": Time(max(map(end_of, group))),
        }
        for (point, *ends), group in grouped(
            chosen, lambda r: (r["interface_id"] or r["resource_id"], *(r[side] for side in sides))
        ).items()
    ]
    rows.sort(
        key=lambda row: (
            *(most(row["bytes"]), -row["records"], row["capture_point"]),
            *(row[side] for side in sides),
        )
    )
    return rows[: asked.parameters["top"]]


def encryption_audit(asked: Asked) -> list[Record]:
    p, own = asked.parameters, own_addresses(asked.records)
    name = {
        "service": service_of,
        "pair": lambda r: f"{r['srcaddr']} -> {r['dstaddr']}",
        "interface": lambda r: r["interface_id"],
    }[p["by"]]
    chosen = [
        r
        for r in asked.flows
        if r["action"] == "ACCEPT" and is_between(p["way"], source(r), destination(r), own)
    ]
    rows = []
    for key, group in grouped(chosen, name).items():
        row: Record = {"name": key} | dict.fromkeys(STATUS.values(), 0)
        for r in group:
            row[STATUS[r["encryption_status"]]] += r["bytes"]
        rows.append(
            row | {"clear_records": sum(r["encryption_status"] == 0 for r in group), "records": len(group)}
        )
    rows.sort(key=lambda r: (-r["clear_bytes"], -r["clear_records"], -r["records"], nulls_last(r["name"])))
    return rows[: p["top"]]


def idle_interfaces(asked: Asked) -> list[Record]:
    """In logs whose slots are minutes and begin with them, without a gap."""
    rows = []
    for interface, group in grouped(asked.in_window, lambda r: r["interface_id"]).items():
        if {r["log_status"] for r in group} == {"NODATA"}:
            slots = {r["start"] // 60 for r in group}
            rows.append(
                {
                    "interface_id": interface,
                    "idle": len(slots),
                    "idle_hours": round(len(slots) / 60, 1),
                    "first_time": Time(min(slots) * 60),
                    "last_time": Time((max(slots) + 1) * 60),
                }
            )
    rows.sort(key=lambda row: (-row["idle"], row["interface_id"]))
    return rows[: asked.parameters["top"]]


def tgw_drops(asked: Asked) -> list[Record]:
    lossy = [r for r in asked.flows if any(r[f"packets_lost_{cause}"] for cause in CAUSES)]

    def name(r: Record) -> Any:
        return (
            r["tgw_attachment_id"]
            if asked.parameters["by"] == "attachment"
            else f"{r['srcaddr']} -> {r['dstaddr']}"
        )

    rows = [
        {
            "name": key,
            **{cause: total(group, f"packets_lost_{cause}") or 0 for cause in CAUSES},
            "packets": total(group, "packets"),
            "last_time": Time(max(map(end_of, group))),
        }
        for key, group in grouped(lossy, name).items()
    ]
    rows.sort(key=lambda row: (-sum(row[cause] for cause in CAUSES), row["name"]))
    return rows[: asked.parameters["top"]]


def watchlist_hits(asked: Asked) -> list[Record]:
    p = asked.parameters
    met = []
    for line in p["file"]:
        network = ipaddress.ip_network(line["cidr"].strip())
        for r in asked.flows:
            for out, address, host in ((False, source(r), destination(r)), (True, destination(r), source(r))):
                accepted = r["action"] == "ACCEPT" or not p["accepted"]
                if accepted and ipaddress.ip_address(address) in network:
                    met.append(((line["cidr"].strip(), line["label"], host, service_of(r)), out, r))
    rows = [
        {
            **dict(zip(("cidr", "label", "host", "service"), key, strict=True)),
            "bytes_to": total([r for _, out, r in group if out], "bytes") or 0,
            "bytes_from": total([r for _, out, r in group if not out], "bytes") or 0,
            "records": len(group),
            "rejected": sum(r["action"] == "REJECT" for *_, r in group),
            "last_time": Time(max(end_of(r) for *_, r in group)),
            "key": key,
        }
        for key, group in grouped(met, lambda m: m[0]).items()
    ]
    rows.sort(key=lambda row: (-row["bytes_to"] - row["bytes_from"], -row["records"], row["key"]))
    return [{k: v for k, v in row.items() if k != "key"} for row in rows[: p["top"]]]


def first_seen(asked: Asked) -> list[Record]:
    p, own = asked.parameters, own_addresses(asked.records)
    if asked.since is None:
        return []
    earliest = asked.since - 14 * 86400
    flows = [
        r
        for r in asked.records
        if r["srcaddr"]
        and r["action"] == "ACCEPT"
        and earliest <= r["start"]
        and (asked.until is None or r["start"] < asked.until)
    ]
    met = []
    for r in flows:
        src, dst = source(r), destination(r)
        kinds = {"any": ["any"], "inside": ["inside"], "edge": ["in", "out"]}[p["way"]]
        if not any(is_between(kind, src, dst, own) for kind in kinds):
            continue
        if p["by"] == "pair":
            met.append((" - ".join(sorted((src, dst))), None, r))
        elif p["by"] == "address":
            met += [(src, dst, r), (dst, src, r)]
        else:
            flags = (r["tcp_flags"] or 0) & 18
            serves = flags == 18 or (flags != 2 and r["srcport"] < r["dstport"])
            address, port, peer = (src, r["srcport"], dst) if serves else (dst, r["dstport"], src)
            met.append((f"{address}:{service(r['protocol'], port)}", peer, r))
    rows = [
        {
            "name": name,
            "first_time": Time(min(r["start"] for *_, r in group)),
            "last_time": Time(max(end_of(r) for *_, r in group)),
            "peers": None if p["by"] == "pair" else len({peer for _, peer, _ in group}),
            "records": len(group),
        }
        for name, group in grouped(met, lambda m: m[0]).items()
        if min(r["start"] for *_, r in group) >= asked.since
    ]
    rows.sort(key=lambda row: (-row["first_time"], row["name"]))
    return rows[: p["top"]]


ORACLES: dict[str, Oracle] = {
    "translated-addresses": translated_addresses,
    "encryption-audit": encryption_audit,
    "idle-interfaces": idle_interfaces,
    "tgw-drops": tgw_drops,
    "watchlist-hits": watchlist_hits,
    "first-seen": first_seen,
}


@pytest.mark.parametrize("name", ORACLES)
def test_cases(name: str) -> None:
    check_cases(name, ORACLES[name])


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        *(("encryption-audit", {"by": by, "way": "any"}) for by in ("service", "pair", "interface")),
        ("first-seen", {"by": "pair", "top": 1000}),
        ("first-seen", {"by": "address", "top": 1000}),
    ],
    ids=str,
)
def test_generated_logs(generated: Logs, name: str, parameters: Record) -> None:
    since = {"since": "2026-11-16T10:15Z"} if name == "first-seen" else {}
    generated.agree(name, ORACLES[name], parameters, interface=generated.busiest, **since)


def test_addresses_that_are_translated(generated: Logs) -> None:
    generated.agree("translated-addresses", translated_addresses, {"top": 10_000})


def test_what_the_transit_gateway_dropped(tmp_path: Path) -> None:
    logs = generated_logs(tmp_path, "tgw", records=5_000)
    logs.agree("tgw-drops", tgw_drops, {"by": "attachment"})
    logs.agree("tgw-drops", tgw_drops, {"by": "pair"})
