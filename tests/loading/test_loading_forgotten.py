"""What is forgotten or expired stays so: for later loads, copies, grown files, AWS's names; --again brings it back."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from flowsql.errors import UsageError
from flowsql.loading.report import Outcome
from flowsql.workspace import Workspace

START = 1_795_392_000  # 2026-11-23
AWS = "123456789012_vpcflowlogs_us-east-1_fl-0a1b2c3d4e5f60718_20261123T0000Z_1a2b3c4d.log"
Make = Callable[..., bytes]
Numbers = Callable[[Workspace], list[int]]


@pytest.mark.parametrize(
    ("name", "later", "numbers", "outcome"),
    [
        ("a.log", "a.log", range(5), Outcome.FORGOTTEN),
        ("a.log", "copy.log", range(5), Outcome.FORGOTTEN),
        ("a.log", "a.log", range(8), Outcome.FORGOTTEN),
        ("a.log", "other.log", range(8), Outcome.FORGOTTEN),
        ("a.log", "a.log", range(20, 23), Outcome.LOADED),
        (AWS, AWS, range(5), Outcome.FORGOTTEN),
        (AWS, f"elsewhere/{AWS}", range(5), Outcome.FORGOTTEN),
        (AWS, AWS, range(20, 23), Outcome.FORGOTTEN),
    ],
    ids=[
        *("the same", "a copy", "grown", "grown elsewhere", "another object under the name"),
        *("AWS's name", "AWS's name elsewhere", "AWS's name with other content"),
    ],
)
def test_forgotten_is_not_loaded_again(
    name: str,
    later: str,
    numbers: range,
    outcome: Outcome,
    tmp_path: Path,
    workspace: Workspace,
    log_text: Make,
    numbers_in: Numbers,
) -> None:
    (tmp_path / name).write_bytes(log_text(range(5)))
    workspace.load([tmp_path / name])
    assert workspace.forget([tmp_path / name]).records == 5
    assert numbers_in(workspace) == []
    source = tmp_path / later
    source.parent.mkdir(exist_ok=True)
    source.write_bytes(log_text(numbers))
    os.utime(source, (1, 1))
    for _ in range(2):
        report = workspace.load([source])
        known = Outcome.KNOWN if outcome == Outcome.LOADED and _ else outcome
        assert +report.objects == {known: 1}
        assert numbers_in(workspace) == ([] if outcome == Outcome.FORGOTTEN else list(numbers))
        workspace.compact()
    if outcome == Outcome.FORGOTTEN:
        assert +workspace.load([source], again=True).objects == {Outcome.LOADED: 1}
        assert numbers_in(workspace) == list(numbers)
        assert +workspace.load([source]).objects == {Outcome.KNOWN: 1}
        assert numbers_in(workspace) == list(numbers)


def test_forgetting_a_grown_file_forgets_its_beginning(
    tmp_path: Path, workspace: Workspace, log_text: Make, numbers_in: Numbers
) -> None:
    for numbers in (range(3), range(6)):
        (tmp_path / "a.log").write_bytes(log_text(numbers))
        workspace.load([tmp_path / "a.log"])
    workspace.forget([2])
    (tmp_path / "old.log").write_bytes(log_text(range(3)))
    assert +workspace.load([tmp_path / "old.log"]).objects == {Outcome.FORGOTTEN: 1}
    assert numbers_in(workspace) == []


def test_rejects_of_the_forgotten_go_too(tmp_path: Path, workspace: Workspace, log_text: Make) -> None:
    (tmp_path / "a.log").write_bytes(log_text(range(3)) + b"secret words\n")
    workspace.load([tmp_path / "a.log"])
    workspace.forget(source=tmp_path)
    assert workspace.sql("select * from rejects").read_all().num_rows == 0


@pytest.mark.parametrize(
    ("choice", "cause"),
    [
        ({"loads": ["b.log"]}, "no load has this id"),
        ({"loads": [9]}, "no load has this id"),
        ({"loads": [2, "b.log"]}, "no load has this id"),
        ({"loads": [1]}, "load 2 has replaced it"),
        ({"source": "/nowhere"}, "no object was loaded from there"),
        ({}, "one of them"),
        ({"loads": [2], "before": 5}, "one of them"),
    ],
)
def test_wrong_choice_forgets_nothing(
    choice: dict[str, object],
    cause: str,
    tmp_path: Path,
    workspace: Workspace,
    log_text: Make,
    numbers_in: Numbers,
) -> None:
    for numbers in (range(3), range(6)):
        (tmp_path / "a.log").write_bytes(log_text(numbers))
        workspace.load([tmp_path / "a.log"])
    with pytest.raises(UsageError, match=cause) as raised:
        workspace.forget(**choice)
    assert raised.value.remedy
    assert len(numbers_in(workspace)) == 6


def test_dry_run_changes_nothing(
    tmp_path: Path, workspace: Workspace, log_text: Make, numbers_in: Numbers
) -> None:
    (tmp_path / "a.log").write_bytes(log_text(range(3)))
    workspace.load([tmp_path / "a.log"])
    before = workspace.store.catalog.path.read_bytes()
    assert workspace.forget([1], dry_run=True).names == (str(tmp_path / "a.log"),)
    assert workspace.forget(before=START + 3, dry_run=True).records == 3
    assert workspace.store.catalog.path.read_bytes() == before
    assert len(numbers_in(workspace)) == 3


def write_days(folder: Path, log_text: Make) -> list[Path]:
    """An object before START, one across it, one after it; then the same again under names of AWS's."""
    folder.mkdir()
    made = []
    for n, start in enumerate((START - 9_000, START - 2, START)):
        made.append(folder / f"{n}.log")
        made[-1].write_bytes(log_text(range(n * 10, n * 10 + 5), start=start))
    for n, slot in enumerate(("20261122T2255Z", "20261122T2305Z")):
        made.append(folder / AWS.replace("20261123T0000Z", slot))
        made[-1].write_bytes(log_text(range(50 + n * 10, 55 + n * 10), start=START - 3_600))
    return made


