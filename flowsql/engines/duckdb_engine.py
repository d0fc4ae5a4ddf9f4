"""SQL and parameters -> Results, by DuckDB over a store's segments."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from flowsql.engines.session_views import SessionViews
from flowsql.errors import FlowsqlError, Interrupted, QueryError, QueryTimeout, StoreError, UsageError
from flowsql.query_options import QueryOptions
from flowsql.result import Result
from flowsql.store.catalog import Catalog, engine_connection, quoted
from flowsql.store.records import RECORD_COLUMNS, LiveSegment, live_segments
from flowsql.views.reading import NOTHING, Reading, lasts, reading_of, words_of
from flowsql.views.views import COUNTED_COLUMNS, RELATIONS, ROLE_COLUMNS

if TYPE_CHECKING:
    import pyarrow as pa

    from flowsql.trust import Trust

_BATCH_ROWS = 10_000
# Statements that give rows to show; of the others only an error is of interest.
_WITH_ROWS = {"SELECT", "EXPLAIN", "PRAGMA", "CALL", "MULTI"}
_POSITION = re.compile(r"^LINE \d+:", re.MULTILINE)
# What `Session.close` leaves to the end of the process.
_LEFT_OPEN: list[duckdb.DuckDBPyConnection] = []


class Session:
    """One sequence of statements over a store as it was when the session began.

    `records`, `flows` and the other views are the window and scope. Use it as a context manager. One
    statement at a time: its rows are read, or given up, before the next begins. `ends_process` says that the
    process ends with it.
    """

    def __init__(self, catalog: Catalog, options: QueryOptions, *, ends_process: bool = False) -> None:
        _import_answers_beside()
        self.options = options
        self._ends_process = ends_process
        self._catalog = catalog
        # What `count` or `trust` has counted already.
        self.counted: Trust | None = None
        self._con = self._running = engine_connection()
        self._views = SessionViews(self._con, catalog.folder)
        self._spill = Path(tempfile.gettempdir()) / f"flowsql-{os.getpid()}"
        # The statements whose views are there.
        self._ready: set[str] = set()
        try:
            self._configure()
            catalog.attach(self._con)
            self.segments: list[LiveSegment] = live_segments(self._con)
            self._create_views()
        except duckdb.IOException as error:
            self._con.close()
            raise StoreError(
                f"a segment cannot be read: {_first_line(error)}",
                where=str(catalog.folder),
                remedy="restore the file from a copy, or `flowsql store repair` goes on without it",
            ) from error
        except BaseException:
            self._con.close()
            raise

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the session; unread rows are gone.

        At the end of a process DuckDB is left as it is: taking it down takes as long as a short query. Only
        what it has spilled must not stay behind.
        """
        if self._ends_process and not self._spill.exists():
            _LEFT_OPEN.append(self._con)
        else:
            self._views.close()
            self._con.close()

    def renew(self, options: QueryOptions) -> None:
        """From here on the views are the store as it is now, in the window and scope of `options`.

        What statements made stays: temporary tables, macros, variables, settings but for the search path.
        Limits are those of the beginning. The rows of earlier statements must have been read or given up.
        Raises StoreError, and QueryError when something of the user's is in the way; a later `renew` may
        mend either.
        """
        with self._guarded(self._con):
            self._con.execute("set search_path = 'memory.main'")
            self._con.execute("detach database if exists catalog")
            self._catalog.attach(self._con)
            self.options, self.counted = options, None
            self.segments = live_segments(self._con)
            self._ready.clear()
            self._create_views()

    def interrupt(self) -> None:
        """Ends the statement that is running, if one is, with an error. From any thread."""
        with contextlib.suppress(duckdb.Error):  # closed meanwhile
            self._running.interrupt()
            self._views.interrupt()

    def progress(self) -> float:
        """How much of the running statement is done, 0 to 1; it may jump back. From any thread."""
        return max(self._con.query_progress(), 0.0) / 100

    @property
    def segments_in_window(self) -> list[LiveSegment]:
        """The segments that a query of this session reads."""
        return self._views.in_window

    def _configure(self) -> None:
        # Otherwise `from x` would find Python variables of that name.
        self._con.execute("set python_enable_replacements = false")
        self._con.execute("set global TimeZone = 'UTC'")
        # Progress is measured for whoever asks, and never printed.
        self._con.execute("set enable_progress_bar_print = false")
        self._con.execute("set enable_progress_bar = true")
        self._con.execute(f"set temp_directory = {quoted(str(self._spill))}")
        if self.options.memory_limit:
            try:
                self._con.execute(f"set memory_limit = {quoted(self.options.memory_limit)}")
            except duckdb.Error as error:
                raise UsageError(_first_line(error), where="--memory-limit") from error
        if self.options.timeout_s is not None:
            self._con.execute(f"set global max_execution_time = {self.options.timeout_s * 1000}")

    def _create_views(self) -> None:
        self._views.begin(self.options, self.segments)
        for table in ("loads", "segments", "objects", "flow_logs"):
            self._con.execute(f"create or replace view {table} as from catalog.{table}")
        self._con.execute(
            "create or replace view rejects as"
            " select loads.name, rejects.* from catalog.rejects join catalog.loads using (load_id)"
        )

    def count(self) -> Trust:
        """What the session's records are, without how complete they are. Raises QueryError."""
        from flowsql.engines.trust import trust_of

        with self._guarded(self._con):
            self.counted = trust_of(self._con, self.segments, self.options, ())
        return self.counted

    def names_tables(self, statement: duckdb.Statement) -> bool:
        """Whether the statement names any table or view: without one its answer is not about the store."""
        try:
            return bool(self._con.get_table_names(statement.query))
        except duckdb.Error:
            return True  # its own error comes when it runs

    def trust(self, sql: str = "", notes: Sequence[str] = (), *, absence: bool = False) -> Trust:
        """How far to trust the answers to that SQL; while rows are still to be read, too.

        `absence` says that they conclude from what is not in the records.
        """
        from flowsql.engines.trust import trust_of, with_coverage, with_second_views

        con = self._con.cursor()
        con.execute(f"set search_path = {quoted(self._views.search_path)}")
        with self._guarded(con):
            self.counted = trust_of(con, self.segments, self.options, notes)
            looks_around = self._views.looks_around(reading_of(con, sql, RELATIONS))
            context_s = self.options.context_s if looks_around else 0
            trust = replace(self.counted, absence=absence, context_s=context_s)
        try:
            with self._guarded(con):
                self._views.make(Reading(frozenset({"coverage"})), con)
                self.counted = trust = with_coverage(con, trust, self.options)
                if any(column in sql for column in COUNTED_COLUMNS):
                    self._views.make(Reading(frozenset({"flows"}), COUNTED_COLUMNS), con)
                    trust = with_second_views(con, trust, self.options)
        except QueryTimeout:
            # The answer is there; how far to trust it is not worth losing it for.
            trust = replace(trust, notes=(*trust.notes, "out of time for the rest"))
        return trust

    def look_back(self, history_s: int) -> None:
        """Makes `records_with_history` reach that far before the start of the window, if it has one."""
        self._views.look_back(history_s)

    def register(self, name: str, table: pa.Table) -> None:
        """Makes an Arrow table readable in SQL under that name."""
        self._con.register(name, table)

    def lock_down(self) -> None:
        """From here on SQL reads the segments and nothing else: no other file, no setting, no network."""
        self._con.execute(f"set allowed_directories = [{quoted(str(self._catalog.folder / 'records'))}]")
        self._con.execute("set enable_external_access = false")
        self._con.execute("set lock_configuration = true")

    def statements(self, sql: str) -> list[duckdb.Statement]:
        """The statements in `sql`, split by DuckDB's own parser; the views they name are there from now on.

        Raises QueryError at a syntax error.
        """
        try:
            statements = self._con.extract_statements(sql)
        except duckdb.Error as error:
            raise query_error(error) from error
        with self._guarded(self._con):
            self._ready.clear()
            self._make_ready(statements)
        return statements

    def _make_ready(self, statements: Sequence[duckdb.Statement]) -> None:
        read = NOTHING
        for statement in statements:
            reading = reading_of(self._con, statement.query, RELATIONS)
            read |= reading
            if lasts(statement.query):
                self._views.keep(reading)
        self._views.make(read, self._con)
        self._ready.update(statement.query for statement in statements)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of SQL of one's own, which names no view of the session. Raises QueryError."""
        with self._guarded(self._con):
            return self._con.execute(sql).fetchall()

    @staticmethod
    def gives_rows(statement: duckdb.Statement) -> bool:
        """Whether the statement is of a kind whose rows are its answer."""
        return statement.type.name in _WITH_ROWS

    def execute(self, statement: duckdb.Statement, parameters: Mapping[str, object]) -> Result:
        """The rows of one statement, as a stream; without rows for one that gives none.

        Of `parameters` those are bound that the statement names; `$since` and `$until` are always there.
        Raises QueryError, QueryTimeout, or Interrupted at Ctrl-C; so may reading the rows.
        """
        values: dict[str, object] = {
            "since": self.options.window.since,
            "until": self.options.window.until,
            **parameters,
        }
        missing = statement.named_parameters - values.keys()
        if missing:
            raise QueryError(f"no value for {', '.join('$' + name for name in sorted(missing))}")
        bound: dict[str, Any] = {name: values[name] for name in statement.named_parameters}
        started = time.monotonic()
        with self._guarded(self._con):
            if statement.query not in self._ready:  # The session was renewed since it was split off.
                self._make_ready([statement])
            relation = self._relation(statement, bound)
            if relation is None or not self.gives_rows(statement):
                return _no_rows(time.monotonic() - started)
            reader = relation.to_arrow_reader(_BATCH_ROWS)
            first = next(iter(reader), None)
        return Result(reader.schema, self._stream(first, reader), elapsed_s=time.monotonic() - started)

    def _relation(self, statement: duckdb.Statement, bound: dict[str, Any]) -> duckdb.DuckDBPyRelation | None:
        try:
            return self._sql(statement, bound)
        except (duckdb.BinderException, duckdb.CatalogException):
            # An error names the columns that may be meant: all of them, not only those read.
            words = words_of(statement.query)
            columns = words | ROLE_COLUMNS | {name for name, _ in RECORD_COLUMNS}
            self._views.make(Reading(words, columns), self._con)
        try:
            return self._sql(statement, bound)
        except (duckdb.BinderException, duckdb.CatalogException):
            # `sql` leaves out the place of the error, `execute` tells it; neither gets to run anything.
            self._con.execute(statement.query, bound)
            raise

    def _sql(self, statement: duckdb.Statement, bound: dict[str, Any]) -> duckdb.DuckDBPyRelation | None:
        # As a statement it is not parsed once more.
        return self._con.sql(statement, params=bound) if bound else self._con.sql(statement)

    def _stream(self, first: pa.RecordBatch | None, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        batch = first
        while batch is not None:
            yield batch
            with self._guarded(self._con):
                batch = next(iter(reader), None)

    @contextlib.contextmanager
    def _guarded(self, con: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """DuckDB's errors become ours; Ctrl-C stops the statement, not the process.

        Python's own KeyboardInterrupt would come through DuckDB's threads and has been seen to hang there.
        """
        interrupted = False

        def stop(number: int, frame: object) -> None:
            nonlocal interrupted
            interrupted = True
            self.interrupt()

        self._running = con
        in_main = threading.current_thread() is threading.main_thread()
        previous = signal.signal(signal.SIGINT, stop) if in_main else None
        try:
            yield
        except (duckdb.Error, OSError) as error:
            if interrupted:
                raise Interrupted("interrupted") from error
            raise query_error(error, self.options.timeout_s) from error
        except RuntimeError as error:
            # DuckDB reports an interrupt as a RuntimeError on some paths.
            if interrupted:
                raise Interrupted("interrupted") from error
            raise query_error(error, self.options.timeout_s) from error
        finally:
            if in_main:
                signal.signal(signal.SIGINT, previous)
        if interrupted:
            raise Interrupted("interrupted")


def _import_answers_beside() -> None:
    """Begins to import pyarrow, which answers come in, while DuckDB opens the store."""
    if "pyarrow" not in sys.modules:
        threading.Thread(target=importlib.import_module, args=("pyarrow",)).start()


def query_error(error: Exception, timeout_s: float | None = None) -> FlowsqlError:
    """A DuckDB error in flowsql's terms; the engine's own text, which points at the place, is kept."""
    text = str(error).strip()
    if "maximum execution time" in text:
        return QueryTimeout(
            f"stopped after {timeout_s:g} s" if timeout_s else "stopped: out of time",
            remedy="a smaller window (--since), a narrower scope, or a longer --timeout",
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return QueryError(_first_line(error), remedy="a higher --memory-limit, or a smaller window (--since)")
    cause, _, place = text.partition("\n\n")
    lines = [line for line in place.splitlines() if line.strip()] if _POSITION.search(place) else []
    return QueryError("\n".join([cause, *lines]))


def _no_rows(elapsed_s: float) -> Result:
    import pyarrow as pa

    return Result(pa.schema([]), [], elapsed_s=elapsed_s, has_rows=False)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
