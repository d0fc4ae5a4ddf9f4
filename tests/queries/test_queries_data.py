"""The data themselves: coverage, formats, duplicates and times, against plain Python."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from oracle import Asked, Logs, Oracle, Record, Time, check_cases
from plain import destination, distinct, end_of, grouped, most, nulls_last, percent, source, total

from flowsql.logformat.fields import DISTINCT_FIELDS
from flowsql.workspace import Workspace

STATUSES = ("NODATA", "SKIPDATA")


def coverage_by_interface(asked: Asked) -> list[Record]:
    """In logs whose slots are minutes and begin with them."""
    rows = []
    for interface, group in grouped(asked.in_window, lambda r: r["interface_id"]).items():
        states: dict[int, str] = {}
        for r in group:
            for minute in range(r["start"] // 60, max(r["start"], r["end"] - 1) // 60 + 1):
                kinds = {"SKIPDATA": "partial", "NODATA": "idle"}
                state = kinds.get(r["log_status"], "covered")
                order = ("idle", "covered", "partial")
                states[minute] = max(states.get(minute, "idle"), state, key=order.index)
        slots = range(min(states), max(states) + 1)
        counts = Counter(states.get(slot, "gap") for slot in slots)
        gaps = [slot for slot in slots if slot not in states]
        rows.append(
            {
                "capture_point": interface,
                "slot_s": 60,
                "slots": len(slots),
                **{state: counts[state] for state in ("covered", "idle", "partial", "gap", "unknown")},
                "covered_percent": percent(counts["covered"] + counts["idle"], len(slots)),
                "first_gap_time": Time(gaps[0] * 60) if gaps else None,
            }
        )
    rows.sort(key=lambda row: (row["covered_percent"], -row["gap"], row["capture_point"]))
    return rows[: asked.parameters["top"]]


def skipdata(asked: Asked) -> list[Record]:
    bin_s = asked.parameters["bin"]
    rows = []
    for (point, at), group in grouped(
        asked.in_window, lambda r: (r["interface_id"] or r["tgw_attachment_id"], r["start"] // bin_s)
    ).items():
        skipped = sum(r["log_status"] == "SKIPDATA" for r in group)
        flows = [r for r in group if r["log_status"] not in STATUSES]
        if skipped:
            rows.append(
                {
                    "bin_time": Time(at * bin_s),
                    "capture_point": point,
                    "skipped": skipped,
                    "flows": len(flows),
                    "bytes": total(flows, "bytes"),
                }
            )
    rows.sort(key=lambda row: (-row["bin_time"], -row["skipped"], row["capture_point"]))
    return rows[: asked.parameters["top"]]


def log_status(asked: Asked) -> list[Record]:
    by = asked.parameters["by"]
    rows = [
        {
            "interface_id": interface,
            "log_status": status,
            "records": len(group),
            "percent": percent(len(group), len(asked.in_window)),
            "interfaces": distinct(group, "interface_id"),
            "first_time": Time(min(r["start"] for r in group)),
            "last_time": Time(max(map(end_of, group))),
        }
        for (interface, status), group in grouped(
            asked.in_window, lambda r: (r["interface_id"] if by == "interface" else None, r["log_status"])
        ).items()
    ]
    rows.sort(key=lambda r: (-r["records"], nulls_last(r["interface_id"]), nulls_last(r["log_status"])))
    return rows[: asked.parameters["top"]]


def duplicate_records(asked: Asked) -> list[Record]:
    """In one object: which objects copies are in has a test of its own."""
    flows = [tuple(r.items()) for r in asked.flows]
    copies = [(dict(r), n) for r, n in Counter(flows).items() if n > 1]
    rows = [
        {
            "capture_point": point,
            "found_in": "one object",
            "repeated": len(group),
            "extra": sum(n - 1 for _, n in group),
            "extra_bytes": sum((r["bytes"] or 0) * (n - 1) for r, n in group),
            "first_time": Time(min(r["start"] for r, _ in group)),
            "last_time": Time(max(r["start"] for r, _ in group)),
        }
        for point, group in grouped(copies, lambda item: item[0]["interface_id"]).items()
    ]
    rows.sort(key=lambda row: (-row["extra"], nulls_last(row["capture_point"])))
    return rows[: asked.parameters["top"]]


def format_inventory(asked: Asked) -> list[Record]:
    """Of one object."""
    return [
        {
            "objects": 1,
            "records": len(asked.records),
            "flow_logs": 0,
            "first_time": Time(min(r["start"] for r in asked.records)),
            "last_time": Time(max(map(end_of, asked.records))),
        }
    ]


def clock_sanity(asked: Asked) -> list[Record]:
    def problems(r: Record) -> list[str]:
        start, end = r["start"], r["end"]
        if start is None or end is None:
            return ["without start or end"]
        found = {
            "ends before it starts": end < start,
            "lasts over 660 s": end - start > 660,
            "in the future": max(start, end) > asked.now + 300,
            "before flow logs existed": min(start, end) < 1_433_894_400,
        }
        return [name for name, holds in found.items() if holds]

    rows = []
    of = [(problem, r) for r in asked.in_window for problem in problems(r)]
    for problem, group in grouped(of, lambda item: item[0]).items():
        starts = [r["start"] for _, r in group if r["start"] is not None]
        spans = [r["end"] - r["start"] for _, r in group if None not in (r["start"], r["end"])]
        rows.append(
            {
                "problem": problem,
                "records": len(group),
                "interfaces": len({r["interface_id"] for _, r in group}),
                "first_start_time": Time(min(starts)) if starts else None,
                "last_start_time": Time(max(starts)) if starts else None,
                "longest_s": max(spans, default=None),
            }
        )
    return sorted(rows, key=lambda row: (-row["records"], row["problem"]))


def second_views(asked: Asked) -> list[Record]:
    """Of interfaces of one VPC that each send something, without gateways: a flow counts at its sender's."""
    own = {
        interface: {a for a in _ends(group) if all(a in (r["srcaddr"], r["dstaddr"]) for r in group)}
        for interface, group in grouped(asked.flows, lambda r: r["interface_id"]).items()
    }
    logged = set().union(*own.values())

    def view(r: Record) -> str:
        return "sender" if source(r) in logged - own[r["interface_id"]] else "counted"

    whole = total(asked.flows, "bytes")
    rows = [
        {
            "second_view_of": name,
            "records": len(group),
            "bytes": total(group, "bytes"),
            "bytes_percent": percent(total(group, "bytes"), whole),
            "interfaces": distinct(group, "interface_id"),
        }
        for name, group in grouped(asked.flows, view).items()
    ]
    return sorted(rows, key=lambda row: (row["second_view_of"] != "counted", -row["records"]))


