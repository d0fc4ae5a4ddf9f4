"""A Workspace: store, engine and library in one place; what the command line and Python code use."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowsql.engines.duckdb_engine import Session
from flowsql.errors import QueryError, UsageError
from flowsql.query_options import QueryOptions
from flowsql.result import Result
from flowsql.store.store import Store
from flowsql.store.sweep import GRACE_S
from flowsql.views.views import published_statements

if TYPE_CHECKING:
    from flowsql.between.answer import Between
    from flowsql.library.saved_query import SavedQuery
    from flowsql.library.search_path import Library
    from flowsql.loading.report import LoadReport, Progress
    from flowsql.sources.aws import AwsAccess
    from flowsql.sources.source import Source, Wanted
    from flowsql.store.archive import ArchiveReport
    from flowsql.store.check import CheckReport
    from flowsql.store.compact import CompactReport
    from flowsql.store.flow_logs import FlowLog
    from flowsql.store.forget import ForgetReport
    from flowsql.store.info import StoreInfo
    from flowsql.store.repair import RepairReport


class Workspace:
    """A store with its engine and the saved queries around it. Use it as a context manager."""

    def __init__(self, folder: Path, *, wait_s: float = 30.0, queries: Path | None = None) -> None:
        self.store = Store(folder, published_statements, wait_s=wait_s)
        # Whether the process ends with its next session, which then need not be taken down.
        self.ends_process = False
        self._queries = queries
        self._library: Library | None = None
        self._temporary: Path | None = None

    @classmethod
    def temporary(cls, *, wait_s: float = 30.0) -> Workspace:
        """A workspace over a new store that goes with it."""
        import tempfile

        folder = Path(tempfile.mkdtemp(prefix="flowsql-"))
        workspace = cls(folder / "store", wait_s=wait_s)
        workspace._temporary = folder
        return workspace

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Removes a temporary store; other stores need no closing."""
        if self._temporary:
            import shutil

            shutil.rmtree(self._temporary, ignore_errors=True)

    @property
    def library(self) -> Library:
        """The saved queries: the project's (./queries), the user's, the built-in ones."""
        from flowsql.library.search_path import FOLDER, find_library, user_folder

        if self._library is None:
            self._library = find_library(self._queries or Path.cwd() / FOLDER, user_folder())
        return self._library

    def forget_library(self) -> None:
        """Reads the saved queries anew when they are next asked for: files may have changed."""
        self._library = None

    def load(
        self,
        sources: Sequence[str | os.PathLike[str]],
        *,
        log_format: str | None = None,
        again: bool = False,
        dry_run: bool = False,
        wanted: Wanted | None = None,
        access: AwsAccess | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> LoadReport:
        """Loads the log objects that the sources name, each once; makes the store if there is none.

        `log_format` is for text without a header line; `wanted` says of which time objects are wanted,
        `access` how AWS is asked.
        Problems with single objects are in the report.
        Raises LogFormatError, SourceError for a source that does not exist, StoreError.
        """
        from flowsql.loading.load import load_sources
        from flowsql.loading.spool import spool_folder
        from flowsql.logformat.format_string import parse_format_string
        from flowsql.sources.aws import AwsAccess
        from flowsql.sources.source import Wanted

        fields = parse_format_string(log_format) if log_format is not None else None
        wanted, access = wanted or Wanted(), access or AwsAccess()
        with spool_folder() as spool:
            return load_sources(
                self.store,
                self._sources([os.fspath(source) for source in sources], spool, wanted, access),
                log_format=fields,
                again=again,
                dry_run=dry_run,
                wanted=wanted,
                on_progress=on_progress or (lambda progress: None),
            )

    def _sources(self, texts: Sequence[str], spool: Path, wanted: Wanted, access: AwsAccess) -> list[Source]:
        """The sources that the texts name; `@NAME` is where a registered flow log delivers."""
        from dataclasses import replace

        from flowsql.sources.named import sources_named
        from flowsql.sources.of_flow_log import OfFlowLog
        from flowsql.store.flow_logs import CLOUDWATCH, find

        sources = sources_named([text for text in texts if not text.startswith("@")], spool, wanted, access)
        names = [text[1:] for text in texts if text.startswith("@")]
        flow_logs = self.flow_logs() if names else []
        for flow_log in [find(flow_logs, name) for name in names]:
            there = replace(access, region=access.region or flow_log.region)
            (source,) = sources_named([flow_log.source], spool, wanted, there)
            is_apart = flow_log.destination_type == CLOUDWATCH
            sources.append(source if is_apart else OfFlowLog(source, flow_log.flow_log_id))
        return sources

    def load_inventory(self, files: Sequence[str | os.PathLike[str]]) -> tuple[int, int]:
        """Registers the flow logs in files of describe-flow-logs JSON, all or none of them.

        Returns how many there are, and how many of them are new. Raises SourceError, StoreError.
        """
        from flowsql.inventory.flow_logs import read_flow_logs

        return self.register([flow_log for file in files for flow_log in read_flow_logs(Path(file))])

    def fetch_flow_logs(self, access: AwsAccess | None = None) -> tuple[int, int]:
        """Registers the flow logs of the account and region that `access` reaches.

        Returns as `load_inventory`. Raises SourceError, UsageError, StoreError.
        """
        from flowsql.inventory.flow_logs import fetch_flow_logs
        from flowsql.sources.aws import AwsAccess

        return self.register(fetch_flow_logs(access or AwsAccess()))

    def register(self, flow_logs: Sequence[FlowLog]) -> tuple[int, int]:
        """Registers these flow logs. Returns as `load_inventory`. Raises StoreError."""
        from flowsql.store.flow_logs import register

        latest = {flow_log.flow_log_id: flow_log for flow_log in flow_logs}
        return len(latest), register(self.store, list(latest.values()))

    def flow_logs(self) -> list[FlowLog]:
        """The registered flow logs. Raises StoreError when there is no store."""
        from flowsql.store.flow_logs import registered

        return registered(self.store)

    def forget_flow_log(self, name: str) -> FlowLog:
        """Takes a flow log, by its Name tag or id, out of the registry; its records stay.

        Raises UsageError, StoreError.
        """
        from flowsql.store.flow_logs import unregister

        return unregister(self.store, name)

    def sql(
        self,
        sql: str,
        parameters: Mapping[str, object] | None = None,
        *,
        options: QueryOptions | None = None,
        **texts: Any,
    ) -> Result:
        """The Result of the last statement in `sql` that gives rows, all of them in memory.

        `parameters` are bound to `$name` in the SQL. Window, scope and limits come as `options`, or as
        keyword arguments spelled like those of the command line (`since="24h"`, `vpc="vpc-1"`; see
        QueryOptions.parse). Raises UsageError, StoreError without a store, QueryError.
        """
        chosen = options or QueryOptions.parse(**texts)
        last = None
        for result in self.iterate_sql(sql, parameters or {}, chosen):
            last = _read(result)
        return last if last is not None else Result(_no_schema(), [], has_rows=False)

    def run(
        self,
        name: str,
        parameters: Mapping[str, object] | None = None,
        *,
        options: QueryOptions | None = None,
        **texts: Any,
    ) -> Result:
        """The Result of a saved query, all of it in memory.

        `parameters` are the query's own, as text or as plain Python values; the rest as for `sql`.
        Raises LibraryError for a wrong name or parameter, and what `sql` raises.
        """
        given = {name: _as_typed(value) for name, value in (parameters or {}).items()}
        (result,) = map(_read, self.iterate_run(name, given, options or QueryOptions.parse(**texts)))
        return result

    def iterate_sql(
        self, sql: str, parameters: Mapping[str, object], options: QueryOptions, *, one_result: bool = False
    ) -> Iterator[Result]:
        """A Result for each statement that gives rows, as a stream: read one before the next.

        Temporary tables and variables of one statement are there for the next. --where filters the
        rows of a statement only when there is just one; `one_result` refuses several statements with rows.
        Raises UsageError, QueryError.
        """
        with self.session(options) as session:
            statements = session.statements(sql)
            if not statements:
                raise UsageError("no SQL statement given", remedy="for example: select count(*) from flows")
            if options.scope.where and len(statements) > 1:
                raise UsageError("--where needs a single statement")
            if one_result and sum(map(session.gives_rows, statements)) > 1:
                raise UsageError(
                    "several statements give rows, but only one result fits a file",
                    remedy="keep all but one of them from giving rows, or run them one by one",
                )
            judge = cache(lambda: session.trust(sql))
            for statement in statements:
                result = session.execute(_filtered(session, statement, options), parameters)
                if result.has_rows:
                    result.judge = judge
                    yield limited(result, options.max_rows)

    def iterate_run(
        self,
        name: str,
        texts: Mapping[str, str],
        options: QueryOptions,
        *,
        on_session: Callable[[Session], None] = lambda session: None,
    ) -> Generator[Result, None, None]:
        """`iterate_query` for the saved query of that name or alias. Raises LibraryError for a wrong name."""
        query, preset = self.library.get(name)
        yield from self.iterate_query(query, {**preset, **texts}, options, on_session=on_session)

    def iterate_query(
        self,
        query: SavedQuery,
        texts: Mapping[str, str],
        options: QueryOptions,
        *,
        on_session: Callable[[Session], None] = lambda session: None,
    ) -> Generator[Result, None, None]:
        """The one Result of a saved query, as a stream; the session ends with the iteration.

        `texts` are its parameters as a user types them. SQL of a saved query can read the records and
        nothing else. `on_session` gets the session before its statement runs, to watch its progress.
        Raises LibraryError for a wrong parameter, QueryError.
        """
        with self.session(options) as session:
            on_session(session)
            session.lock_down()
            yield limited(ask(session, query, texts), options.max_rows)

    def diagnose(self, options: QueryOptions | None = None) -> Generator[Result, None, None]:
        """What is in the store and what can be asked of it, in sections: read one before the next.

        Raises StoreError without a store, QueryError.
        """
        from flowsql.doctor.sections import diagnose

        with self.session(options or QueryOptions.parse()) as session:
            yield from diagnose(session, self.library)

    def between(self, a: str, b: str, port: int | str | None = None, **texts: Any) -> Between:
        """Whether A reached B, since when not, and what shows it, all of it in memory.

        A and B are addresses, CIDR blocks, interface or instance ids; the options are those of `sql`, and
        `bin`, the length of a bin ('5m'). Raises UsageError for ends that are none, StoreError, QueryError.
        """
        bin_text = texts.pop("bin", None)
        options = QueryOptions.parse(**texts)
        with self.open_between(a, b, port, bin_text, options) as between:
            _read(between.result)
            return between

    @contextmanager
    def open_between(
        self, a: str, b: str, port: int | str | None, bin_text: str | None, options: QueryOptions
    ) -> Iterator[Between]:
        """The same while a session lasts, which the trust of its result needs."""
        from flowsql.between.answer import answer_between
        from flowsql.window import of_option, parse_port, parse_span

        number = None if port is None else parse_port(str(port))
        bin_s = None if bin_text is None else of_option("--bin", parse_span, bin_text)
        if bin_s == 0:
            raise UsageError("must be longer than nothing", where="--bin")
        with self.session(options) as session:
            yield answer_between(session, a, b, number, bin_s)

    def session(self, options: QueryOptions) -> Session:
        """A session of one's own, for statements that build on each other. Raises StoreError."""
        return Session(self.store.catalog, options, ends_process=self.ends_process)

    def forget(
        self,
        loads: Sequence[str | int | os.PathLike[str]] = (),
        *,
        source: str | os.PathLike[str] | None = None,
        before: int | None = None,
        dry_run: bool = False,
    ) -> ForgetReport:
        """Takes loads out of what counts; they are not loaded again, unless with `again=True`.

        Give one of `loads` (load ids or object names), `source` (how the names begin they were read
        from) and `before` (Unix seconds: loads all of whose records are older; later loads leave such
        objects out). All or none of them; a dry run only reports. Raises UsageError, StoreError.
        """
        from flowsql.store.choice import Choice
        from flowsql.store.forget import forget

        if [bool(loads), source is not None, before is not None].count(True) != 1:
            raise UsageError(
                "give load ids or names, or --source, or --before: one of them",
                remedy="`flowsql store forget --help`",
            )
        names = tuple(str(load) if isinstance(load, int) else os.fspath(load) for load in loads)
        choice = Choice(names, None if source is None else os.fspath(source), before)
        return forget(self.store, choice, dry_run=dry_run)

    def compact(self, *, grace_s: float = GRACE_S) -> CompactReport:
        """Merges small segments and removes dead records for real.

        Files that were replaced, now or before, stay `grace_s` seconds for readers that still use them.
        Raises StoreError, or Interrupted at Ctrl-C; the store is whole steps further then.
        """
        from flowsql.store.compact import compact

        return compact(self.store, grace_s=grace_s)

    def info(self) -> StoreInfo:
        """What is in the store. Raises StoreError when there is none."""
        from flowsql.store.info import read_info

        return read_info(self.store.catalog)

    def check(self, *, quick: bool = False) -> CheckReport:
        """What in the store is not as its catalogue says; `quick` does not read the segments.

        Raises StoreError when there is no store.
        """
        from flowsql.store.check import check_store

        return check_store(self.store, quick=quick)

    def repair(self, *, dry_run: bool = False) -> RepairReport:
        """Makes a damaged store whole again, as far as can be; says what it did, or would do, and what is
        lost. Raises StoreError when there is no store, or it cannot be written.
        """
        from flowsql.store.repair import repair_store

        return repair_store(self.store, dry_run=dry_run)

    def files(self) -> Result:
        """The Parquet files that hold the records, for other engines: one row each. Raises StoreError."""
        from flowsql.store.files import live_files

        table = live_files(self.store.catalog)
        return Result(table.schema, table.to_batches())

    def export(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> ArchiveReport:
        """Writes the whole store into one file. Raises StoreError, OutputError."""
        from flowsql.store.archive import export_store

        return export_store(self.store, Path(path), overwrite=overwrite)

    def import_(self, path: str | os.PathLike[str]) -> ArchiveReport:
        """Makes this store, new or empty, the one of an exported file. Raises StoreError, SourceError."""
        from flowsql.store.archive import import_store

        return import_store(self.store, Path(path))


def connect(store: str | os.PathLike[str] | None = None) -> Workspace:
    """A Workspace over the store in that folder, which need not exist before the first load.

    Without a folder: $FLOWSQL_STORE, else `flowsql` in the user's data folder.
    """
    return Workspace(Path(store) if store is not None else default_store())


def default_store() -> Path:
    """$FLOWSQL_STORE, else `flowsql` below $XDG_DATA_HOME, else below ~/.local/share."""
    named = os.environ.get("FLOWSQL_STORE")
    if named:
        return Path(named)
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return data / "flowsql"


def ask(session: Session, query: SavedQuery, texts: Mapping[str, str]) -> Result:
    """The Result of a saved query in that session. Raises LibraryError for a wrong parameter, QueryError."""
    from flowsql.library.parameters import bind, columns_needed

    options = session.options
    values = bind(query, texts, now=options.now, tz=options.tz)
    notes = _missing_notes(session, query, sorted(columns_needed(query, values)))
    if query.history_s is not None:
        session.look_back(query.history_s)
        notes += _history_notes(session, query.history_s)
    _register_files(session, query, values)
    result = session.execute(_filtered(session, _only_select(session, query), options), values)
    result.judge = partial(session.trust, query.sql, notes, absence=query.absence)
    result.title = query.question
    return result


def _only_select(session: Session, query: SavedQuery) -> Any:
    statements = session.statements(query.sql)
    if len(statements) != 1 or statements[0].type.name != "SELECT":
        raise QueryError(
            "a saved query is one SELECT statement",
            where=str(query.path),
            remedy="`flowsql sql` runs anything else",
        )
    return statements[0]


def _filtered(session: Session, statement: Any, options: QueryOptions) -> Any:
    """The statement with --where around it; itself without --where."""
    where = options.scope.where
    if where is None:
        return statement
    body = statement.query.strip().rstrip(";")
    statements = session.statements(f"select * from (\n{body}\n) where (\n{where}\n)")
    if len(statements) != 1 or statements[0].type.name != "SELECT":
        raise UsageError("not a condition on the result's columns", where=f"--where {where!r}")
    return statements[0]


def _missing_notes(session: Session, query: SavedQuery, needed: Sequence[str]) -> list[str]:
    """Notes on needed fields that part of the records lack. Raises QueryError if all lack one."""
    from flowsql.engines.trust import missing_fields
    from flowsql.logformat.fields import find

    missing = missing_fields(session.segments, session.options.window, needed)
    wholly = [field for column, share in missing.items() if share == 1.0 for field in find(column)[:1]]
    if wholly:
        from flowsql.logformat.format_string import to_format_string

        names = ", ".join(f"{field.name} (version {field.version})" for field in wholly)
        raise QueryError(
            f"no record of the window has {names}",
            where=query.name,
            remedy=f"a flow log with these fields in its format has it: {to_format_string(wholly)}",
        )
    return [f"{column} is missing in {_percent(share)} of the records" for column, share in missing.items()]


def _history_notes(session: Session, history_s: int) -> list[str]:
    """A note where the store does not have the past that a query compares the window with."""
    from flowsql.window import format_span, format_time

    since = session.options.window.since
    if since is None:
        return ["without --since there is no time before the window to compare with"]
    begins = [s.min_start for s in session.segments if s.min_start is not None]
    first = min(begins, default=since)
    if first <= since - history_s:
        return []
    if first >= since:
        return ["the store has nothing before the window to compare with"]
    begins_at = format_time(first, session.options.tz)
    return [
        f"compared with what the store has since {begins_at}, not {format_span(history_s)} before the window"
    ]


def _percent(share: float) -> str:
    return "under 1 %" if share < 0.01 else f"{share:.0%}".replace("%", " %")


def _register_files(session: Session, query: SavedQuery, values: Mapping[str, object]) -> None:
    """Gives each file parameter to SQL as a table of its name: a CSV file with a header line."""
    from flowsql.library.saved_query import FILE

    for parameter in query.parameters:
        path = values.get(parameter.name)
        if parameter.type == FILE and path is not None:
            import pyarrow as pa
            from pyarrow import csv

            try:
                session.register(parameter.name, csv.read_csv(path))
            except (pa.ArrowInvalid, OSError) as error:
                raise UsageError(
                    f"cannot be read as CSV: {error}",
                    where=f"{parameter.name}={path}",
                    remedy="a file parameter is a CSV file whose first line names the columns",
                ) from error


def limited(result: Result, max_rows: int | None) -> Result:
    """The result cut after `max_rows` rows, which `truncated` then tells once they are read."""
    if max_rows is not None:
        result.batches = _first_rows(result, iter(result.batches), max_rows)
    return result


def _first_rows(result: Result, batches: Iterator[Any], max_rows: int) -> Iterator[Any]:
    left = max_rows
    for batch in batches:
        if batch.num_rows > left:
            result.truncated = True
            if left:
                yield batch.slice(0, left)
            return
        left -= batch.num_rows
        yield batch


def _as_typed(value: object) -> str:
    """A Python value as a user would type it."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(result: Result) -> Result:
    """The same result with its rows and its trust in memory, so that the session may end."""
    result.batches = result.read_all().to_batches()
    result._iterator = None
    if result.trust:
        result.judge = None
    return result


def _no_schema() -> Any:
    import pyarrow as pa

    return pa.schema([])
