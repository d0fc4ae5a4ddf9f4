"""The answers of saved queries by plain Python: what their cases, and answers on generated logs, are held against.

An oracle is a function from what is asked to the rows, as dicts of the columns it tells, all rows in order. Times in
them are `Time`s. It knows the records as they stand in the logs and nothing of SQL.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq

from flowsql.engines.duckdb_engine import Session
from flowsql.generate.logs import generate
from flowsql.library.cases import Case, parse_csv, read_cases
from flowsql.library.parameters import bind
from flowsql.library.saved_query import FILE, SavedQuery
from flowsql.library.search_path import find_library
from flowsql.logformat.fields import DISTINCT_FIELDS
from flowsql.logformat.format_string import parse_format_string
from flowsql.output.formats import format_named
from flowsql.output.options import Options
from flowsql.query_options import QueryOptions
from flowsql.result import Result
from flowsql.store.records import RECORD_COLUMNS
from flowsql.workspace import Workspace, ask

Record = dict[str, Any]
LIBRARY = find_library(None, None)
_NUMBERS = {field.column for field in DISTINCT_FIELDS if field.type != "string"}
_NAMES = {field.name for field in DISTINCT_FIELDS}
_ABSENT: Record = dict.fromkeys(column for column, _ in RECORD_COLUMNS)
_ANY_MOMENT, _UTC = 1_800_000_000, ZoneInfo("UTC")


class Time(int):
    """Unix seconds that the answer shows as a time."""


@dataclass(frozen=True)
class Asked:
    """What a query is asked: `records` are all of the store, in the order of its logs.

    `parameters` are bound, spans and times in seconds; `truth` is empty but for generated logs.
    """

    records: Sequence[Record]
    parameters: Mapping[str, Any]
    since: int | None = None
    until: int | None = None
    now: int = _ANY_MOMENT
    truth: Sequence[Record] = field(default=())

    @property
    def in_window(self) -> list[Record]:
        """The records of the window."""
        return [record for record in self.records if self.is_in_window(record)]

    @property
    def flows(self) -> list[Record]:
        """Those of them that describe a flow."""
        return [r for r in self.in_window if r["log_status"] not in ("NODATA", "SKIPDATA")]

    def is_in_window(self, record: Record) -> bool:
        """Whether it is, by its start, else its end."""
        at = record["end"] if record["start"] is None else record["start"]
        if at is None:
            return self.since is None and self.until is None
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


Oracle = Callable[[Asked], list[Record]]


class Sessions:
    """A store that queries are asked of in one session a window and scope: views are made once for all."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._sessions: dict[str, Session] = {}

    def ask(self, query: SavedQuery, texts: Mapping[str, str], **options: Any) -> Result:
        """The Result, to be read before the next."""
        key = repr(sorted(options.items()))
        if key not in self._sessions:
            self._sessions[key] = self._workspace.session(QueryOptions.parse(**options))
        return ask(self._sessions[key], query, texts)


