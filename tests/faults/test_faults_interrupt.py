"""Ctrl-C during a load: whole objects stay, the unfinished one is dropped, and a second Ctrl-C does not wait."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from flowsql.workspace import Workspace


def wait_for_commit(workspace: Workspace, process: Any) -> None:
    while not (workspace.store.exists and workspace.info().records):
        assert process.poll() is None
        time.sleep(0.005)


def test_interrupt_keeps_what_is_finished(
    workspace: Workspace,
    make_objects: Callable[..., Any],
    start_load: Callable[..., Any],
    whole_objects: Callable[..., int],
    is_tidy: Callable[..., bool],
) -> None:
    objects = make_objects(30, 10_000)
    load = start_load(workspace.store.folder, objects.sources, due_records=20_000)
    wait_for_commit(workspace, load.process)
    load.process.send_signal(signal.SIGINT)
    report = load.report()
    assert (load.process.returncode, report["error"]) == (0, "Interrupted")
    loaded = report["objects"]["LOADED"]
    assert 0 < loaded < 30
    assert report["objects"].get("DROPPED", 0) <= 1
    assert report["records"] == loaded * objects.size
    assert whole_objects(workspace, objects) == loaded
    assert is_tidy(workspace)
    assert workspace.load(objects.sources).records == (30 - loaded) * objects.size
    assert whole_objects(workspace, objects) == 30


def test_interrupt_before_anything_is_finished_commits_nothing(
    workspace: Workspace,
    make_objects: Callable[..., Any],
    start_load: Callable[..., Any],
    whole_objects: Callable[..., int],
    is_tidy: Callable[..., bool],
) -> None:
    objects = make_objects(10, 10_000)
    report = start_load(workspace.store.folder, objects.sources, interrupt_at_records=1).report()
    assert (report["error"], report["objects"], report["records"]) == ("Interrupted", {"DROPPED": 1}, 0)
    assert whole_objects(workspace, objects) == 0
    assert workspace.info().segments == 0
    assert is_tidy(workspace)


@pytest.mark.parametrize("pause_s", [0.001, 0.01, 0.1])
def test_second_interrupt_ends_the_load_at_once(
    pause_s: float,
    workspace: Workspace,
    make_objects: Callable[..., Any],
    start_load: Callable[..., Any],
    whole_objects: Callable[..., int],
    is_tidy: Callable[..., bool],
) -> None:
    objects = make_objects(30, 10_000)
    load = start_load(workspace.store.folder, objects.sources, due_records=20_000)
    wait_for_commit(workspace, load.process)
    for _ in range(2):
        load.process.send_signal(signal.SIGINT)
        time.sleep(pause_s)
    report = load.report()
    # The second one may also come when the load is over, and then ends the process around it.
    assert report.get("error", "Interrupted") == "Interrupted"
    assert load.process.returncode in {0, -signal.SIGINT}
    survived = whole_objects(workspace, objects)
    assert 0 < survived < 30
    workspace.load(objects.sources)
    assert whole_objects(workspace, objects) == 30
    assert is_tidy(workspace)
