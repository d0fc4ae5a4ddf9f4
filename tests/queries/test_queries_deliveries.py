"""What files say by their names and times, against plain Python."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flowsql.workspace import Workspace

DAY = datetime(2026, 11, 20, tzinfo=UTC)
FLOW_LOG = "fl-0a1b2c3d4e5f60718"


def deliver(folder: Path, slot: int, delay_s: int) -> None:
    """A file of the slot-th five minutes of the day, written so long after they ended."""
    start = DAY + timedelta(minutes=5 * slot)
    path = folder / f"123456789012_vpcflowlogs_eu-west-1_{FLOW_LOG}_{start:%Y%m%dT%H%M}Z_{slot:08x}.log"
    path.write_text(f"srcaddr start\n10.0.0.1 {int(start.timestamp())}\n")
    written = start.timestamp() + 300 + delay_s
    os.utime(path, (written, written))


@pytest.fixture(params=range(3))
def delays(request: pytest.FixtureRequest) -> dict[int, int]:
    """Slot -> delay of its file, for some slots of the day."""
    rng = random.Random(request.param)
    return {slot: rng.randrange(9000) for slot in rng.sample(range(288), 60)}


@pytest.fixture
def workspace(delays: dict[int, int], tmp_path: Path) -> Workspace:
    for slot, delay_s in delays.items():
        deliver(tmp_path, slot, delay_s)
    workspace = Workspace(tmp_path / "store")
    workspace.load([*tmp_path.glob("*.log")])
    return workspace


def test_slots_without_a_file(delays: dict[int, int], workspace: Workspace) -> None:
    missing: list[tuple[int, int]] = []
    for slot in range(min(delays), max(delays)):
        if slot in delays:
            continue
        if slot - 1 in delays:
            missing.append((slot, slot))
        else:
            missing[-1] = (missing[-1][0], slot)
    rows = workspace.run("missing-files").read_all().to_pylist()
    found = {(row["first_missing"], row["last_missing"], row["slots"]) for row in rows}
    assert found == {(at(first), at(last), last - first + 1) for first, last in missing}
    assert [row["slots"] for row in rows] == sorted((row["slots"] for row in rows), reverse=True)


def at(slot: int) -> datetime:
    return DAY + timedelta(minutes=5 * slot)


def test_how_long_files_took(delays: dict[int, int], workspace: Workspace) -> None:
    (row,) = workspace.run("ingest-lag").read_all().to_pylist()
    ordered = sorted(delays.values())
    assert row == {
        "day_time": DAY,
        "flow_log_id": FLOW_LOG,
        "delivered_to": "S3",
        "arrivals": 60,
        "min_s": ordered[0],
        "median_s": ordered[29],
        "p99_s": ordered[59],
        "max_s": ordered[59],
        "late": sum(delay_s > 3600 for delay_s in ordered),
    }