@dataclass(frozen=True)
class Logs:
    """A store and what is in it: `records` by plain Python, `truth` of generated logs."""

    workspace: Workspace
    records: list[Record]
    truth: list[Record]

    @cached_property
    def sessions(self) -> Sessions:
        """Where queries are asked."""
        return Sessions(self.workspace)

    @cached_property
    def busiest(self) -> str:
        """The interface with most records that is no gateway: its packets have its address on one side."""
        flows = [r for r in self.records if r["srcaddr"] and r["pkt_srcaddr"] in (None, r["srcaddr"])]
        return Counter(r["interface_id"] for r in flows).most_common(1)[0][0]

    def agree(
        self, name: str, oracle: Oracle, parameters: Mapping[str, Any] | None = None, **options: Any
    ) -> None:
        """Asserts that the query says of these logs what the oracle says, and says something.

        The only scope is `interface`: of one interface, the oracle gets the records.
        """
        query, preset = LIBRARY.get(name)
        texts = {**preset, **{key: str(value) for key, value in (parameters or {}).items()}}
        chosen = QueryOptions.parse(**options)
        values = bind(query, texts, now=chosen.now, tz=chosen.tz)
        scope = chosen.scope.interface
        records = [r for r in self.records if not scope or r["interface_id"] in scope]
        asked = Asked(records, values, chosen.window.since, chosen.window.until, chosen.now, self.truth)
        output = io.BytesIO()
        format_named("csv").render(self.sessions.ask(query, texts, **options), output, Options())
        names, *rows = parse_csv(output.getvalue().decode())
        expected = oracle(asked)
        assert expected, "the oracle has nothing to say of these logs"
        columns = list(expected[0])
        places = [names.index(column) for column in columns]
        got = [tuple(row[p] for p in places) for row in rows]
        wanted = texts_of(expected, columns)
        # Not the lists whole: to tell thousands of rows apart takes minutes.
        differing = [(n, pair) for n, pair in enumerate(zip(got, wanted, strict=False)) if pair[0] != pair[1]]
        assert differing[:5] == [], f"of the columns {columns}"
        assert len(got) == len(wanted)


def check_cases(name: str, oracle: Oracle) -> None:
    """Asserts that the rows of all cases of a query are what the oracle says of their records."""
    query, _ = LIBRARY.get(name)
    for case in read_cases(query):
        told = oracle(_asked_in(case, query))
        columns = [column for column in case.columns if not told or column in told[0]]
        places = [case.columns.index(column) for column in columns]
        assert [tuple(row[p] for p in places) for row in case.rows] == texts_of(told, columns), case.where
        assert columns, f"{case.where}: the oracle tells none of the columns"


def texts_of(rows: Sequence[Record], columns: Sequence[str]) -> list[tuple[str, ...]]:
    """The cells of these columns, as the csv output has them."""
    return [tuple(_cell(row[column]) for column in columns) for row in rows]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Time):
        return datetime.fromtimestamp(value, UTC).isoformat().replace("+00:00", "Z")
    return str(value)


def _asked_in(case: Case, query: SavedQuery) -> Asked:
    records = [r for text in case.records.values() for r in parse_records(text, case.log_format)]
    files = {p.name for p in query.parameters if p.type == FILE}
    options = QueryOptions.parse(**case.options)
    values = bind(
        query,
        # A file parameter is its rows here; any file that exists serves to bind it.
        {name: __file__ if name in files else text for name, text in case.parameters.items()},
        now=options.now,
        tz=options.tz,
    )
    for name in files & case.parameters.keys():
        values[name] = list(csv.DictReader(case.files[case.parameters[name]].strip().splitlines()))
    scope = options.scope
    assert scope.is_empty, f"{case.where}: oracles know no scope"
    return Asked(records, values, options.window.since, options.window.until, options.now)


def parse_records(text: str, log_format: str) -> list[Record]:
    """The records in the text of a log object; those of a header line's format if it has one."""
    names = [field.name for field in parse_format_string(log_format)]
    records = []
    for line in text.splitlines():
        words = line.split()
        if words and set(words) <= _NAMES:
            names = words
        elif words and len(words) == len(names):
            columns = (name.replace("-", "_") for name in names)
            values = {c: _value(c, word) for c, word in zip(columns, words, strict=True)}
            records.append(_ABSENT | values)
    return records


def _value(column: str, word: str) -> object:
    if word == "-":
        return None
    return int(word) if column in _NUMBERS else word


def generated_logs(folder: Path, log_format: str, **settings: Any) -> Logs:
    """Generated logs in a store below the folder."""
    fields = parse_format_string(log_format)
    generated = generate(folder / "logs", fields=fields, **settings)
    workspace = Workspace(folder / "store")
    workspace.load([folder / "logs"])
    records = [
        record
        for path in generated.files
        for record in parse_records(gzip.decompress(path.read_bytes()).decode(), log_format)
    ]
    truth = pq.read_table(generated.truth / "truth.parquet").to_pylist() if generated.truth else []
    return Logs(workspace, records, truth)