@pytest.mark.parametrize("is_loaded", [True, False], ids=["loaded before", "not loaded yet"])
def test_retention(
    is_loaded: bool, tmp_path: Path, workspace: Workspace, log_text: Make, numbers_in: Numbers
) -> None:
    old, *_, aws, _ = write_days(tmp_path / "logs", log_text)
    if is_loaded:
        workspace.load([tmp_path / "logs"])
    else:
        workspace.store.create()
    report = workspace.forget(before=START)
    kept = [*range(10, 15), *range(20, 25)]
    assert (report.objects, report.records) == ((3, 15) if is_loaded else (0, 0))
    assert (report.staying.partly_objects, report.staying.partly_records) == ((1, 5) if is_loaded else (0, 0))
    for number in range(2):
        loaded = workspace.load([tmp_path / "logs"])
        assert loaded.objects[Outcome.EXPIRED] == 3
        assert loaded.objects[Outcome.LOADED] == (0 if is_loaded or number else 2)
        assert numbers_in(workspace) == kept
        assert workspace.info().records == 10
    # What its name alone tells is old is not read, so not remembered; the others are.
    assert workspace.info().expired_objects == (3 if is_loaded else 2)
    assert +workspace.load([old, aws], again=True).objects == {Outcome.LOADED: 2}
    assert numbers_in(workspace) == [*range(5), *kept, *range(50, 55)]
    # An earlier date lets in what was not loaded, but brings nothing back.
    workspace.forget(before=START - 100_000)
    workspace.load([tmp_path / "logs"])
    assert numbers_in(workspace) == [*range(5), *kept, *range(50, 55)]


def test_objects_without_times_do_not_expire(tmp_path: Path, workspace: Workspace) -> None:
    (tmp_path / "a.log").write_text("srcaddr packets\n10.0.0.1 1\n")
    workspace.load([tmp_path / "a.log"])
    assert workspace.forget(before=START * 2).staying.timeless_objects == 1
    assert workspace.info().records == 1


def test_end_decides_without_start(tmp_path: Path, workspace: Workspace) -> None:
    (tmp_path / "a.log").write_text(f"srcaddr end\n10.0.0.1 {START}\n")
    workspace.load([tmp_path / "a.log"])
    assert workspace.forget(before=START).objects == 0
    assert workspace.forget(before=START + 1).objects == 1
    assert workspace.info().records == 0
