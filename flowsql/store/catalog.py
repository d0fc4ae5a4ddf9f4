"""The catalogue: a DuckDB file that is never changed, only replaced by a changed copy.

Readers attach the published file read-only and keep their snapshot for as long as they like; the rename that
puts a new one in its place is the commit.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from flowsql.errors import StoreError
from flowsql.store.lock import writers_queue
from flowsql.store.seal import Seal, add_seal, remove_seal

SCHEMA_VERSION = 4
FILE_NAME = "flowsql.duckdb"
# States of a load; records of the first two count, and an object in one of the last two is not loaded again.
LIVE, INCOMPLETE, REPLACED = "live", "incomplete", "replaced"
EXPIRED, FORGOTTEN = "expired", "forgotten"
# Of a load that was not read to its end. It is in no ledger: only segments that have records of it say so.
DROPPED = "dropped"
_KEPT_CATALOGUES = 3
# Any DuckDB from 1.2 on can read the published file.
_STORAGE = "storage_version 'v1.2.0', block_size 16384"

_REPAIR = "`flowsql store check` says what is damaged, `flowsql store repair` mends it"

# Gives the statements that create macros and views in a catalogue about to be published.
ViewStatements = Callable[[duckdb.DuckDBPyConnection], list[str]]


class Catalog:
    """The catalogue of the store in `folder`; `upgrade` brings one of an older schema up to date."""

    def __init__(self, folder: Path, upgrade: Callable[[], None]) -> None:
        self.folder = folder
        self._upgrade = upgrade
        self.path = folder / FILE_NAME
        self.lock_path = folder / "lock"

    def create(self, draft: Path, view_statements: ViewStatements, wait_s: float) -> bool:
        """Publishes `draft`, a blank catalogue, if there is none yet, and says whether it did."""
        with writers_queue(self.lock_path, wait_s):
            if self.path.exists():
                return False
            con = open_draft(draft)
            identify(con)
            self._publish(con, draft, view_statements)
            return True

    @contextmanager
    def change(
        self, staging: Path, view_statements: ViewStatements, wait_s: float
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to a private copy of the catalogue, in a transaction; published on exit.

        One of an older schema version is migrated first. An exception inside leaves the published catalogue
        as it was. Raises StoreError when the queue of writers is longer than `wait_s`, the catalogue is
        damaged, or the copy cannot be written (disk full, folder read-only).
        """
        with writers_queue(self.lock_path, wait_s):
            draft = staging / FILE_NAME
            try:
                shutil.copyfile(self.path, draft)
                seal = remove_seal(draft)
                con = open_draft(draft)
            except (OSError, duckdb.Error) as error:
                raise store_error(error, self.folder) from error
            try:
                con.execute("begin")
                self._migrate(con, seal, staging)
                yield con
                con.execute("commit")
                self._publish(con, draft, view_statements)
            except (duckdb.Error, OSError) as error:
                raise store_error(error, self.folder) from error
            finally:
                con.close()
                draft.unlink(missing_ok=True)

    def replace(self, staging: Path, draft: Path, view_statements: ViewStatements) -> None:
        """Publishes `draft`, a catalogue without seal, whatever was published before.

        To be called while holding the writers' queue. Raises StoreError where it cannot be written.
        """
        try:
            con = open_draft(draft)
            con.execute("begin")
            self._migrate(con, Seal.INTACT, staging)
            con.execute("commit")
            self._publish(con, draft, view_statements)
        except (duckdb.Error, OSError) as error:
            raise store_error(error, self.folder) from error

    def _migrate(self, con: duckdb.DuckDBPyConnection, seal: Seal, scratch: Path) -> None:
        """Brings a draft to the present schema. Raises StoreError for one that is not to be built upon."""
        version = self._version(con, "draft")
        # What goes on from a damaged catalogue would seal the damage. Version 1 had no seals.
        if version > 1 and seal is not Seal.INTACT:
            raise StoreError(seal.value, where=str(self.path), remedy=_REPAIR)
        if version < SCHEMA_VERSION:
            from flowsql.store.migrate import migrate

            migrate(con, version, self.folder, scratch)

    def _publish(self, con: duckdb.DuckDBPyConnection, draft: Path, view_statements: ViewStatements) -> None:
        try:
            statements = view_statements(con)
            # In one transaction: a new catalogue has some eighty, each of which would wait for the disk.
            con.execute("begin")
            for statement in statements:
                con.execute(statement)
            con.execute("commit")
        except (duckdb.IOException, duckdb.InvalidInputException) as error:
            # `records` names the segments, and DuckDB looks at the first of each kind.
            cause = f"a segment cannot be read: {str(error).splitlines()[0]}"
            raise StoreError(cause, where=str(self.folder), remedy=_REPAIR) from error
        con.execute("checkpoint draft")
        con.close()
        add_seal(draft)
        sync_file(draft)
        draft.replace(self.path)
        sync_folder(self.folder)
        self._keep_copy(draft)

    def _keep_copy(self, partial: Path) -> None:
        """Copies the published catalogue to backup/ by way of `partial`; only the newest few stay there."""
        backup = self.folder / "backup"
        kept = sorted(path for path in backup.glob("*.duckdb") if path.stem.isdigit())
        number = int(kept[-1].stem) + 1 if kept else 1
        try:
            backup.mkdir(exist_ok=True)
            shutil.copyfile(self.path, partial)
            partial.replace(backup / f"{number:012d}.duckdb")
        except OSError:
            # The commit stands; on a full disk there is only one kept catalogue less.
            partial.unlink(missing_ok=True)
            return
        for old in kept[: len(kept) + 1 - _KEPT_CATALOGUES]:
            old.unlink(missing_ok=True)

    def attach(self, con: duckdb.DuckDBPyConnection, alias: str = "catalog") -> None:
        """Attaches the published catalogue read-only to `con`, one of an older schema once it is migrated.

        Raises StoreError when there is no store, when it is damaged, or written by a newer flowsql.
        """
        if self.attach_as_it_is(con, alias) < SCHEMA_VERSION:
            con.execute(f"detach {alias}")
            self._upgrade()
            self.attach_as_it_is(con, alias)

    def attach_as_it_is(self, con: duckdb.DuckDBPyConnection, alias: str = "catalog") -> int:
        """What `attach` does, but takes an older schema too; returns the schema version."""
        self.require()
        while True:
            # DuckDB opens the file for its header, and again for the rest: both must be of one catalogue.
            opened = self.stamp()
            try:
                con.execute(f"attach {quoted(str(self.path))} as {alias} (read_only)")
            except duckdb.Error as error:
                if self.stamp() != opened:
                    continue
                raise self._unreadable(error) from error
            if self.stamp() == opened:
                return self._version(con, alias)
            con.execute(f"detach {alias}")

    def _unreadable(self, error: duckdb.Error) -> StoreError:
        return StoreError(
            f"the catalogue cannot be read: {str(error).splitlines()[0]}",
            where=str(self.path),
            remedy=f"`flowsql store repair` goes on from the last ones, in {self.folder / 'backup'}",
        )

    def stamp(self) -> tuple[int, int, int] | None:
        """What tells the published file from the one that takes its place; None where none is seen."""
        try:
            stat = self.path.stat()
        except OSError:
            return None
        return stat.st_ino, stat.st_ctime_ns, stat.st_size

    def require(self) -> None:
        """Raises StoreError when there is no catalogue: no store, or one that has lost it."""
        if self.path.exists():
            return
        if self.is_orphaned:
            raise StoreError(
                "the catalogue is missing, but there are records or kept catalogues",
                where=str(self.path),
                remedy="`flowsql store repair` makes it anew from them",
            )
        raise StoreError(
            "there is no store here yet",
            where=str(self.folder),
            remedy="`flowsql load FILES...` makes one; --store DIR or $FLOWSQL_STORE names another",
        )

    @property
    def is_orphaned(self) -> bool:
        """Whether the catalogue is gone from a store that had one."""
        kept = self.folder.glob("backup/*.duckdb")
        segments = self.folder.glob("records/*/*.parquet")
        return not self.path.exists() and any(True for files in (kept, segments) for _ in files)

    def _version(self, con: duckdb.DuckDBPyConnection, alias: str) -> int:
        try:
            rows = con.execute(f"select schema_version from {alias}.store_info").fetchall()
        except duckdb.Error as error:
            raise self._unreadable(error) from error
        if len(rows) != 1 or not 0 < rows[0][0] <= SCHEMA_VERSION:
            raise StoreError(
                f"the store has schema version {rows[0][0] if rows else '?'}, "
                f"this flowsql knows {SCHEMA_VERSION}",
                where=str(self.folder),
                remedy="update flowsql",
            )
        return int(rows[0][0])


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Makes the tables of a catalogue in the current database of `con`."""
    con.execute(Path(__file__).with_name("catalog.sql").read_text(encoding="utf-8"))


def identify(con: duckdb.DuckDBPyConnection) -> None:
    """Makes the catalogue in the current database of `con` that of a new store."""
    con.execute(
        "insert into store_info values (?, ?, ?)", [SCHEMA_VERSION, str(uuid.uuid4()), int(time.time())]
    )


def engine_connection() -> duckdb.DuckDBPyConnection:
    """A fresh in-memory DuckDB that never reaches for the network."""
    return duckdb.connect(
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    )


def quoted(text: str) -> str:
    """`text` as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def sync_file(path: Path) -> None:
    """Returns when the file's bytes are on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Returns when the folder's names are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def store_error(error: Exception, folder: Path) -> StoreError:
    """What a failed write to the store means to its user."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    is_full = getattr(error, "errno", None) in _FULL or any(
        phrase in text for phrase in ("No space left", "File too large", "Disk quota", "disk is full")
    )
    return StoreError(
        "its disk is full" if is_full else f"cannot be written: {text}",
        where=str(folder),
        remedy="free some space and run the same command again; what was committed stays"
        if is_full
        else "check that the folder exists, is on a local disk, and that you may write to it",
    )


def open_draft(draft: Path) -> duckdb.DuckDBPyConnection:
    """A connection whose current database is that file: a catalogue under construction, without seal."""
    con = engine_connection()
    con.execute(f"attach {quoted(str(draft))} as draft ({_STORAGE})")
    con.execute("use draft")
    return con


_FULL = {27, 28, 122}  # EFBIG, ENOSPC, EDQUOT
