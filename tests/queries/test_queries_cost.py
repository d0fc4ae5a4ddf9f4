"""What traffic costs, against plain Python: logs in which interface_type tells the gateways."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from oracle import LIBRARY, Asked, Logs, Oracle, Record, check_cases

GB = 1_000_000_000


def prices(asked: Asked) -> dict[str, tuple[float, str]]:
    """USD and date by item, of the Region asked for, from the table that is shipped."""
    path = LIBRARY.get("transfer-costs")[0].path.with_name("prices.csv")
    rows = csv.DictReader(path.read_text().splitlines())
    return {
        row["item"]: (float(row["usd"]), row["as_of"])
        for row in rows
        if row["region"] == asked.parameters["region"]
    }


def is_private(address: str) -> bool:
    return address.startswith("10.")


def is_inside_of_nat(flow: Record) -> bool:
    """In these logs gateways are told by their type, or there are no other relays in them."""
    if flow["interface_id"] is None and flow["resource_id"]:
        return is_private(flow["srcaddr"]) or is_private(flow["dstaddr"])
    packet, shown = (flow["pkt_srcaddr"], flow["pkt_dstaddr"]), (flow["srcaddr"], flow["dstaddr"])
    return flow["interface_type"] in (None, "nat_gateway") and packet != shown


def is_of_nat(flow: Record) -> bool:
    return "nat" in (flow["interface_type"] or flow["interface_id"] or flow["resource_id"])


def host_of(flow: Record) -> str:
    return str(flow["pkt_srcaddr"] if is_private(flow["pkt_srcaddr"]) else flow["pkt_dstaddr"])


def charged(flows: list[Record]) -> Iterator[tuple[str, str, str, int, int]]:
    """Kind, host, peer, bytes sent and received of what is charged."""
    zones = {(r["srcaddr"] if r["flow_direction"] == "egress" else r["dstaddr"]): r["az_id"] for r in flows}
    for r in flows:
        ends = (r["pkt_srcaddr"], r["pkt_dstaddr"])
        if is_inside_of_nat(r):
            sent = is_private(ends[0])
            yield ("nat", *(ends if sent else ends[::-1]), r["bytes"] * sent, r["bytes"] * (not sent))
        elif not is_of_nat(r) and r["flow_direction"] == "egress":
            if not is_private(ends[1]):
                yield ("internet", *ends, r["bytes"], 0)
            elif zones[r["srcaddr"]] != zones[r["dstaddr"]]:
                yield ("cross-az", *ends, r["bytes"], 0)


def transfer_costs(asked: Asked) -> list[Record]:
    p, known = asked.parameters, prices(asked)
    bytes_of: dict[tuple[str, Any, Any], list[int]] = defaultdict(lambda: [0, 0])
    for kind, host, peer, sent, received in charged(asked.flows):
        sums = bytes_of[kind, None if p["by"] == "peer" else host, None if p["by"] == "host" else peer]
        sums[0] += sent
        sums[1] += received
    items = {"nat": "nat_gateway_processing", "internet": "internet_egress", "cross-az": "cross_az_each_way"}
    rows: list[Record] = []
    for (kind, host, peer), sums in bytes_of.items():
        usd, as_of = known.get(items[kind], (None, None))
        whole = sum(sum(other) for (other_kind, *_), other in bytes_of.items() if other_kind == kind)
        times = 2 if kind == "cross-az" else 1
        rows.append(
            {
                "kind": kind,
                "host": host,
                "peer": peer,
                "bytes": sum(sums),
                "bytes_out": sums[0],
                "bytes_in": sums[1],
                "estimated_usd": None if usd is None else round(sum(sums) / GB * times * usd, 2),
                "bytes_percent": round(100 * sum(sums) / whole, 1),
                "price_as_of": as_of,
            }
        )
    first = {"cost": "estimated_usd", "out": "bytes_out", "in": "bytes_in"}[p["order"]]
    rows.sort(
        key=lambda row: (-(row[first] or 0), -row["bytes"], row["kind"], row["host"] or "", row["peer"] or "")
    )
    return [row for row in rows if p["kind"] in ("all", row["kind"])][: p["top"]]


def endpoint_candidates(asked: Asked) -> list[Record]:
    services: dict[str, list[Record]] = defaultdict(list)
    for r in asked.flows:
        if is_inside_of_nat(r) and r["pkt_dst_aws_service"]:
            services[r["pkt_dst_aws_service"]].append(r)
    hours = (max(r["end"] for r in asked.flows) - min(r["start"] for r in asked.flows)) / 3600
    known = prices(asked)
    rows = []
    for service, group in services.items():
        month_gb = sum(r["bytes"] for r in group) / GB * 730 / hours
        by_nat = month_gb * known["nat_gateway_processing"][0]
        standing = known["interface_endpoint"][0] * 730 * asked.parameters["zones"]
        each = known["interface_endpoint_processing"][0]
        free = service in ("S3", "DYNAMODB")
        by_endpoint = 0 if free else standing + month_gb * each
        rows.append(
            {
                "service": service,
                "hosts": len({host_of(r) for r in group}),
                "bytes": sum(r["bytes"] for r in group),
                "month_gb": round(month_gb, 1),
                "endpoint": "gateway" if free else "interface",
                "nat_usd_month": round(by_nat, 2),
                "endpoint_usd_month": round(float(by_endpoint), 2),
                "saving_usd_month": round(by_nat - by_endpoint, 2),
                "break_even_month_gb": 0.0
                if free
                else float(round(standing / (known["nat_gateway_processing"][0] - each))),
                "price_as_of": known["interface_endpoint"][1],
            }
        )
    return sorted(rows, key=lambda row: -row["saving_usd_month"])


ORACLES: dict[str, Oracle] = {"transfer-costs": transfer_costs, "endpoint-candidates": endpoint_candidates}


@pytest.mark.parametrize("name", ORACLES)
def test_cases(name: str) -> None:
    check_cases(name, ORACLES[name])


def totals(logs: Logs, **parameters: str) -> dict[str, int]:
    rows = logs.workspace.run("transfer-costs", {"top": "10000", **parameters}).read_all().to_pylist()
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        sums[row["kind"]] += row["bytes"]
    return sums


def test_what_passed_nat_gateways_is_that_of_the_truth(generated_default: Logs) -> None:
    passed = sum(
        row["sent_bytes"] + row["replied_bytes"]
        for row in generated_default.truth
        if "nat" in row["tags"] and row["outcome"] != "dropped-by-nat"
    )
    assert totals(generated_default)["nat"] == pytest.approx(passed, rel=0.02)


def test_what_went_through_the_nat_gateways(generated: Logs) -> None:
    """By the truth: the bytes of each host, as they pass the inside of a gateway."""
    rows = generated.workspace.run("nat-traffic", {"top": 1000}).read_all().to_pylist()
    told = {row["host"]: row["bytes_out"] for row in rows}
    gateways = {r["interface_id"] for r in generated.records if r["interface_type"] == "nat_gateway"}
    passed: dict[str, int] = {}
    skipped: set[str] = set()
    for truth in generated.truth:
        for seen in truth["seen"]:
            # The inside shows the host's own port, the outside the one that the gateway gave it.
            is_inside = truth["nat_port"] not in (None, seen["opener_port"])
            if seen["interface_id"] in gateways and is_inside and seen["sent_action"] == "ACCEPT":
                host = truth["opener_address"]
                passed[host] = passed.get(host, 0) + (seen["sent_bytes"] or 0)
                if seen["skipped_records"]:
                    skipped.add(host)
    assert len(passed.keys() - skipped) > 5
    assert told.keys() == passed.keys()
    assert {host for host in told if told[host] != passed[host]} <= skipped
    assert all(told[host] <= passed[host] for host in told)


def test_prices_of_ones_own(generated_default: Logs, tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("region,item,usd,unit,as_of\nhere,nat_gateway_processing,1000,GB,2026-11-01\n")
    asked: dict[str, Any] = {"kind": "nat", "region": "here", "prices": str(table)}
    for row in generated_default.workspace.run("transfer-costs", asked).read_all().to_pylist():
        assert row["estimated_usd"] == pytest.approx(row["bytes"] / GB * 1000, abs=0.01)
        assert str(row["price_as_of"]).startswith("2026-11-01")
