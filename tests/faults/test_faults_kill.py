"""A load that is killed: what was committed stays whole, and the next load brings the rest and tidies up."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowsql.workspace import Workspace

# The moment before each step of a load, by what Python is about to do: (event, text in it, count).
STEPS = {
    "staging folder made, not locked": ("open", "/staging/", 1),
    "no catalogue yet": ("os.rename", "/flowsql.duckdb", 1),
    "store made, not yet backed up": ("shutil.copyfile", "/staging/", 1),
    "catalogue copied for its views": ("shutil.copyfile", "/staging/", 2),
    "views made": ("os.rename", "/flowsql.duckdb", 3),
    "views published": ("shutil.copyfile", "/staging/", 3),
    "segments written": ("open", "/intended", 1),
    "names noted": ("shutil.copyfile", "/staging/", 4),
    "catalogue copied": ("os.mkdir", "/records/", 1),
    "before the first segment of the second commit": ("os.rename", "/records/", 3),
    "between two segments of a commit": ("os.rename", "/records/", 2),
    "segments placed": ("os.rename", "/flowsql.duckdb", 5),
    "published": ("shutil.copyfile", "/staging/", 5),
    "backup copied": ("os.rename", "/backup/", 3),
    "oldest backup to go": ("os.remove", "/backup/", 1),
    "all committed": ("shutil.rmtree", "/staging/", 3),
    "staging folder half removed": ("os.rmdir", "", 3),
}


def check_after_death(
    workspace: Workspace, objects: Any, whole_objects: Callable[..., int], is_tidy: Callable[..., bool]
) -> int:
    """What a reader sees now, then the next load; returns how many objects had survived."""
    survived = whole_objects(workspace, objects)
    report = workspace.load(objects.sources)
    assert report.problems == []
    assert report.records == (len(objects.sources) - survived) * objects.size
    assert whole_objects(workspace, objects) == len(objects.sources)
    assert is_tidy(workspace)
    return survived


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_killed_at_a_step(
    step: tuple[str, str, int],
    workspace: Workspace,
    make_objects: Callable[..., Any],
    start_load: Callable[..., Any],
    whole_objects: Callable[..., int],
    is_tidy: Callable[..., bool],
) -> None:
    objects = make_objects(4, 6)
    process = start_load(workspace.store.folder, objects.sources, due_records=1, die_before=step)
    assert process.report() == {}
    assert process.process.returncode == -signal.SIGKILL
    check_after_death(workspace, objects, whole_objects, is_tidy)


def kill_at_random(rounds: int, folder: Path, fixtures: tuple[Any, ...]) -> list[int]:
    """Kills so many loads, each of a store of its own; returns how many objects survived each."""
    make_objects, start_load, whole_objects, is_tidy = fixtures
    objects = make_objects(10, 10_000)
    undisturbed = start_load(folder / "undisturbed", objects.sources, due_records=20_000)
    begun = time.monotonic()
    assert undisturbed.report()["error"] is None
    duration = time.monotonic() - begun
    moments, survivors = random.Random(rounds), []
    for number in range(rounds):
        workspace = Workspace(folder / f"store-{number}")
        process = start_load(workspace.store.folder, objects.sources, due_records=20_000)
        time.sleep(moments.uniform(0, duration))
        process.process.kill()
        process.report()
        survivors.append(check_after_death(workspace, objects, whole_objects, is_tidy))
    return survivors


def test_killed_at_random_moments(
    tmp_path: Path,
    make_objects: Callable[..., Any],
    start_load: Callable[..., Any],
    whole_objects: Callable[..., int],
    is_tidy: Callable[..., bool],
) -> None:
    fixtures = (make_objects, start_load, whole_objects, is_tidy)
    assert len(kill_at_random(4, tmp_path, fixtures)) == 4


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_killed_at_many_random_moments(
    tmp_path: Path,
    make_objects: Callable[..., Any],
    start_load: Callable[..., Any],
    whole_objects: Callable[..., int],
    is_tidy: Callable[..., bool],
) -> None:
    survivors = kill_at_random(60, tmp_path, (make_objects, start_load, whole_objects, is_tidy))
    print(f"\nkilled {len(survivors)} loads; objects that survived each: {sorted(survivors)}")
    # The kills must have met loads in all their stages.
    assert len(set(survivors)) >= 3


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_killed_before_every_change_to_the_store(
    tmp_path: Path,
    make_objects: Callable[..., Any],
    start_load: Callable[..., Any],
    whole_objects: Callable[..., int],
    is_tidy: Callable[..., bool],
) -> None:
    objects = make_objects(4, 6)
    report = start_load(tmp_path / "undisturbed", objects.sources, due_records=1).report()
    events = int(report["events"])
    assert events > 50
    for event in range(1, events + 1):
        workspace = Workspace(tmp_path / f"store-{event}")
        process = start_load(workspace.store.folder, objects.sources, due_records=1, die_at=event)
        assert process.report() == {}, event
        check_after_death(workspace, objects, whole_objects, is_tidy)
    print(f"\nkilled a load before each of its {events} changes to the store")
