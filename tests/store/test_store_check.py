"""`store check` finds whatever is not as the catalogue says, and nothing in a store that is."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flowsql.errors import StoreError
from flowsql.store.catalog import SCHEMA_VERSION, Catalog, engine_connection
from flowsql.store.check import check_store
from flowsql.store.seal import Seal, add_seal, read_seal, remove_seal
from flowsql.store.staging import Staging
from flowsql.workspace import Workspace


def flipped_positions(size: int, number: int) -> list[int]:
    """The first and last bytes of a file, and so many more of all over it."""
    ends = [*range(16), *range(size - 100, size)]
    return sorted({*random.Random(size).sample(ends, 6), *random.Random(number).sample(range(size), number)})


def flip(path: Path, position: int) -> None:
    with path.open("r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ (1 << position % 8)]))


def check_flips(workspace: Workspace, paths: list[str], number: int, damage_of: Any) -> int:
    tried = 0
    for path in paths:
        file = workspace.store.folder / path
        for position in flipped_positions(file.stat().st_size, number):
            flip(file, position)
            assert list(damage_of(workspace)) == [path], position
            flip(file, position)
            tried += 1
    assert damage_of(workspace) == {}
    return tried


@pytest.fixture
def small(workspace: Workspace, tmp_path: Path, log_text: Any) -> Workspace:
    (tmp_path / "a.log").write_bytes(log_text(range(50)))
    workspace.load([tmp_path / "a.log"])
    return workspace


def files_of(workspace: Workspace) -> list[str]:
    segments = workspace.sql("select path from segments").read_all().column(0).to_pylist()
    newest = max((workspace.store.folder / "backup").iterdir())
    return [*segments, "flowsql.duckdb", f"backup/{newest.name}"]


def test_flipped_bit_is_found(small: Workspace, damage_of: Any) -> None:
    assert check_flips(small, files_of(small), 6, damage_of) > 30


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_any_flipped_bit_is_found(small: Workspace, damage_of: Any) -> None:
    print(f"\nfound {check_flips(small, files_of(small), 1000, damage_of)} flipped bits")


def test_eventful_store_is_clean(eventful: Workspace, damage_of: Any) -> None:
    report = check_store(eventful.store)
    assert report.findings == []
    assert report.segments == len(eventful.files().read_all())
    assert report.records > eventful.info().records
    assert check_store(eventful.store, quick=True).findings == []


def changed(workspace: Workspace, *statements: str) -> None:
    """The catalogue changed by SQL, and sealed as if that were right."""
    path = workspace.store.catalog.path
    remove_seal(path)
    con = duckdb.connect(str(path))
    for statement in statements:
        con.execute(statement)
    con.close()
    add_seal(path)


@pytest.mark.parametrize(
    ("statement", "file", "problem"),
    [
        ("update loads set records = records + 1, lines = lines + 1", "a.log", "segments 50"),
        ("update loads set lines = 7", "a.log", "7 lines, but 50 records"),
        ("update loads set state = 'replaced'", ".parquet", "does not count (replaced)"),
        ("delete from loads", ".parquet", "does not count (not in the ledger)"),
        ("insert into loads by name select * replace (9 as load_id) from loads", "a.log", "count at the same time"),
        ("insert into loads from loads", "a.log", "is in the ledger 2 times"),
        ("insert into segments from segments", "flowsql.duckdb", "is listed 2 times"),
        ("update segments set records = 51", ".parquet", "the catalogue 51"),
        ("update segments set min_start = 1", ".parquet", "first start"),
        ("update segments set without_start = 1", ".parquet", "records without start"),
        ("update segments set columns = ['load_id']", ".parquet", "its columns"),
        ("update segments set size_bytes = 1", ".parquet", "not the 1 that were written"),
        ("update segments set sha256 = '00'", ".parquet", "SHA-256"),
        ("update segment_loads set records = 49", ".parquet", "by load"),
        ("insert into segment_loads values ('gone', 1, 0, 0, 0)", "flowsql.duckdb", "segment gone, which is not"),
        ("update objects set load_id = 7", "a.log", "load 7, which is not in the ledger"),
        ("insert into rejects values (1, 1, 'x', 1, 'why')", "a.log", "0 rejects in the ledger, 1 kept"),
        ("delete from segment_interfaces", ".parquet", "statistics of 0 records"),
        ("update segment_interfaces set records = 3", ".parquet", "statistics of 3 records, but 50"),
        ("update segment_addresses set records = 60", ".parquet", "60 records of the address"),
        ("update segment_values set segment_id = 'gone'", "flowsql.duckdb", "statistics of the segment gone"),
        ("delete from segments", ".parquet", "not listed in the catalogue"),
    ],
)  # fmt: skip
def test_catalogue_that_does_not_fit(
    statement: str, file: str, problem: str, small: Workspace, damage_of: Any
) -> None:
    changed(small, statement)
    found = damage_of(small)
    assert any(name.endswith(file) and problem in text for name, text in found.items()), found


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (Path.unlink, "missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), "bytes, not the"),
        (lambda path: path.chmod(0) or path.rename(path.with_suffix(".old")), "missing"),
    ],
    ids=["deleted", "truncated", "renamed"],
)
@pytest.mark.parametrize("quick", [True, False])
def test_segment_that_is_not_there(
    quick: bool, harm: Callable[[Path], Any], problem: str, small: Workspace, damage_of: Any
) -> None:
    (path,) = small.sql("select path from segments").read_all().column(0).to_pylist()
    harm(small.store.folder / path)
    assert problem in damage_of(small, quick=quick)[path]


def test_quick_reads_no_segment(small: Workspace, damage_of: Any) -> None:
    (path,) = small.sql("select path from segments").read_all().column(0).to_pylist()
    flip(small.store.folder / path, 200)
    assert damage_of(small, quick=True) == {}
    assert list(damage_of(small)) == [path]


def test_files_that_nobody_lists(small: Workspace, damage_of: Any) -> None:
    stray = small.store.folder / "records" / "day=unknown" / "stray.parquet"
    stray.parent.mkdir()
    stray.write_bytes(b"x")
    assert "not listed" in damage_of(small)["records/day=unknown/stray.parquet"]


def test_leftovers_of_a_dead_writer_are_no_damage(small: Workspace) -> None:
    dead = Staging(small.store.folder)
    dead.intend(["records/day=unknown/dead.parquet"])
    (small.store.folder / "records" / "day=unknown").mkdir()
    (small.store.folder / "records" / "day=unknown" / "dead.parquet").write_bytes(b"x")
    assert check_store(small.store).findings == []  # It lives.
    os.close(dead._lock)
    report = check_store(small.store)
    assert report.is_clean
    assert [f.file for f in report.findings] == [
        f"staging/{dead.path.name}",
        "records/day=unknown/dead.parquet",
    ]
    with small.store.staging():
        pass
    assert check_store(small.store).findings == []


def test_damaged_catalogue_is_not_built_upon(small: Workspace, tmp_path: Path, log_text: Any) -> None:
    path = small.store.catalog.path
    flip(path, path.stat().st_size - 10)
    content = path.read_bytes()
    (tmp_path / "b.log").write_bytes(log_text(range(100, 105)))
    report = small.load([tmp_path / "b.log"])
    assert report.stopped_by is not None
    assert "checksum does not fit" in str(report.stopped_by)
    assert "store repair" in report.stopped_by.remedy
    assert path.read_bytes() == content
    small.repair()
    assert small.load([tmp_path / "b.log"]).records == 5


def test_store_that_is_not_there_or_newer(workspace: Workspace) -> None:
    with pytest.raises(StoreError, match="no store here yet"):
        check_store(workspace.store)
    workspace.store.create()
    changed(workspace, f"update store_info set schema_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(StoreError, match="this flowsql knows"):
        check_store(workspace.store)
    with pytest.raises(StoreError, match="this flowsql knows"):
        workspace.repair()


def test_seal(tmp_path: Path) -> None:
    file = tmp_path / "file"
    for content in (b"", b"x", b"x" * 3_000_000):
        file.write_bytes(content)
        assert read_seal(file) is Seal.MISSING
        add_seal(file)
        assert read_seal(file) is Seal.INTACT
        assert remove_seal(file) is Seal.INTACT
        assert file.read_bytes() == content
        assert remove_seal(file) is Seal.MISSING


VERSION_2_TABLES = (
    *("segment_addresses", "segment_interfaces", "segment_services", "segment_values"),
    *("superseded_segments", "retention"),
)


def made_version_1(workspace: Workspace) -> None:
    """The store as the first version of flowsql left it: fewer tables, no seals."""
    folder = workspace.store.folder
    for path in [workspace.store.catalog.path, *(folder / "backup").glob("*.duckdb")]:
        remove_seal(path)
        con = duckdb.connect(str(path))
        for table in VERSION_2_TABLES:
            con.execute(f"drop table {table}")
        con.execute("update store_info set schema_version = 1")
        con.close()


@pytest.mark.parametrize("way", ["query", "check", "repair"])
def test_store_of_version_1_is_migrated(way: str, eventful: Workspace, content_of: Any) -> None:
    before = content_of(eventful)
    made_version_1(eventful)
    if way == "query":
        eventful.sql("select count(*) from records")
    elif way == "check":
        assert check_store(eventful.store).findings == []
    else:
        eventful.repair()
        eventful.store.catalog.path.write_bytes(b"")
        assert eventful.repair().base.startswith("backup/")
    assert eventful.info().schema_version == SCHEMA_VERSION
    assert content_of(eventful) == before
    assert check_store(eventful.store).findings == []


def test_damaged_store_of_version_1_is_repaired(small: Workspace, damage_of: Any) -> None:
    (path,) = small.sql("select path from segments").read_all().column(0).to_pylist()
    made_version_1(small)
    (small.store.folder / path).write_bytes(b"PAR1")
    with pytest.raises(StoreError, match="a segment cannot be read") as raised:
        small.info()
    assert "store repair" in raised.value.remedy
    small.repair()
    assert small.info().schema_version == SCHEMA_VERSION
    assert damage_of(small) == {}


def test_attaching_an_older_store_upgrades_it_once(small: Workspace) -> None:
    made_version_1(small)
    upgraded: list[int] = []
    catalog = Catalog(small.store.folder, lambda: upgraded.append(1) or small.store.upgrade())
    for _ in range(2):
        con = engine_connection()
        catalog.attach(con)
        con.close()
    assert upgraded == [1]
