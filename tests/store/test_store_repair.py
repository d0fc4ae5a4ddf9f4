"""A store that was damaged comes back as it was, as far as anything is left to tell how it was."""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flowsql.errors import StoreError
from flowsql.store.repair import repair_store
from flowsql.workspace import Workspace


def catalogues(workspace: Workspace) -> list[Path]:
    """The published catalogue, then the kept ones, newest first."""
    folder = workspace.store.folder
    return [workspace.store.catalog.path, *sorted((folder / "backup").glob("*.duckdb"), reverse=True)]


def delete(path: Path) -> None:
    path.unlink()


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def garbage(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(50_000))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 4
    path.write_bytes(content)


HARMS = {"deleted": delete, "truncated": truncate, "garbage": garbage, "emptied": empty, "flipped": flip}


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
def test_damaged_catalogue_comes_back_from_the_last_kept_one(
    harm: Callable[[Path], None], eventful: Workspace, content_of: Any, damage_of: Any
) -> None:
    before = content_of(eventful)
    harm(eventful.store.catalog.path)
    assert list(damage_of(eventful)) == ["flowsql.duckdb"]
    tried = repair_store(eventful.store, dry_run=True)
    assert list(damage_of(eventful)) == ["flowsql.duckdb"]
    report = repair_store(eventful.store)
    assert report.base.startswith("backup/")
    assert [m.file for m in tried.mended] == [m.file for m in report.mended] == ["flowsql.duckdb"]
    assert content_of(eventful) == before
    assert damage_of(eventful) == {}
    assert repair_store(eventful.store).mended == []
    if harm is not delete:
        assert (eventful.store.folder / "aside" / "flowsql.duckdb").exists()


def test_segments_committed_since_the_kept_catalogue_are_taken_in(
    eventful: Workspace, tmp_path: Path, log_text: Any, content_of: Any, damage_of: Any
) -> None:
    newest = catalogues(eventful)[1]
    kept = newest.read_bytes()
    for content in (log_text(range(5000, 5020)), log_text(range(5000, 5050))):
        (tmp_path / "later.log").write_bytes(content)  # It grows: the first load is replaced.
        eventful.load([tmp_path / "later.log"])
    before = content_of(eventful)
    for path in catalogues(eventful):
        path.unlink()
    newest.write_bytes(kept)
    report = repair_store(eventful.store)
    assert report.base == f"backup/{newest.name}"
    assert content_of(eventful) == before
    assert damage_of(eventful) == {}


def without_what_only_the_catalogue_knew(content: Any) -> Any:
    """A load without records is unknown to segments, and so are rejects and other names."""
    loads = [load for load in content.loads if load[12]]
    ids = {load[0] for load in loads}
    names = {(load[0], load[2]) for load in loads}
    objects = [o for o in content.objects if o[3] in ids and (o[3], o[0]) in names]
    return replace(content, loads=loads, objects=objects, rejects=[])


def test_without_any_catalogue_the_segments_tell(
    eventful: Workspace, logs: Path, content_of: Any, damage_of: Any
) -> None:
    before = content_of(eventful)
    for path in catalogues(eventful):
        path.unlink()
    with pytest.raises(StoreError, match="catalogue is missing") as raised:
        eventful.info()
    assert "store repair" in raised.value.remedy
    with pytest.raises(StoreError, match="catalogue is missing"):
        eventful.load([logs])
    assert list(damage_of(eventful)) == ["flowsql.duckdb"]
    report = repair_store(eventful.store)
    assert report.base == ""
    assert content_of(eventful) == without_what_only_the_catalogue_knew(before)
    assert any("rejected lines" in text for text in report.lost)
    assert any("forgotten" in text for text in report.lost)
    assert damage_of(eventful) == {}
    assert repair_store(eventful.store).mended == []
    # Nothing is doubled by loading all of it once more, and no load id is used twice.
    eventful.load([logs])
    assert [r[:-2] for r in content_of(eventful).records] == [r[:-2] for r in before.records]


