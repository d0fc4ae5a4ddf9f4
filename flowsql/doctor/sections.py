"""The sections of a diagnosis: .sql files, each with its title as comment, and what saved queries lack."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from flowsql.engines.duckdb_engine import Session
from flowsql.engines.trust import missing_fields
from flowsql.library.parameters import bind
from flowsql.library.saved_query import SavedQuery
from flowsql.library.search_path import Library
from flowsql.result import Result

_FILES = ("layout", "formats", "registered", "rejects", "slots", "intervals", "overlaps", "late")
_SAVED = ("missing-files", "ingest-lag")
# The title of the last section.
SAVED_QUERIES = "Which saved queries work"


def diagnose(session: Session, library: Library) -> Iterator[Result]:
    """The sections, each as a Result with a title, in their order; read one before the next.

    Raises QueryError.
    """
    for name in _FILES:
        title, _, sql = _read(name).partition("\n")
        yield _titled(session, title.removeprefix("-- "), sql, {})
    for name in _SAVED:
        query, preset = library.get(name)
        values = bind(query, preset, now=session.options.now, tz=session.options.tz)
        yield _titled(session, query.question, query.sql, values)
    yield _queries(session, library.all())


def _read(name: str) -> str:
    return Path(__file__).with_name(f"{name}.sql").read_text(encoding="utf-8")


def _titled(session: Session, title: str, sql: str, values: dict[str, object]) -> Result:
    (statement,) = session.statements(sql)
    result = session.execute(statement, values)
    result.title = title
    return result


def _queries(session: Session, queries: list[SavedQuery]) -> Result:
    """Which saved queries have an answer in the window, and which fields would make it one, or better."""
    rows = []
    is_empty = not session.segments_in_window
    for query in queries:
        lacking = missing_fields(session.segments, session.options.window, sorted(query.needs))
        wished = missing_fields(session.segments, session.options.window, sorted(query.uses - query.needs))
        wholly = 1.0 in lacking.values()
        rows.append(
            {
                "query": query.name,
                "works": "no" if wholly or is_empty else "in part" if lacking else "yes",
                "lacks": "records" if is_empty else ", ".join(lacking),
                "better_with": ", ".join(wished),
            }
        )
    schema = pa.schema([(name, pa.string()) for name in ("query", "works", "lacks", "better_with")])
    table = pa.Table.from_pylist(rows, schema)
    return Result(table.schema, table.to_batches(), title=SAVED_QUERIES)
