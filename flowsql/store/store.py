"""The store: its folder, its catalogue, its writers' staging folders and load ids."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

from flowsql.store.blank import is_made, make_blank
from flowsql.store.catalog import FILE_NAME, Catalog, ViewStatements, engine_connection, store_error
from flowsql.store.lock import writers_queue
from flowsql.store.staging import Staging
from flowsql.store.sweep import sweep_abandoned


class Store:
    """The store in `folder`; `view_statements` gives the macros and views of its published catalogue."""

    def __init__(self, folder: Path, view_statements: ViewStatements, *, wait_s: float = 30.0) -> None:
        self.folder = folder.absolute()
        self.catalog = Catalog(self.folder, self.upgrade)
        self.wait_s = wait_s
        self.view_statements = view_statements

    @property
    def exists(self) -> bool:
        """Whether there is a published catalogue."""
        return self.catalog.path.exists()

    def create(self) -> bool:
        """Makes an empty store if there is none, and says whether it did.

        Raises StoreError where it cannot.
        """
        return self._create(self.view_statements)

    def create_quickly(self) -> bool:
        """The same, but says whether its views are to come: they take a while the first time.

        `upgrade` makes them, or the next change of the catalogue.
        """
        if is_made(self.view_statements):
            self.create()
            return False
        return self._create(_no_views)

    def _create(self, views: ViewStatements) -> bool:
        if self.exists:
            return False
        if self.catalog.is_orphaned:
            self.catalog.require()
        try:
            for name in ("records", "staging", "backup"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            with self.staging() as staging:
                draft = staging.path / FILE_NAME
                make_blank(draft, views)
                return self.catalog.create(draft, views, self.wait_s)
        except (OSError, duckdb.Error) as error:
            raise store_error(error, self.folder) from error

    def upgrade(self) -> None:
        """Migrates a store of an older schema version, and gives one without views its views.

        Raises StoreError where it cannot be written.
        """
        with self.staging() as staging, self.catalog.change(staging.path, self.view_statements, self.wait_s):
            pass

    def staging(self) -> Staging:
        """A new staging folder, after sweeping up behind writers that died. Raises StoreError."""
        try:
            with writers_queue(self.catalog.lock_path, self.wait_s):
                sweep_abandoned(self.catalog)
                return Staging(self.folder)
        except OSError as error:
            raise store_error(error, self.folder) from error

    def reserve_load_ids(self, number: int) -> int:
        """The first of `number` consecutive load ids that nobody else will get.

        The lock file keeps the next free id; a missing or unreadable one starts after the catalogue's last.
        Raises StoreError.
        """
        try:
            with writers_queue(self.catalog.lock_path, self.wait_s) as descriptor:
                noted = os.pread(descriptor, 32, 0).strip()
                first = int(noted) if noted.isdigit() else self._last_load_id() + 1
                # Of fixed width and written in one piece: a writer killed here leaves the old id or the new.
                os.pwrite(descriptor, b"%020d\n" % (first + number), 0)
                return first
        except OSError as error:
            raise store_error(error, self.folder) from error

    def skip_load_ids(self, lock: int, last: int) -> None:
        """Makes all later load ids greater than `last`; `lock` is the descriptor of the writers' queue."""
        noted = os.pread(lock, 32, 0).strip()
        if not noted.isdigit() or int(noted) <= last:
            os.pwrite(lock, b"%020d\n" % (last + 1), 0)

    def _last_load_id(self) -> int:
        con = engine_connection()
        try:
            self.catalog.attach_as_it_is(con)
            # Segments may also hold records of loads that never came to be in the ledger.
            ((last,),) = con.execute(
                "select coalesce(max(load_id), 0) from (select load_id from catalog.loads"
                " union all select load_id from catalog.segment_loads)"
            ).fetchall()
            return int(last)
        finally:
            con.close()


def _no_views(con: duckdb.DuckDBPyConnection) -> list[str]:
    return []