def test_kept_catalogues_deleted_one_by_one(eventful: Workspace, content_of: Any, damage_of: Any) -> None:
    before = content_of(eventful)
    kept = [(path, path.read_bytes()) for path in catalogues(eventful)[1:]]
    for number in range(len(kept) + 1):
        for path in catalogues(eventful):
            path.unlink(missing_ok=True)
        for path, content in kept[number:]:
            path.write_bytes(content)
        report = repair_store(eventful.store)
        now = content_of(eventful)
        assert report.base == (f"backup/{kept[number][0].name}" if number < len(kept) else "")
        assert now.records == before.records, number
        assert now.statistics == before.statistics, number
        assert set(now.loads) >= set(without_what_only_the_catalogue_knew(before).loads)
        assert damage_of(eventful) == {}


@pytest.mark.parametrize(
    ("has_catalogue", "harm"),
    [(True, delete), (True, flip), (False, truncate), (False, flip), (False, garbage)],
)
def test_damaged_segment_is_left_out_and_its_objects_are_read_again(
    has_catalogue: bool,
    harm: Callable[[Path], None],
    eventful: Workspace,
    logs: Path,
    content_of: Any,
    damage_of: Any,
) -> None:
    before = content_of(eventful)
    table = eventful.sql("select path, records from segments order by records desc, path").read_all()
    path, records = table.column(0)[0].as_py(), table.column(1)[0].as_py()
    file = eventful.store.folder / path
    harm(file)
    assert path in damage_of(eventful)
    if not has_catalogue:
        for catalogue in catalogues(eventful):
            catalogue.unlink()
    report = repair_store(eventful.store)
    assert damage_of(eventful) == {}
    assert repair_store(eventful.store).mended == []
    now = content_of(eventful)
    assert len(now.records) == len(before.records) - records
    assert set(now.records) <= set(before.records)
    if has_catalogue or harm is not delete:
        assert path in [mended.file for mended in report.mended]
    if has_catalogue:
        assert any(f"{records:,} records of" in text for text in report.lost)
    if harm is not delete:
        assert (eventful.store.folder / "aside" / file.name).exists()
    eventful.load([logs])
    assert [r[:-2] for r in content_of(eventful).records] == [r[:-2] for r in before.records]
    assert damage_of(eventful) == {}


def test_loads_that_were_never_finished_do_not_come_back(
    workspace: Workspace, tmp_path: Path, log_text: Any, damage_of: Any
) -> None:
    """Ctrl-C within the second object: its records are in the segment, but dead."""
    for name, numbers in {"a": range(10), "b": range(100, 90_000)}.items():
        (tmp_path / f"{name}.log").write_bytes(log_text(numbers))

    pending = [signal.SIGINT]

    def press_ctrl_c(progress: Any) -> None:
        if pending and progress.records > 10:
            os.kill(os.getpid(), pending.pop())

    report = workspace.load([tmp_path / "a.log", tmp_path / "b.log"], on_progress=press_ctrl_c)
    assert report.stopped_by is not None
    assert workspace.info().records == 10
    for path in catalogues(workspace):
        path.unlink()
    repair_store(workspace.store)
    assert workspace.info().records == 10
    assert workspace.sql("select count(*) as n from records").read_all().to_pylist() == [{"n": 10}]
    assert damage_of(workspace) == {}


def test_there_must_be_a_store(workspace: Workspace) -> None:
    with pytest.raises(StoreError, match="no store here yet"):
        repair_store(workspace.store)
    assert not workspace.store.folder.exists()


def test_intact_store_is_left_alone(eventful: Workspace) -> None:
    before = {p: p.read_bytes() for p in eventful.store.folder.rglob("*") if p.is_file()}
    assert repair_store(eventful.store).mended == []
    assert {p: p.read_bytes() for p in eventful.store.folder.rglob("*") if p.is_file()} == before


def test_everything_gone_but_the_folder(workspace: Workspace, tmp_path: Path, log_text: Any) -> None:
    (tmp_path / "a.log").write_bytes(log_text(range(5)))
    workspace.load([tmp_path / "a.log"])
    for path in catalogues(workspace):
        path.write_bytes(b"nothing")
    shutil.rmtree(workspace.store.folder / "records")
    report = repair_store(workspace.store)
    assert (report.base, report.records) == ("", 0)
    assert workspace.load([tmp_path / "a.log"]).records == 5
