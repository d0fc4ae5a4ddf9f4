"""The catalogue: published whole, read by anyone, kept, and never opened when it cannot be understood."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from flowsql.errors import StoreError
from flowsql.exit_codes import STORE, of_error
from flowsql.store.catalog import SCHEMA_VERSION, engine_connection, store_error
from flowsql.store.lock import writers_queue
from flowsql.store.staging import Staging
from flowsql.store.sweep import sweep_abandoned
from flowsql.workspace import Workspace

Make = Callable[..., bytes]


def load(workspace: Workspace, folder: Path, *contents: bytes) -> None:
    """Loads one object after the other, each by a load of its own."""
    for content in contents:
        source = folder / f"{len(list(folder.glob('*.log')))}.log"
        source.write_bytes(content)
        workspace.load([source])


def test_any_duckdb_reads_the_published_file(tmp_path: Path, workspace: Workspace, log_text: Make) -> None:
    load(workspace, tmp_path, log_text(range(5)), log_text(range(9)))
    con = duckdb.connect(str(workspace.store.catalog.path), read_only=True)
    try:
        assert con.execute("select count(*), max(packets) from records").fetchall() == [(9, 8)]
        assert con.execute("select count(*) from flows").fetchall() == [(9,)]
        tags = con.execute("select tags['storage_version'] from duckdb_databases() where not internal")
        assert tags.fetchall() == [("v1.2.0+",)]
        with pytest.raises(duckdb.Error, match="read-only"):
            con.execute("delete from loads")
    finally:
        con.close()


def test_reader_keeps_its_snapshot_while_the_catalogue_is_replaced(
    tmp_path: Path, workspace: Workspace, log_text: Make
) -> None:
    load(workspace, tmp_path, log_text(range(5)))
    con = duckdb.connect(str(workspace.store.catalog.path), read_only=True)
    try:
        load(workspace, tmp_path, log_text(range(9)), log_text(range(20, 22)))
        assert con.execute("select count(*) from records").fetchall() == [(5,)]
    finally:
        con.close()
    assert workspace.sql("select count(*) as n from records").read_all().to_pylist() == [{"n": 11}]


class Racing:
    """A connection beside which another writer publishes `content` while the first ATTACH is under way."""

    def __init__(self, con: duckdb.DuckDBPyConnection, path: Path, content: bytes) -> None:
        self.con, self.path, self.content = con, path, content
        self.attached = 0

    def execute(self, sql: str, *more: object) -> duckdb.DuckDBPyConnection:
        if sql.startswith("attach"):
            self.attached += 1
            if self.attached == 1:
                draft = self.path.with_name("draft")
                draft.write_bytes(self.content)
                draft.replace(self.path)
        return self.con.execute(sql, *more)


@pytest.mark.parametrize("published", ["another catalogue", "a cut one"])
def test_catalogue_replaced_while_it_is_opened(
    tmp_path: Path, workspace: Workspace, log_text: Make, published: str
) -> None:
    """DuckDB opens the file twice, first for its header only: both must be of one catalogue."""
    catalog = workspace.store.catalog
    load(workspace, tmp_path, log_text(range(5)), log_text(range(5, 9)))
    newer = catalog.path.read_bytes()
    newer = newer if published == "another catalogue" else newer[: len(newer) // 2]
    con = engine_connection()
    racing = Racing(con, catalog.path, newer)
    if published == "another catalogue":
        catalog.attach(racing)
        assert con.execute("select count(*) from catalog.loads").fetchall() == [(2,)]
    else:
        with pytest.raises(StoreError, match="cannot be read"):
            catalog.attach(racing)
    con.close()
    # What was attached may have been of both: it was let go, and the file opened anew.
    assert racing.attached == 2


def test_three_catalogues_are_kept(tmp_path: Path, workspace: Workspace, log_text: Make) -> None:
    for number in range(5):
        load(workspace, tmp_path, log_text(range(number * 10, number * 10 + 2)))
    backup = workspace.store.folder / "backup"
    (backup / "of-my-own.duckdb").write_bytes(b"left alone")
    load(workspace, tmp_path, log_text([70]))
    kept = sorted(path.name for path in backup.iterdir())
    assert kept == [*(f"{n:012d}.duckdb" for n in (5, 6, 7)), "of-my-own.duckdb"]
    counts = []
    for name in kept[:3]:
        con = duckdb.connect(str(backup / name), read_only=True)
        counts += con.execute("select count(*) from loads").fetchall()
        con.close()
    assert counts == [(4,), (5,), (6,)]
    assert (backup / kept[2]).read_bytes() == workspace.store.catalog.path.read_bytes()


def test_kept_catalogue_can_take_the_place_of_a_lost_one(
    tmp_path: Path, workspace: Workspace, log_text: Make
) -> None:
    load(workspace, tmp_path, log_text(range(5)))
    catalogue = workspace.store.catalog.path
    catalogue.unlink()
    (workspace.store.folder / "backup" / "000000000002.duckdb").rename(catalogue)
    load(workspace, tmp_path, log_text(range(5)), log_text([70]))
    assert workspace.info().records == 6


def no_store(workspace: Workspace) -> None:
    pass


def newer(workspace: Workspace) -> None:
    workspace.store.create()
    con = duckdb.connect(str(workspace.store.catalog.path))
    con.execute(f"update store_info set schema_version = {SCHEMA_VERSION + 1}")
    con.close()


def overwritten(workspace: Workspace) -> None:
    workspace.store.create()
    workspace.store.catalog.path.write_bytes(b"\x00" * 20_000)


def another_database(workspace: Workspace) -> None:
    workspace.store.folder.mkdir()
    con = duckdb.connect(str(workspace.store.catalog.path))
    con.execute("create table mine (x integer)")
    con.close()


@pytest.mark.parametrize(
    ("make", "cause", "remedy"),
    [
        (no_store, "there is no store here yet", "flowsql load"),
        (newer, f"has schema version {SCHEMA_VERSION + 1}, this flowsql knows", "update flowsql"),
        (overwritten, "the catalogue cannot be read", "backup"),
        (another_database, "the catalogue cannot be read", "backup"),
    ],
)
def test_catalogue_that_cannot_be_used(
    make: Callable[[Workspace], None],
    cause: str,
    remedy: str,
    tmp_path: Path,
    workspace: Workspace,
    log_text: Make,
) -> None:
    make(workspace)
    (tmp_path / "a.log").write_bytes(log_text(range(3)))
    ways = [lambda: workspace.sql("select 1"), workspace.info]
    if workspace.store.exists:
        ways.append(lambda: workspace.load([tmp_path / "a.log"]))
    content = workspace.store.catalog.path.read_bytes() if workspace.store.exists else b""
    for way in ways:
        with pytest.raises(StoreError) as raised:
            way()
        assert cause in raised.value.cause
        assert remedy in raised.value.remedy
        assert raised.value.where.startswith(str(workspace.store.folder))
        assert of_error(raised.value) == STORE
    assert not content or workspace.store.catalog.path.read_bytes() == content


def test_failed_change_leaves_the_published_catalogue(workspace: Workspace) -> None:
    workspace.store.create()
    before = workspace.store.catalog.path.read_bytes()

    def change() -> None:
        with (
            workspace.store.staging() as staging,
            workspace.store.catalog.change(staging.path, lambda con: [], 1) as con,
        ):
            con.execute("delete from store_info")
            con.execute("select * from nothing_like_this")

    with pytest.raises(StoreError, match="nothing_like_this"):
        change()
    assert workspace.store.catalog.path.read_bytes() == before


def test_writer_gives_up_when_the_queue_is_too_long(
    tmp_path: Path, workspace: Workspace, log_text: Make
) -> None:
    load(workspace, tmp_path, log_text(range(3)))
    workspace.store.wait_s = 0.05
    with writers_queue(workspace.store.catalog.lock_path, 1):
        assert workspace.sql("select count(*) as n from records").read_all().to_pylist() == [{"n": 3}]
        with pytest.raises(StoreError, match=r"writing to this store for 0.05 s") as raised:
            workspace.load([tmp_path / "0.log"])
    assert "--wait" in raised.value.remedy


@pytest.mark.parametrize("noted", ["", "no number\n", None], ids=["empty", "unreadable", "missing"])
def test_load_ids_go_on_after_the_catalogue_when_the_note_is_lost(
    noted: str | None, tmp_path: Path, workspace: Workspace, log_text: Make
) -> None:
    load(workspace, tmp_path, log_text(range(3)), log_text(range(10, 12)))
    lock = workspace.store.catalog.lock_path
    if noted is None:
        lock.unlink()
    else:
        lock.write_text(noted)
    assert workspace.store.reserve_load_ids(2) == 3
    assert workspace.store.reserve_load_ids(1) == 5


def test_sweep_spares_living_writers(workspace: Workspace) -> None:
    workspace.store.create()
    folder = workspace.store.folder
    with workspace.store.staging() as living:
        living.intend(["records/day=unknown/living.parquet"])
        dead = Staging(folder)
        dead.intend(["records/day=unknown/dead.parquet"])
        (folder / "records" / "day=unknown").mkdir()
        for name in ("living", "dead"):
            (folder / "records" / "day=unknown" / f"{name}.parquet").touch()
        os.close(dead._lock)
        sweep_abandoned(workspace.store.catalog)
        assert [path.name for path in (folder / "staging").iterdir()] == [living.path.name]
        assert [path.name for path in folder.glob("records/*/*")] == ["living.parquet"]
    assert list((folder / "staging").iterdir()) == []


def test_lock_on_a_staging_folder_goes_with_its_process(workspace: Workspace) -> None:
    workspace.store.create()
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom flowsql.store.staging import Staging, abandoned\n"
        "store = Path(sys.argv[1])\nStaging(store)\nprint(len(abandoned(store)), flush=True)\n"
        "os._exit(9)"
    )
    command = [sys.executable, "-c", script, str(workspace.store.folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("0\n", 9), done.stderr
    sweep_abandoned(workspace.store.catalog)
    assert list((workspace.store.folder / "staging").iterdir()) == []


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (OSError(28, "No space left on device"), "its disk is full"),
        (OSError(27, "File too large"), "its disk is full"),
        (OSError(122, "Disk quota exceeded"), "its disk is full"),
        (duckdb.IOException("IO Error: Could not write: No space left on device"), "its disk is full"),
        (OSError(30, "Read-only file system"), "cannot be written: [Errno 30] Read-only file system"),
        (duckdb.Error("first line\nsecond line"), "cannot be written: first line"),
        (OSError(), "cannot be written: OSError"),
    ],
)
def test_what_a_failed_write_means(error: Exception, cause: str) -> None:
    meant = store_error(error, Path("/store"))
    assert (meant.where, meant.cause) == ("/store", cause)
    assert meant.remedy


def test_stores_made_by_one_process_have_nothing_in_common(
    tmp_path: Path, log_text: Callable[..., bytes]
) -> None:
    (tmp_path / "a.log").write_bytes(log_text(range(3)))
    stores = [Workspace(tmp_path / name) for name in ("one", "two")]
    stores[0].load([tmp_path / "a.log"])
    stores[1].store.create()
    about = "select (select store_id from catalog.store_info), (select count(*) from flows)"
    rows = [tuple(store.sql(about).read_all().to_pylist()[0].values()) for store in stores]
    assert [records for _, records in rows] == [3, 0]
    assert len({store_id for store_id, _ in rows}) == 2
    assert stores[1].check().findings == []
