"""A store in one file, and on another machine."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from flowsql.errors import FlowsqlError, OutputError, SourceError, StoreError
from flowsql.workspace import Workspace


def test_round_trip(eventful: Workspace, logs: Path, tmp_path: Path, content_of: Any, damage_of: Any) -> None:
    archive = tmp_path / "store.tar"
    exported = eventful.export(archive)
    there = Workspace(tmp_path / "elsewhere" / "store")
    imported = there.import_(archive)
    assert imported == exported
    assert imported.records == eventful.info().records
    assert content_of(there) == content_of(eventful)
    assert damage_of(there) == {}
    # The published views lead to the new place.
    eventful.store.folder.rename(tmp_path / "away")
    con = duckdb.connect(str(there.store.catalog.path), read_only=True)
    assert con.execute("select count(*) from records").fetchall() == [(imported.records,)]
    con.close()
    # Nothing is loaded twice, and load ids go on.
    report = there.load([logs])
    assert report.records == 0
    assert there.load([logs / "a.log"]).records == 0


def test_import_needs_an_empty_store(
    eventful: Workspace, tmp_path: Path, log_text: Any, content_of: Any
) -> None:
    eventful.export(tmp_path / "store.tar")
    there = Workspace(tmp_path / "there")
    there.store.create()
    there.import_(tmp_path / "store.tar")
    before = content_of(there)
    with pytest.raises(StoreError, match="has loads already"):
        there.import_(tmp_path / "store.tar")
    assert content_of(there) == before
    there.store.catalog.path.unlink()
    with pytest.raises(StoreError, match="catalogue is missing"):
        there.import_(tmp_path / "store.tar")


def test_export_overwrites_only_when_told(eventful: Workspace, tmp_path: Path) -> None:
    archive = tmp_path / "store.tar"
    archive.write_text("mine")
    with pytest.raises(OutputError, match="the file exists"):
        eventful.export(archive)
    assert archive.read_text() == "mine"
    eventful.export(archive, overwrite=True)
    assert tarfile.is_tarfile(archive)
    with pytest.raises(OutputError, match="cannot be written"):
        eventful.export(tmp_path / "no" / "such" / "folder.tar")
    with pytest.raises(StoreError, match="no store here yet"):
        Workspace(tmp_path / "nothing").export(tmp_path / "nothing.tar")
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_damaged_store_is_not_exported(eventful: Workspace, tmp_path: Path) -> None:
    (path, *_) = eventful.sql("select path from segments").read_all().column(0).to_pylist()
    file = eventful.store.folder / path
    content = file.read_bytes()
    for damaged in (content[:50] + b"!" + content[51:], content[:50], None):
        if damaged is None:
            file.unlink()
        else:
            file.write_bytes(damaged)
        with pytest.raises(StoreError, match="damaged or missing"):
            eventful.export(tmp_path / "store.tar")
        assert not (tmp_path / "store.tar").exists()


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    changed = bytearray(content)
    changed[len(content) * 2 // 3] ^= 1
    return bytes(changed)


def with_a_stranger(content: bytes) -> bytes:
    file = io.BytesIO(content)
    with tarfile.open(fileobj=file, mode="a") as archive:
        info = tarfile.TarInfo("../../escaped")
        info.size = 4
        archive.addfile(info, io.BytesIO(b"evil"))
    return file.getvalue()


def without_the_last_segment(content: bytes) -> bytes:
    source, target = io.BytesIO(content), io.BytesIO()
    with tarfile.open(fileobj=source) as read, tarfile.open(fileobj=target, mode="w") as written:
        for info in read.getmembers()[:-1]:
            written.addfile(info, read.extractfile(info))
    return target.getvalue()


@pytest.mark.parametrize(
    "harm",
    [cut, flipped, with_a_stranger, without_the_last_segment, lambda c: b"", lambda c: b"no archive" * 999],
    ids=["cut", "flipped", "stranger", "segment missing", "empty", "no archive"],
)
def test_damaged_archive_leaves_an_empty_store(
    harm: Callable[[bytes], bytes], eventful: Workspace, tmp_path: Path
) -> None:
    eventful.export(tmp_path / "store.tar")
    (tmp_path / "harmed.tar").write_bytes(harm((tmp_path / "store.tar").read_bytes()))
    there = Workspace(tmp_path / "there")
    with pytest.raises(FlowsqlError) as raised:
        there.import_(tmp_path / "harmed.tar")
    assert isinstance(raised.value, SourceError)
    assert "harmed.tar" in raised.value.where
    assert list(there.store.folder.glob("records/*/*")) == []
    assert list(there.store.folder.glob("staging/*")) == []
    assert not (tmp_path / "escaped").exists()
    assert there.import_(tmp_path / "store.tar").records == eventful.info().records


def test_import_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file"):
        Workspace(tmp_path / "there").import_(tmp_path / "nothing.tar")


def test_files_hold_the_records(eventful: Workspace) -> None:
    rows = eventful.files().read_all().to_pylist()
    assert sum(row["records"] for row in rows) == eventful.info().records
    for row in rows:
        table = pq.read_table(row["path"])
        assert row["columns"] == ",".join(table.column_names)
        dead = {int(load_id) for load_id in row["dead_load_ids"].split(",") if load_id}
        assert row["records"] == sum(i not in dead for i in table.column("load_id").to_pylist())
        assert f"={row['day']}/" in row["path"]
    assert any(row["dead_load_ids"] for row in rows)
