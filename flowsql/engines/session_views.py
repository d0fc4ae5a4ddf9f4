"""What SQL reads -> the views that are there for it, in the window and scope of a session."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from flowsql.engines.scope import capture_conditions_of, conditions_of
from flowsql.engines.scope_size import about_records_of
from flowsql.engines.view_making import GATHERED, Making, Plan, drop
from flowsql.query_options import QueryOptions
from flowsql.store.catalog import quoted
from flowsql.store.records import RECORD_COLUMNS, LiveSegment, records_sql, touching
from flowsql.views.known import empty_relations, known_relations
from flowsql.views.reading import ANYTHING, NOTHING, Reading, words_of
from flowsql.views.tagged import tagged_flows_sql
from flowsql.views.views import View, has_edition, macro_statements, record_columns, times_read, views_read
from flowsql.window import Window

_RECORDS = View("records", "", "")
_EVERY_COLUMN = frozenset(name for name, _ in RECORD_COLUMNS)
# What is read for the trust line, whatever a statement reads.
_COUNTED = frozenset({"log_status", "packets", "bytes"})
_COVERED = frozenset({"interface_id", "resource_id", "tgw_attachment_id", "tgw_id", "start", "end"})
# Up to so many records, what is looked up is looked up beside each other: that takes hardly any memory, and
# each statement only one core.
_FEW_RECORDS = 250_000
# Up to so many records of a scope are kept in memory, if they are read more than once and are a small part of
# those that would have to be read each time.
_MOST_GATHERED = 1_000_000
_SMALL_PART = 0.25
# To count them takes about as long as to read them once.
_WORTH_COUNTING = 4


class SessionViews:
    """The views of one session. `con` is its connection, with the catalogue attached; `folder` the store's.

    `begin` comes first, and again whenever the catalogue is attached anew.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._con = con
        self._folder = folder
        # A second connection, of the thread that makes views beside the session's.
        self._helper: duckdb.DuckDBPyConnection | None = None
        # The SELECT of each view that is there, whether what it looks up has been looked up, and what the
        # user's own views and macros read.
        self._made: dict[str, tuple[str, bool]] = {}
        self._lasting = NOTHING
        self.search_path = "memory.main"

    def begin(self, options: QueryOptions, segments: Sequence[LiveSegment]) -> None:
        """From here on the views are those of these segments, in the window and scope of `options`.

        Those that were there are gone.
        """
        before, self._made = self._made, {}
        try:
            for name, (_, is_filled) in before.items():
                drop(self._con, name, is_filled)
            self._set_up(options, segments)
            self.make(NOTHING, self._con)
        except BaseException:
            self._made = before | self._made
            raise

    def _set_up(self, options: QueryOptions, segments: Sequence[LiveSegment]) -> None:
        self._options, self._segments = options, segments
        self._find_macros()
        self._known = known_relations("catalog.", options)
        tag_keys = self._con.execute(
            "select flow_log_id, tag_keys from catalog.flow_logs where len(map_keys(tag_keys)) > 0"
            " order by flow_log_id"
        ).fetchall()
        self._known["tagged_flows"] = tagged_flows_sql(tag_keys)
        self._known.update(empty_relations({column for segment in segments for column in segment.columns}))
        window, conditions = options.window, conditions_of(options.scope)
        points = capture_conditions_of(options.scope)
        self._selections = {"records": (window, conditions)}
        if points != conditions:
            self._selections["logged_records"] = (window, points)
        if window.is_bounded and options.context_s:
            self._selections["records_in_context"] = (window.widened(options.context_s), conditions)
        self._gathered_columns = _EVERY_COLUMN if options.scope.between else frozenset()
        # Whether the scope has few records, as far as it is known.
        self._has_few = self._few_are_known()

    def _find_macros(self) -> None:
        if has_edition(self._con, "catalog"):
            # The catalogue's own macros serve: that saves the time to make them anew.
            self.search_path = "memory.main,catalog.main"
            self._con.execute(f"set search_path = {quoted(self.search_path)}")
        else:
            self.search_path = "memory.main"
            for statement in macro_statements():
                self._con.execute(statement)

    def _few_are_known(self) -> bool | None:
        if self._options.scope.between:
            return True
        if not conditions_of(self._options.scope):
            return False
        window = self._options.window.widened(self._options.context_s)
        records = about_records_of(self._con, self._options.scope, window)
        return True if records is not None and self._are_few(records) else None

    def _gathers(self, times: int, con: duckdb.DuckDBPyConnection) -> bool:
        """Whether the scope's records are to be read once for all views, which would read them so often."""
        if GATHERED in self._made:
            return True
        if self._has_few is None and times >= _WORTH_COUNTING:
            ((records,),) = con.execute(f"select count(*) from ({self._in_scope(_COUNTED)})").fetchall()
            self._has_few = self._are_few(records)
        return times > 1 and bool(self._has_few)

    def _are_few(self, records: int) -> bool:
        read = sum(segment.records for segment in self.in_window)
        return records <= min(_MOST_GATHERED, read * _SMALL_PART)

    def _in_scope(self, columns: frozenset[str]) -> str:
        window = self._options.window.widened(self._options.context_s)
        return self._records(window, conditions_of(self._options.scope), columns)

    def close(self) -> None:
        """Closes what was opened beside the session's own connection."""
        if self._helper:
            self._helper.close()

    def interrupt(self) -> None:
        """Ends what is being made beside the session's own connection, with an error."""
        if self._helper:
            self._helper.interrupt()

    @property
    def in_window(self) -> list[LiveSegment]:
        """The segments that records of the window are in."""
        return touching(self._segments, self._options.window.since, self._options.window.until)

    def keep(self, reading: Reading) -> None:
        """What this reads, later statements may read as well, by another name."""
        self._lasting |= reading

    def looks_around(self, reading: Reading) -> bool:
        """Whether such a reading reads records around the window."""
        read = views_read(reading | self._lasting, self._known)
        return self._options.window.is_bounded and any(view.name == "records_in_context" for view in read)

    def look_back(self, history_s: int) -> None:
        """Makes `records_with_history` reach that far before the start of the window, if it has one."""
        since, until = self._options.window.since, self._options.window.until
        if since is not None:
            reaching_back = Window(max(since - history_s, 0), until)
            self._selections["records_with_history"] = (reaching_back, conditions_of(self._options.scope))

    def make(self, reading: Reading, con: duckdb.DuckDBPyConnection) -> None:
        """Makes `records` and the views that are read, with what is read of them, as far as they are not so.

        A view over one that is made anew follows it: DuckDB keeps its text.
        """
        read = reading | self._lasting
        views = views_read(read, self._known)
        filled = {GATHERED, *(view.name for view in views)}
        times = times_read(read, views)
        if read.lists:
            read = ANYTHING
            views = views_read(read, self._known)
        columns = record_columns(read, views) | _COUNTED
        views = [self._selected(view, columns) for view in (_RECORDS, *views)]
        if self._gathers(times, con):
            views = self._gathering(views, columns)
        makings = [making for view in views if (making := self._making(view, view.name in filled))]
        plan = Plan(makings, views)
        try:
            plan.run([con, *self._helpers(makings)])
        finally:
            self._made.update((made.view.name, (made.view.sql, made.is_filled)) for made in plan.made)

    def _selected(self, view: View, columns: frozenset[str]) -> View:
        """The view as the window and scope have it, if it is one of records."""
        selection = self._selections.get(view.name)
        return view._replace(sql=self._records(*selection, columns)) if selection else view

    def _gathering(self, views: Sequence[View], columns: frozenset[str]) -> list[View]:
        """The views with a table of all records in the scope, which those of records read."""
        self._gathered_columns |= columns | _COVERED
        window = self._options.window
        times = 'coalesce("start", "end")'
        bounds = [f"{times} >= {window.since}"] if window.since is not None else []
        bounds += [f"{times} < {window.until}"] if window.until is not None else []
        gathered = {
            "records": " where ".join([f"select * from {GATHERED}", *filter(None, [" and ".join(bounds)])]),
            "records_in_context": f"select * from {GATHERED}",
        }
        read = [view._replace(sql=gathered.get(view.name, view.sql)) for view in views]
        return [View(GATHERED, "", self._in_scope(self._gathered_columns)), *read]

    def _records(self, window: Window, conditions: Sequence[str], columns: frozenset[str]) -> str:
        """A select of the records in the window that meet the conditions, with these columns at least."""
        where = " and ".join(f"({condition})" for condition in conditions)
        records = records_sql(
            self._segments,
            self._folder,
            since=window.since,
            until=window.until,
            dead_loads="catalog.dead_loads",
            columns=columns | words_of(where),
        )
        return f"select * from ({records}) where {where}" if where else records

    def _making(self, view: View, is_filled: bool) -> Making | None:
        """What is to be done to have the view; None if it is there."""
        made, was_filled = self._made.get(view.name, ("", False))
        if made == view.sql and was_filled >= is_filled:
            return None
        return Making(view, is_filled, replaces_other_kind=made != "" and was_filled != is_filled)

    def _helpers(self, makings: Sequence[Making]) -> list[duckdb.DuckDBPyConnection]:
        """The connections to make views by beside the session's own: one or none."""
        records = sum(segment.records for segment in self.in_window)
        if records > _FEW_RECORDS or sum(making.looks_up for making in makings) < 2:
            return []
        if self._helper is None:
            self._helper = self._con.cursor()
        self._helper.execute(f"set search_path = {quoted(self.search_path)}")
        return [self._helper]
