"""Compaction: the same records in fewer files, whose footers say what they replace; nothing damaged gets in."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from flowsql.engines.duckdb_engine import Session
from flowsql.errors import StoreError
from flowsql.query_options import QueryOptions
from flowsql.workspace import Workspace

Make = Callable[..., bytes]
Numbers = Callable[[Workspace], list[int]]


@pytest.fixture
def load(workspace: Workspace, tmp_path: Path, log_text: Make) -> Callable[[str, range], Path]:
    def one(name: str, numbers: range) -> Path:
        source = tmp_path / name
        source.write_bytes(log_text(numbers))
        workspace.load([source])
        return source

    return one


def segments(workspace: Workspace) -> list[Path]:
    rows = workspace.sql("select path from segments order by path").read_all().column(0).to_pylist()
    return [workspace.store.folder / path for path in rows]


def footer(path: Path) -> dict[str, object]:
    return dict(json.loads(pq.read_metadata(path).metadata[b"flowsql"]))


def test_footer_names_all_that_is_in_it(
    workspace: Workspace, load: Callable[..., Path], numbers_in: Numbers
) -> None:
    load("a.log", range(3))
    load("b.log", range(10, 12))
    first = {path.stem for path in segments(workspace)}
    workspace.compact(grace_s=0)
    (second,) = segments(workspace)
    load("a.log", range(5))
    (third,) = set(segments(workspace)) - {second}
    workspace.compact(grace_s=0)
    (last,) = segments(workspace)
    kept = footer(last)
    assert set(kept["supersedes"]) == first | {second.stem, third.stem}
    assert len(kept["supersedes"]) == 4
    assert [(load["load_id"], load["state"]) for load in kept["loads"]] == [
        *((1, "replaced"), (2, "live"), (3, "live"))
    ]
    assert numbers_in(workspace) == [0, 1, 2, 3, 4, 10, 11]
    assert [path.name for path in workspace.store.folder.rglob("*.parquet")] == [last.name]


def test_segment_of_dead_loads_only_goes(
    workspace: Workspace, load: Callable[..., Path], numbers_in: Numbers
) -> None:
    source = load("a.log", range(3))
    workspace.forget([source])
    report = workspace.compact(grace_s=0)
    assert (report.old_segments, report.new_segments, report.dead_records) == (1, 0, 3)
    assert segments(workspace) == []
    assert numbers_in(workspace) == []
    assert list((workspace.store.folder / "records").iterdir()) == []
    assert workspace.compact().old_segments == 0


def test_replaced_files_stay_for_running_queries(
    workspace: Workspace, load: Callable[..., Path], numbers_in: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("a.log", range(3))
    load("b.log", range(10, 12))
    with Session(workspace.store.catalog, QueryOptions.parse()) as session:
        report = workspace.compact()
        assert (report.waiting_files, report.deleted_files) == (2, 0)
        (statement,) = session.statements("select count(*) as n from records")
        assert session.execute(statement, {}).read_all().to_pylist() == [{"n": 5}]
    files = list(workspace.store.folder.rglob("*.parquet"))
    assert len(files) == 3
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3_500)
    load("c.log", range(20, 22))
    assert all(file.exists() for file in files)
    monkeypatch.setattr(time, "time", lambda: now + 3_700)
    load("d.log", range(30, 32))
    assert len([file for file in files if file.exists()]) == 1
    assert len(numbers_in(workspace)) == 9


def test_unlisted_files_go_once_they_are_old(workspace: Workspace, load: Callable[..., Path]) -> None:
    load("a.log", range(3))
    stray = workspace.store.folder / "records" / "day=2001-01-01" / "stray.parquet"
    stray.parent.mkdir()
    stray.write_bytes(b"whatever")
    assert workspace.compact().deleted_files == 0
    assert stray.exists()
    assert workspace.compact(grace_s=0).deleted_files == 1
    assert not stray.parent.exists()
    assert len(segments(workspace)) == 1


@pytest.mark.parametrize("damage", ["flipped", "cut", "gone"])
def test_damaged_segment_is_named_and_not_copied(
    damage: str, workspace: Workspace, load: Callable[..., Path]
) -> None:
    load("a.log", range(3))
    load("b.log", range(10, 12))
    path = segments(workspace)[0]
    content = bytearray(path.read_bytes())
    content[60] ^= 1
    {
        "flipped": lambda: path.write_bytes(content),
        "cut": lambda: path.write_bytes(content[:100]),
        "gone": path.unlink,
    }[damage]()
    before = workspace.store.catalog.path.read_bytes()
    with pytest.raises(StoreError, match="cannot be merged") as raised:
        workspace.compact()
    assert raised.value.where == str(path)
    assert workspace.store.catalog.path.read_bytes() == before
    assert list((workspace.store.folder / "staging").iterdir()) == []


def test_small_loads_are_merged_on_the_way(
    workspace: Workspace, load: Callable[..., Path], numbers_in: Numbers
) -> None:
    for number in range(20):
        load(f"{number}.log", range(number * 10, number * 10 + 3))
        assert len(segments(workspace)) < 8
    assert len(numbers_in(workspace)) == 60


def test_load_that_brings_nothing_publishes_nothing(workspace: Workspace, load: Callable[..., Path]) -> None:
    source = load("a.log", range(3))
    stamp = workspace.store.catalog.stamp
    before = stamp()
    workspace.load([source])
    assert stamp() == before
    workspace.forget([load("b.log", range(5, 7))])
    assert stamp() != before
    workspace.load([source.parent / "b.log", source])
    workspace.compact()
    after = stamp()
    workspace.compact()
    assert stamp() == after


def test_compaction_waits_for_another_and_gives_up(workspace: Workspace, load: Callable[..., Path]) -> None:
    from flowsql.store.lock import only_one

    load("a.log", range(3))
    workspace.store.wait_s = 0.05
    with only_one(workspace.store.folder, 0), pytest.raises(StoreError, match="another compaction") as raised:
        workspace.compact()
    assert "--wait" in raised.value.remedy
