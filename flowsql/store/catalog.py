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
from importlib import resources
from pathlib import Path

import duckdb

from flowsql.errors import StoreError
from flowsql.store.lock import writers_queue

SCHEMA_VERSION = 2
FILE_NAME = "flowsql.duckdb"
# States of a load; records of the first two count.
LIVE, INCOMPLETE, REPLACED = "live", "incomplete", "replaced"
_KEPT_CATALOGUES = 3
# Any DuckDB from 1.2 on can read the published file.
_STORAGE = "storage_version 'v1.2.0', block_size 16384"

# Gives the statements that create macros and views in a catalogue about to be published.
ViewStatements = Callable[[duckdb.DuckDBPyConnection], list[str]]


class Catalog:
    """The catalogue of the store in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / FILE_NAME
        self.lock_path = folder / "lock"

    def create(self, staging: Path, view_statements: ViewStatements, wait_s: float) -> None:
        """Publishes an empty catalogue if there is none yet."""
        with writers_queue(self.lock_path, wait_s):
            if self.path.exists():
                return
            draft = staging / FILE_NAME
            con = _open_draft(draft)
            con.execute(resources.files(__package__).joinpath("catalog.sql").read_text(encoding="utf-8"))
            con.execute(
                "insert into store_info values (?, ?, ?)",
                [SCHEMA_VERSION, str(uuid.uuid4()), int(time.time())],
            )
            self._publish(con, draft, view_statements)

    @contextmanager
    def change(
        self, staging: Path, view_statements: ViewStatements, wait_s: float
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to a private copy of the catalogue, in a transaction; published on exit.

        An exception inside leaves the published catalogue as it was. Raises StoreError when the queue of
        writers is longer than `wait_s`, or the copy cannot be written (disk full, folder read-only).
        """
        with writers_queue(self.lock_path, wait_s):
            draft = staging / FILE_NAME
            try:
                shutil.copyfile(self.path, draft)
                con = _open_draft(draft)
            except (OSError, duckdb.Error) as error:
                raise store_error(error, self.folder) from error
            try:
                con.execute("begin")
                yield con
                con.execute("commit")
                self._publish(con, draft, view_statements)
            except (duckdb.Error, OSError) as error:
                raise store_error(error, self.folder) from error
            finally:
                con.close()
                draft.unlink(missing_ok=True)

    def _publish(self, con: duckdb.DuckDBPyConnection, draft: Path, view_statements: ViewStatements) -> None:
        for statement in view_statements(con):
            con.execute(statement)
        con.execute("checkpoint draft")
        con.close()
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
        """Attaches the published catalogue read-only to `con`.

        Raises StoreError when there is no store, when it is damaged, or written by a newer flowsql.
        """
        if not self.path.exists():
            raise StoreError(
                "there is no store here yet",
                where=str(self.folder),
                remedy="`flowsql load FILES...` makes one; --store DIR or $FLOWSQL_STORE names another",
            )
        try:
            con.execute(f"attach {quoted(str(self.path))} as {alias} (read_only)")
            rows = con.execute(f"select schema_version from {alias}.store_info").fetchall()
        except duckdb.Error as error:
            raise StoreError(
                f"the catalogue cannot be read: {str(error).splitlines()[0]}",
                where=str(self.path),
                remedy=f"{self.folder / 'backup'} holds the last catalogues",
            ) from error
        if rows != [(SCHEMA_VERSION,)]:
            raise StoreError(
                f"the store has schema version {rows[0][0] if rows else '?'}, "
                f"this flowsql knows {SCHEMA_VERSION}",
                where=str(self.folder),
                remedy="update flowsql",
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


def _open_draft(draft: Path) -> duckdb.DuckDBPyConnection:
    con = engine_connection()
    con.execute(f"attach {quoted(str(draft))} as draft ({_STORAGE})")
    con.execute("use draft")
    return con


_FULL = {27, 28, 122}  # EFBIG, ENOSPC, EDQUOT
