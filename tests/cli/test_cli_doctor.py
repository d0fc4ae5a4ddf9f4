"""`flowsql doctor`, and the saved queries of deliveries, on files whose names and times are known."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

Flowsql = Callable[..., Any]
TEN = int(datetime(2026, 11, 20, 10, tzinfo=UTC).timestamp())
HEADER = "interface-id srcaddr dstaddr start end bytes action log-status"
WIDER = f"{HEADER} tcp-flags"


def deliver(
    folder: Path, flow_log: int, slot: int, *, after_s: int, header: str = HEADER, junk: str = ""
) -> None:
    """A file of the `slot`-th slot after ten o'clock with five records, written so long after the slot's end."""
    start = TEN + 300 * slot
    name = f"123456789012_vpcflowlogs_eu-west-1_fl-{flow_log:017x}_{datetime.fromtimestamp(start, UTC):%Y%m%dT%H%M}Z_{slot:08x}"
    path = folder / "AWSLogs/123456789012/vpcflowlogs/eu-west-1/2026/11/20" / f"{name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    more = " 2" if header == WIDER else ""
    lines = [
        f"eni-1 10.0.0.1 10.0.0.{i} {start + 60 * i} {start + 60 * i + 59} 7 ACCEPT OK{more}"
        for i in range(5)
    ]
    path.write_text("\n".join([header, *lines]) + f"\n{junk}")
    os.utime(path, (start + 300 + after_s,) * 2)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Two flow logs of one interface; of the first slots 2, 3 and 5 are missing."""
    folder = tmp_path / "logs"
    for slot, after_s in ((0, 60), (1, 120), (4, 180), (6, 7200)):
        deliver(folder, 1, slot, after_s=after_s)
    deliver(folder, 2, 0, after_s=90, header=WIDER, junk="torn line\n")
    (folder / "other.log").write_text(f"{HEADER}\n")
    return folder


@pytest.fixture
def store(logs: Path, tmp_path: Path, flowsql: Flowsql) -> Path:
    folder = tmp_path / "store"
    flowsql("load", logs, "--store", folder)
    return folder


def test_missing_files(flowsql: Flowsql, store: Path) -> None:
    done = flowsql("run", "missing-files", "--store", store)
    name = f"fl-{1:017x},123456789012,eu-west-1"
    assert done.out.splitlines()[1:] == [
        f"{name},2026-11-20T10:10:00Z,2026-11-20T10:15:00Z,2",
        f"{name},2026-11-20T10:25:00Z,2026-11-20T10:25:00Z,1",
    ]
    longer = flowsql("run", "missing-files", "min_slots=2", "--store", store)
    assert len(longer.out.splitlines()) == 2
    window = ("--since", "2026-11-20T10:20", "--until", "2026-11-20T11:00")
    assert len(flowsql("run", "missing-files", *window, "--store", store).out.splitlines()) == 2


def test_ingest_lag(flowsql: Flowsql, store: Path) -> None:
    done = flowsql("run", "ingest-lag", "--store", store)
    assert done.out.splitlines() == [
        "day_time,flow_log_id,delivered_to,arrivals,min_s,median_s,p99_s,max_s,late",
        f"2026-11-20T00:00:00Z,fl-{1:017x},S3,4,60,120,7200,7200,1",
        f"2026-11-20T00:00:00Z,fl-{2:017x},S3,1,90,90,90,90,0",
    ]


def sections(text: str) -> dict[str, list[list[str]]]:
    """Title -> the rows of its table, as cells."""
    found = {}
    for part in text.split("\n\n"):
        title, *lines = part.splitlines()
        rows = [[cell.strip() for cell in line.split("│")] for line in lines[2:] if not line.startswith("(")]
        found[title.split(":")[0]] = rows
    return found


def test_the_sections_of_a_store(flowsql: Flowsql, store: Path) -> None:
    done = flowsql("doctor", "--store", store)
    assert (done.code, done.err) == (0, "")
    found = sections(done.out)
    assert [row[:8] for row in found["What was loaded, and how it is laid out"]] == [
        ["files that AWS named", "by day", "123456789012", "eu-west-1", "5", "25", "0", "2"],
        ["other files", "", "", "", "1", "0", "0", "0"],
    ]
    assert [row[:3] for row in found["Log formats"]] == [["8", "5", "20"], ["9", "1", "5"]]
    (reject,) = found["Rejected lines, the twenty most frequent reasons"]
    assert reject[:3] == ["found 2 values for 9 fields", "1", "1"]
    (interval,) = found["Intervals of the interfaces, as observed, the longest first"]
    assert interval[:2] == ["eni-1", "60"]
    assert {row[0] for row in found["Capture slots of the window by state"]} >= {"covered", "gap"}
    both = f"fl-{1:017x}, fl-{2:017x}"
    overlaps = found["Flow logs that log the same interfaces in the same hours"]
    assert overlaps == [[both, "1", "1"]]
    assert found["What came late"] == [["files that arrived over an hour after their 5-minute slot", "1"]]
    assert len(found["In which 5-minute slots did a flow log deliver no file?"]) == 2
    works = {row[0]: row[1:] for row in found["Which saved queries work"]}
    assert works["missing-files"] == ["yes", "", ""]
    assert works["tcp-flags-histogram"][:2] == ["no", "protocol, tcp_flags"]
    assert works["traffic-by-hour"][0] == "yes"


def test_a_field_that_part_of_the_records_lack(flowsql: Flowsql, store: Path) -> None:
    (store.parent / "queries").mkdir()
    query = "-- Who?\n-- counts: all\n-- needs: tcp_flags\n-- tags: x\nselect count(tcp_flags) from records\n"
    (store.parent / "queries" / "flags.sql").write_text(query)
    before = Path.cwd()
    os.chdir(store.parent)
    try:
        found = sections(flowsql("doctor", "--store", store).out)
    finally:
        os.chdir(before)
    assert ["flags", "in part", "tcp_flags", ""] in found["Which saved queries work"]


def test_a_source_is_looked_at_without_being_kept(flowsql: Flowsql, logs: Path, tmp_path: Path) -> None:
    done = flowsql("doctor", logs)
    assert done.code == 0
    assert sections(done.out)["Log formats"][0][:3] == ["8", "5", "20"]
    assert not (tmp_path / "store").exists()


def test_nothing_there(flowsql: Flowsql, tmp_path: Path) -> None:
    assert flowsql("doctor", "--store", tmp_path / "none").code == 3
    assert flowsql("doctor", tmp_path / "none").code == 5
    (tmp_path / "empty.log").write_text(f"{HEADER}\n")
    done = flowsql("doctor", tmp_path / "empty.log")
    assert {tuple(row[1:3]) for row in sections(done.out)["Which saved queries work"]} == {("no", "records")}
