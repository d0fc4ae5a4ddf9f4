"""Compactions, forgetting and sweeping that are killed, stopped, interrupted, out of disk: nothing lost or doubled."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowsql.errors import StoreError
from flowsql.workspace import Workspace

SIZE, NUMBER = 6, 6
FORGOTTEN = 2  # the object that is forgotten before, and is still in its segments

# The moment before each step, by what Python is about to do: (event, text in it, count).
PUBLISH = {
    "staging folder made, not locked": ("open", "/staging/", 1),
    "written": ("open", "/intended", 1),
    "names noted": ("shutil.copyfile", "/staging/", 1),
    "before the publication": ("os.rename", "/flowsql.duckdb", 1),
    "after the publication": ("shutil.copyfile", "/staging/", 2),
    "backup copied": ("os.rename", "/backup/", 1),
    "all committed": ("shutil.rmtree", "/staging/", 1),
}
STEPS = {
    **{("compact", name): moment for name, moment in PUBLISH.items()},
    ("compact", "before the rename"): ("os.rename", "/records/", 1),
    **{("forget", name): moment for name, moment in PUBLISH.items() if name != "written"},
    ("sweep", "before the first file goes"): ("os.remove", "/records/", 1),
    ("sweep", "before the third file goes"): ("os.remove", "/records/", 3),
}
IDS = [" ".join(key) for key in STEPS]
# A writer that stands still here holds no queue or has the whole store wait for it.
STOPS = [
    ("compact", "written"),
    ("compact", "before the publication"),
    ("compact", "after the publication"),
    ("forget", "before the publication"),
    ("sweep", "before the third file goes"),
]

Check = Callable[..., Any]


@pytest.fixture(scope="session")
def small_store(tmp_path_factory: pytest.TempPathFactory, make_objects: Check) -> tuple[Path, Any]:
    """A store of some loads of an object each, in two days, one of them forgotten; and the objects."""
    objects = make_objects(NUMBER + 3, SIZE)
    folder = tmp_path_factory.mktemp("small") / "store"
    workspace = Workspace(folder)
    for source in objects.sources[:NUMBER]:
        workspace.load([source])
    workspace.forget([objects.sources[FORGOTTEN]])
    return folder, objects


@pytest.fixture
def store(small_store: tuple[Path, Any], tmp_path: Path) -> tuple[Workspace, Any]:
    folder, objects = small_store
    shutil.copytree(folder, tmp_path / "store")
    return Workspace(tmp_path / "store", wait_s=0.3), objects


def numbers(objects: Any, without: set[int], upto: int = NUMBER) -> list[int]:
    return [n for n in objects.numbers if n // SIZE not in without and n < upto * SIZE]


def arguments(action: str, objects: Any) -> list[Path]:
    return [objects.sources[0]] if action == "forget" else []


def check_after(
    action: str, workspace: Workspace, objects: Any, numbers_in: Check, is_sound: Check, is_tidy: Check
) -> None:
    """The store now, then after the next run of the same, then swept."""
    assert is_sound(workspace)
    possible = [numbers(objects, {FORGOTTEN}), numbers(objects, {FORGOTTEN, 0})]
    assert numbers_in(workspace) in possible[: 2 if action == "forget" else 1]
    if action == "forget":
        workspace.forget(arguments(action, objects))
    else:
        workspace.compact()
    final = possible[action == "forget"]
    assert numbers_in(workspace) == final
    assert is_tidy(workspace)
    assert is_sound(workspace)
    workspace.compact(grace_s=0)
    assert numbers_in(workspace) == final
    assert is_tidy(workspace)
    assert workspace.info().segments == 1
    assert len(list((workspace.store.folder / "records").rglob("*.parquet"))) == 1
    assert set(workspace.load(objects.sources[:NUMBER]).objects) <= {"known already", *GONE}


GONE = {"forgotten (--again loads them)"}


@pytest.mark.parametrize(("action", "step"), STEPS, ids=IDS)
def test_killed_at_a_step(
    action: str,
    step: str,
    store: tuple[Workspace, Any],
    start_load: Check,
    numbers_in: Check,
    is_sound: Check,
    is_tidy: Check,
) -> None:
    workspace, objects = store
    moment = STEPS[action, step]
    process = start_load(workspace.store.folder, arguments(action, objects), action=action, die_before=moment)
    assert process.report() == {}
    assert process.process.returncode == -signal.SIGKILL
    check_after(action, workspace, objects, numbers_in, is_sound, is_tidy)


def attempt(change: Callable[[], object]) -> bool:
    """Whether a change went through; the queue of writers may be too long."""
    try:
        report = change()
    except StoreError:
        return False
    return getattr(report, "stopped_by", None) is None


@pytest.mark.parametrize(("action", "step"), STOPS, ids=[" ".join(stop) for stop in STOPS])
def test_stopped_at_a_step_while_others_go_on(
    action: str,
    step: str,
    store: tuple[Workspace, Any],
    start_load: Check,
    numbers_in: Check,
    is_sound: Check,
) -> None:
    workspace, objects = store
    moment = STEPS[action, step]
    process = start_load(
        workspace.store.folder, arguments(action, objects), action=action, stop_before=moment
    )
    os.waitid(os.P_PID, process.process.pid, os.WSTOPPED | os.WNOWAIT)
    before = numbers_in(workspace)
    was_loaded = attempt(lambda: workspace.load([objects.sources[NUMBER]]))
    was_forgotten = attempt(lambda: workspace.forget([objects.sources[1]]))
    attempt(workspace.compact)
    changed = [n for n in before if not (was_forgotten and n // SIZE == 1)]
    changed += [n for n in objects.numbers if was_loaded and n // SIZE == NUMBER]
    assert numbers_in(workspace) == sorted(changed)
    process.process.send_signal(signal.SIGCONT)
    assert process.report()["error"] is None
    final = [n for n in sorted(changed) if not (action == "forget" and n // SIZE == 0)]
    assert numbers_in(workspace) == final
    assert is_sound(workspace)


@pytest.mark.parametrize(
    ("action", "step"),
    [("compact", "written"), ("compact", "before the publication"), ("forget", "names noted")],
)
def test_ctrl_c(
    action: str,
    step: str,
    store: tuple[Workspace, Any],
    start_load: Check,
    numbers_in: Check,
    is_sound: Check,
    is_tidy: Check,
) -> None:
    workspace, objects = store
    sources = arguments(action, objects)
    options = {"action": action, "interrupt_before": STEPS[action, step]}
    report = start_load(workspace.store.folder, sources, **options).report()
    assert report["error"] in (None, "Interrupted")
    assert is_tidy(workspace)
    check_after(action, workspace, objects, numbers_in, is_sound, is_tidy)


@pytest.mark.parametrize("action", ["compact", "forget"])
@pytest.mark.parametrize("limit", [1_000, 20_000])
def test_full_disk(
    action: str,
    limit: int,
    store: tuple[Workspace, Any],
    start_load: Check,
    numbers_in: Check,
    is_sound: Check,
    is_tidy: Check,
) -> None:
    workspace, objects = store
    sources = arguments(action, objects)
    report = start_load(workspace.store.folder, sources, action=action, file_limit=limit).report()
    assert report["error"] == "StoreError"
    assert str(workspace.store.folder) in report["message"]
    assert "its disk is full" in report["message"]
    assert numbers_in(workspace) == numbers(objects, {FORGOTTEN})
    assert is_tidy(workspace)
    check_after(action, workspace, objects, numbers_in, is_sound, is_tidy)


def kill_among_others(
    rounds: int, folder: Path, template: Path, objects: Any, checks: tuple[Check, ...]
) -> list[str]:
    """Kills one of the four at a random moment while three others work; returns what was killed."""
    start_load, numbers_in, is_sound, is_tidy = checks
    chance, killed = random.Random(rounds), []
    for number in range(rounds):
        path = folder / f"store-{number}"
        shutil.copytree(template, path)
        workspace = Workspace(path)
        action = ("load", "compact", "forget", "sweep")[number % 4]
        sources = {"load": objects.sources[NUMBER:], "forget": [objects.sources[0]]}.get(action, [])
        # Each of the others loads an object of its own, forgets it, and compacts.
        others = [start_load(path, [objects.sources[n]], action="all") for n in range(NUMBER, NUMBER + 3)]
        victim = start_load(path, sources, action=action, due_records=1)
        time.sleep(chance.uniform(0, 1.0))
        victim.process.kill()
        killed.append(action if victim.report() == {} else "nothing")
        assert [other.report()["error"] for other in others] == [None] * 3
        assert is_sound(workspace)
        seen = numbers_in(workspace)
        assert seen in [numbers(objects, {FORGOTTEN}), numbers(objects, {FORGOTTEN, 0})]
        workspace.load(objects.sources)
        workspace.compact(grace_s=0)
        assert numbers_in(workspace) == seen
        assert is_sound(workspace)
        assert is_tidy(workspace)
        assert workspace.info().segments == 1
        shutil.rmtree(path)
    return killed


def test_killed_at_random_moments_among_others(
    tmp_path: Path,
    small_store: tuple[Path, Any],
    start_load: Check,
    numbers_in: Check,
    is_sound: Check,
    is_tidy: Check,
) -> None:
    checks = (start_load, numbers_in, is_sound, is_tidy)
    assert len(kill_among_others(2, tmp_path, *small_store, checks)) == 2


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_killed_at_many_random_moments_among_others(
    tmp_path: Path,
    small_store: tuple[Path, Any],
    start_load: Check,
    numbers_in: Check,
    is_sound: Check,
    is_tidy: Check,
) -> None:
    killed = kill_among_others(50, tmp_path, *small_store, (start_load, numbers_in, is_sound, is_tidy))
    print(
        f"\nkilled in mid-work, of 50: { {action: killed.count(action) for action in sorted(set(killed))} }"
    )
    assert len(set(killed) - {"nothing"}) >= 3
