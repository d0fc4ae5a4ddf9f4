"""View -> statements of a session: a view, or a table of what is looked up; some beside each other."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NamedTuple

import duckdb

from flowsql.views.views import LOOKED_UP, View, sources_of, view_statement

# What has no row unless this has one, as tables tell that are there: to look would read all records.
_HAS_ROWS_IF = {
    "second_logs": (
        "select 1 from log_hours group by interface_id, hour having min(flow_log) <> max(flow_log) limit 1"
    ),
    "crossings": "select 1 from catalog.segment_interfaces having min(vpc_id) <> max(vpc_id)",
    # Its interface_id is that of gateways and attachments, too.
    "openings_elsewhere": (
        "select 1 from catalog.segment_interfaces where coalesce(interface_id, '') not like 'eni-%' limit 1"
    ),
}
# The table of all records in the scope, where it is worth one.
GATHERED = "records_in_scope"
_TABLES = LOOKED_UP | {GATHERED}


class Making(NamedTuple):
    """A view to be made. One that is only to be seen, not `is_filled`, is a view in any case.

    `replaces_other_kind` says that it is there already, as a view for a table or the other way round.
    """

    view: View
    is_filled: bool
    replaces_other_kind: bool = False

    @property
    def looks_up(self) -> bool:
        """Whether records are read to make it."""
        return self.is_filled and self.view.name in _TABLES

    def run(self, con: duckdb.DuckDBPyConnection) -> None:
        """Makes it; what it reads must be there."""
        if self.replaces_other_kind:
            drop(con, self.view.name, not self.is_filled)
        view = _without_vain_work(self.view, con) if self.is_filled else self.view
        if self.looks_up:
            # A table: DuckDB would guess a view to be long.
            con.execute(f"create or replace table {view.name} as\n{view.sql}")
        else:
            con.execute(view_statement(view))


def _without_vain_work(view: View, con: duckdb.DuckDBPyConnection) -> View:
    """The view without what would read all records to find none, as tables tell that are there."""
    if view.name in _HAS_ROWS_IF and not con.execute(_HAS_ROWS_IF[view.name]).fetchall():
        return view._replace(sql=f"select * from (\n{view.sql}\n) where false")
    if view.name == "records_once" and not con.execute("from second_logs limit 1").fetchall():
        return view._replace(sql="from records_in_context")
    return view


def drop(con: duckdb.DuckDBPyConnection, name: str, is_filled: bool) -> None:
    """Drops the view, or the table that it is if it is looked up."""
    con.execute(f"drop {'table' if is_filled and name in _TABLES else 'view'} if exists {name}")


class Plan:
    """Views to be made, each after those it reads; `made` are those that are there.

    `views` are these and all that they read, in order of creation: also those that need not be made, which
    may read some that must.
    """

    def __init__(self, makings: Sequence[Making], views: Sequence[View]) -> None:
        self.made: list[Making] = []
        self._to_begin = list(makings)
        self._missing = {making.view.name for making in makings}
        # View -> all below it.
        self._below: dict[str, set[str]] = {}
        for view in views:
            sources = sources_of(view.sql) & self._below.keys()
            self._below[view.name] = sources.union(*(self._below[source] for source in sources))
        self._errors: list[BaseException] = []
        self._turn = threading.Condition()

    def run(self, connections: Sequence[duckdb.DuckDBPyConnection]) -> None:
        """Makes them, with a thread for each connection; the first connection's is the caller's.

        After an error, which is raised when all threads are done, some are not made.
        """
        helpers = [threading.Thread(target=self._work, args=(con,)) for con in connections[1:]]
        for helper in helpers:
            helper.start()
        self._work(connections[0])
        for helper in helpers:
            helper.join()
        if self._errors:
            raise self._errors[0]

    def _work(self, con: duckdb.DuckDBPyConnection) -> None:
        while making := self._next():
            try:
                making.run(con)
            except BaseException as error:
                with self._turn:
                    self._errors.append(error)
                    self._turn.notify_all()
                return
            with self._turn:
                self.made.append(making)
                self._missing.discard(making.view.name)
                self._turn.notify_all()

    def _next(self) -> Making | None:
        with self._turn:
            while self._to_begin and not self._errors:
                for making in self._to_begin:
                    if self._missing.isdisjoint(self._below[making.view.name]):
                        self._to_begin.remove(making)
                        return making
                self._turn.wait()
        return None
