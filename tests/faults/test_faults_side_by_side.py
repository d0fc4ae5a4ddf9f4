"""Loads and readers at the same time: each object once, and no reader ever fails or sees part of one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowsql.store.lock import only_one, writers_queue
from flowsql.workspace import Workspace


def load_side_by_side(
    loads: int,
    workspace: Workspace,
    objects: Any,
    start_load: Callable[..., Any],
    whole_objects: Callable[..., int],
) -> list[int]:
    """Runs several loads of the same objects and reads all the while; returns what the reads saw."""
    sources = objects.sources
    # Each begins at another place, so that each commits objects that the others are about to read.
    turns = [
        sources[n * len(sources) // loads :] + sources[: n * len(sources) // loads] for n in range(loads)
    ]
    processes = [start_load(workspace.store.folder, turn, due_records=2 * objects.size) for turn in turns]
    seen = []
    while any(process.process.poll() is None for process in processes):
        seen.append(whole_objects(workspace, objects))
    reports = [process.report() for process in processes]
    assert [report["error"] for report in reports] == [None] * loads
    assert sum(report["records"] for report in reports) == len(objects.numbers)
    assert seen == sorted(seen)
    return seen


def test_two_loads_of_the_same_objects(
    workspace: Workspace,
    make_objects: Callable[..., Any],
    start_load: Callable[..., Any],
    whole_objects: Callable[..., int],
    is_tidy: Callable[..., bool],
    numbers_in: Callable[..., list[int]],
) -> None:
    objects = make_objects(10, 10_000)
    seen = load_side_by_side(2, workspace, objects, start_load, whole_objects)
    assert len(seen) > 3
    assert numbers_in(workspace) == objects.numbers
    assert is_tidy(workspace)
    info = workspace.info()
    assert (info.objects, info.replaced_objects) == (10, 0)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_many_loads_of_the_same_objects(
    tmp_path: Path,
    make_objects: Callable[..., Any],
    start_load: Callable[..., Any],
    whole_objects: Callable[..., int],
    is_tidy: Callable[..., bool],
    numbers_in: Callable[..., list[int]],
) -> None:
    objects = make_objects(40, 5_000)
    reads = 0
    for number in range(5):
        workspace = Workspace(tmp_path / f"store-{number}")
        reads += len(load_side_by_side(4, workspace, objects, start_load, whole_objects))
        assert numbers_in(workspace) == objects.numbers
        assert is_tidy(workspace)
    print(f"\n5 times 4 loads of the same 40 objects at once, {reads} reads beside them")


READER = Path(__file__).with_name("read_process.py")


def beside_readers(
    seconds: float,
    loads: int,
    readers: int,
    workspace: Workspace,
    objects: Any,
    start_load: Callable[..., Any],
) -> tuple[int, float]:
    """Loads of objects of their own, readers and a compaction after the other for some seconds.

    Returns the number of reads and the longest. Nobody may fail or see part of an object.
    """
    workspace.load(objects.sources[:1])
    folder = workspace.store.folder
    shares = [objects.sources[n::loads] for n in range(loads)]
    command = [sys.executable, str(READER), str(folder), str(seconds), str(objects.size)]
    reading = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(readers)]
    loading = [start_load(folder, share, due_records=objects.size, wait_s=120) for share in shares]
    compactions = 0
    while any(reader.poll() is None for reader in reading) or compactions == 0:
        report = Workspace(folder, wait_s=120).compact(grace_s=3600)
        compactions += bool(report.new_segments)
    reports = [json.loads(reader.communicate()[0]) for reader in reading]
    assert [report["wrong"] for report in reports] == [""] * readers
    assert [process.report()["error"] for process in loading] == [None] * loads
    assert compactions > 0
    return sum(report["reads"] for report in reports), max(report["longest_s"] for report in reports)


def test_loads_readers_and_compactions(
    workspace: Workspace,
    make_objects: Callable[..., Any],
    start_load: Callable[..., Any],
    numbers_in: Callable[..., list[int]],
    is_sound: Callable[..., bool],
    is_tidy: Callable[..., bool],
) -> None:
    objects = make_objects(10, 10_000)
    reads, _ = beside_readers(2, 2, 2, workspace, objects, start_load)
    assert reads > 2
    assert numbers_in(workspace) == objects.numbers
    assert is_sound(workspace)
    assert is_tidy(workspace)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_loads_readers_and_compactions_for_a_minute(
    workspace: Workspace,
    make_objects: Callable[..., Any],
    start_load: Callable[..., Any],
    numbers_in: Callable[..., list[int]],
    is_sound: Callable[..., bool],
    is_tidy: Callable[..., bool],
) -> None:
    objects = make_objects(150, 2_000)
    reads, longest_s = beside_readers(60, 3, 8, workspace, objects, start_load)
    assert numbers_in(workspace) == objects.numbers
    assert is_sound(workspace)
    assert is_tidy(workspace)
    print(f"\n3 loads, 8 readers, compactions for 60 s: {reads} reads, the longest {longest_s:.2f} s")


def test_reader_does_not_wait_for_a_writer(workspace: Workspace, make_objects: Callable[..., Any]) -> None:
    """A writer that holds the queue, and the lock of the compaction, stands in nobody's way who reads."""
    objects = make_objects(4, 6)
    workspace.load(objects.sources)
    with writers_queue(workspace.store.catalog.lock_path, 1), only_one(workspace.store.folder, 1) as alone:
        assert alone
        assert workspace.sql("select count(*) as n from records").read_all().to_pylist() == [{"n": 24}]


_RESERVE = """
import sys
from pathlib import Path
from flowsql.workspace import Workspace
store = Workspace(Path(sys.argv[1])).store
for _ in range(50):
    first = store.reserve_load_ids(3)
    print(first, first + 1, first + 2)
"""


def test_load_ids_are_given_out_once(workspace: Workspace) -> None:
    workspace.store.create()
    command = [sys.executable, "-c", _RESERVE, str(workspace.store.folder)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    given = [int(word) for process in processes for word in process.communicate()[0].split()]
    assert sorted(given) == list(range(1, 451))
