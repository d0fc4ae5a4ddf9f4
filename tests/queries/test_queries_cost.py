"""What traffic costs, against plain Python: logs in which interface_type tells the gateways."""

from __future__ import annotations

import csv
from collections import defaultdict
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
    packet, shown = (flow["pkt_srcaddr"], flow["pkt_dstaddr"]), (flow["srcaddr"], flow["dstaddr"])
    return flow["interface_type"] == "nat_gateway" and packet != shown


def host_of(flow: Record) -> str:
    return str(flow["pkt_srcaddr"] if is_private(flow["pkt_srcaddr"]) else flow["pkt_dstaddr"])


def transfer_costs(asked: Asked) -> list[Record]:
    zones = {
        (r["srcaddr"] if r["flow_direction"] == "egress" else r["dstaddr"]): r["az_id"] for r in asked.flows
    }
    bytes_of: dict[tuple[str, str], int] = defaultdict(int)
    for r in asked.flows:
        if is_inside_of_nat(r):
            bytes_of["nat", host_of(r)] += r["bytes"]
        elif r["interface_type"] != "nat_gateway" and r["flow_direction"] == "egress":
            if not is_private(r["pkt_dstaddr"]):
                bytes_of["internet", r["srcaddr"]] += r["bytes"]
            elif zones[r["srcaddr"]] != zones[r["dstaddr"]]:
                bytes_of["cross-az", r["srcaddr"]] += r["bytes"]
    items = {"nat": "nat_gateway_processing", "internet": "internet_egress", "cross-az": "cross_az_each_way"}
    kind, known = asked.parameters["kind"], prices(asked)
    rows: list[Record] = []
    for (name, host), total in bytes_of.items():
        usd, as_of = known.get(items[name], (None, None))
        whole = sum(other for (other_name, _), other in bytes_of.items() if other_name == name)
        times = 2 if name == "cross-az" else 1
        rows.append(
            {
                "kind": name,
                "host": host,
                "bytes": total,
                "estimated_usd": None if usd is None else round(total / GB * times * usd, 2),
                "bytes_percent": round(100 * total / whole, 1),
                "price_as_of": as_of,
            }
        )
    rows.sort(key=lambda row: (-(row["estimated_usd"] or 0), -row["bytes"]))
    return [row for row in rows if kind in ("all", row["kind"])]


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


def test_prices_of_ones_own(generated_default: Logs, tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("region,item,usd,unit,as_of\nhere,nat_gateway_processing,1000,GB,2026-11-01\n")
    asked: dict[str, Any] = {"kind": "nat", "region": "here", "prices": str(table)}
    for row in generated_default.workspace.run("transfer-costs", asked).read_all().to_pylist():
        assert row["estimated_usd"] == pytest.approx(row["bytes"] / GB * 1000, abs=0.01)
        assert str(row["price_as_of"]).startswith("2026-11-01")