def _ends(records: list[Record]) -> set[Any]:
    return {source(r) for r in records} | {destination(r) for r in records}


def field_fill_rate(asked: Asked) -> list[Record]:
    flows = asked.flows
    rows = []
    for column in (field.column for field in DISTINCT_FIELDS):
        filled = sum(r[column] is not None for r in flows)
        if filled or not asked.parameters["logged"]:
            share = percent(filled, len(flows))
            rows.append({"field": column, "filled": filled, "records": len(flows), "filled_percent": share})
    return rows


ORACLES: dict[str, Oracle] = {
    "coverage-by-interface": coverage_by_interface,
    "skipdata": skipdata,
    "log-status": log_status,
    "duplicate-records": duplicate_records,
    "format-inventory": format_inventory,
    "clock-sanity": clock_sanity,
    "second-views": second_views,
    "field-fill-rate": field_fill_rate,
}


@pytest.mark.parametrize("name", ORACLES)
def test_cases(name: str) -> None:
    check_cases(name, ORACLES[name])


def rejected_lines(asked: Asked) -> list[Record]:
    """The lines are no records, so the oracle cannot know them: what it was written with."""
    return [{"lines": 2, "objects": 1}, {"lines": 1, "objects": 1}]


def test_cases_of_rejected_lines() -> None:
    check_cases("rejected-lines", rejected_lines)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("skipdata", {"bin": "1m"}),
        ("field-fill-rate", {"logged": False}),
        ("coverage-by-interface", {}),
    ],
    ids=str,
)
def test_generated_logs(generated: Logs, name: str, parameters: Record) -> None:
    oracle = ORACLES[name]
    if name == "coverage-by-interface":
        # The first and last slots of each interface may be its own to know.
        generated.agree(name, lambda asked: _shares(oracle(asked)), {"top": 10_000})
    else:
        generated.agree(name, oracle, parameters)


def test_statuses_of_each_interface(generated: Logs) -> None:
    def unshared(asked: Asked) -> list[Record]:
        """Without percentages: halves of a hundredth are rounded either way."""
        return [{k: v for k, v in row.items() if k != "percent"} for row in log_status(asked)]

    generated.agree("log-status", unshared, {"by": "interface", "top": 1000})


def _shares(rows: list[Record]) -> list[Record]:
    return [
        {"capture_point": row["capture_point"], "covered_percent": row["covered_percent"]} for row in rows
    ]


LINE = "2 123456789012 eni-1 10.0.0.5 10.0.1.9 50001 443 6 10 1000 1700006400 1700006459 ACCEPT OK"
NAME = "123456789012_vpcflowlogs_us-east-1_fl-{log}_20231115T0000Z_{mark}.log"


@pytest.mark.parametrize(
    ("names", "found_in"),
    [
        ((NAME.format(log="aaaa", mark="11111111"), NAME.format(log="aaaa", mark="22222222")), "several objects of one flow log"),
        ((NAME.format(log="aaaa", mark="11111111"), NAME.format(log="bbbb", mark="22222222")), "several flow logs"),
    ],
)  # fmt: skip
def test_where_the_copies_are(tmp_path: Path, names: tuple[str, str], found_in: str) -> None:
    for number, name in enumerate(names):
        (tmp_path / name).write_text(f"{LINE}\n{LINE.replace('443', str(number))}\n")
    with Workspace.temporary() as workspace:
        workspace.load([tmp_path])
        (row,) = workspace.run("duplicate-records").read_all().to_pylist()
    assert (row["found_in"], row["repeated"], row["extra"], row["extra_bytes"]) == (found_in, 1, 1, 1000)


def test_formats_of_several_objects(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(f"{LINE}\n")
    (tmp_path / "b.log").write_text(f"{LINE.replace('443', '80')}\n{LINE.replace('443', '81')}\n")
    (tmp_path / "c.log").write_text("srcaddr dstaddr start\n10.0.0.5 10.0.1.9 1700000000\n")
    with Workspace.temporary() as workspace:
        workspace.load([tmp_path])
        rows = workspace.run("format-inventory").read_all().to_pylist()
    assert [(row["fields"], row["objects"], row["records"]) for row in rows] == [(14, 2, 3), (3, 1, 1)]
    assert rows[1]["log_format"] == "${srcaddr} ${dstaddr} ${start}"


def test_percentages_add_up(generated: Logs) -> None:
    rows = generated.workspace.run("second-views").read_all().to_pylist()
    assert sum(Fraction(str(row["bytes_percent"])) for row in rows) == pytest.approx(100, abs=0.05)
    assert rows[0]["second_view_of"] == "counted"
    assert {row["second_view_of"] for row in rows} >= {"sender", "leg"}
    assert most(rows[0]["records"]) < most(rows[-1]["records"])
