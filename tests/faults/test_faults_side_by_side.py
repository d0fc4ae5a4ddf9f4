"""Loads and readers at the same time: each object once, and no reader ever fails or sees part of one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
