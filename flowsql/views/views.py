"""The views over `records` and the scalar functions they use, as SQL statements in DuckDB's dialect."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_COMMENT_LINE = re.compile(r"--[ ]?(.*)\n?")


@dataclass(frozen=True, slots=True)
class View:
    """A view: `about` begins with what one row is; `sql` is its SELECT, without a closing semicolon."""

    name: str
    about: str
    sql: str


def _read_view(name: str) -> View:
    about, sql = _split_comment(_read(f"{name}.sql"))
    return View(name, about, sql.rstrip("; \n"))


def _read(file_name: str) -> str:
    return resources.files(__package__).joinpath(file_name).read_text(encoding="utf-8")


def _split_comment(text: str) -> tuple[str, str]:
    """The comment that `text` begins with, as one line, and what follows it."""
    lines = []
    while match := _COMMENT_LINE.match(text):
        lines.append(match[1])
        text = text[match.end() :]
    return " ".join(lines), text


# In the order of creation: a view reads `records` and the views above it.
VIEWS: tuple[View, ...] = (_read_view("flows"),)


def macro_statements() -> list[str]:
    """A `create or replace macro` for each function of functions.sql, in an order that can be run."""
    # No function's text has a semicolon at the end of a line.
    texts = re.split(r";\n\s*", _read("functions.sql"))
    return [_split_comment(text)[1] for text in texts if text]


def view_statements() -> list[str]:
    """A `create or replace view` for each view, in order; the macros and `records` must be there."""
    return [f"create or replace view {view.name} as\n{view.sql}" for view in VIEWS]


def create_statements() -> list[str]:
    """The macros, then the views; none names a schema, so they fit a session and a catalogue alike."""
    return [*macro_statements(), *view_statements()]


def edition() -> str:
    """What tells these macros and views from those of another version of flowsql."""
    return f"edition {zlib.crc32(repr(create_statements()).encode()):08x}"


def has_edition(con: duckdb.DuckDBPyConnection, database: str) -> bool:
    """Whether the macros and views in that attached catalogue are just these."""
    found = con.execute(
        "select comment from duckdb_views() where database_name = ? and view_name = ?",
        [database, VIEWS[-1].name],
    ).fetchall()
    return found == [(edition(),)]


def published_statements(con: duckdb.DuckDBPyConnection) -> list[str]:
    """What makes a catalogue under construction readable by any DuckDB: macros, `records`, the views.

    `con` has the draft of the catalogue as its current database, in its writer's folder below the
    store's staging/. `records` is all live segments, by absolute paths. Macros and views that the draft has
    already are left alone.
    """
    from flowsql.store.records import live_segments, records_sql

    name, path = con.execute(
        "select database_name, path from duckdb_databases() where database_name = current_database()"
    ).fetchall()[0]
    store = Path(path).absolute().parents[2]
    records = f"create or replace view records as\n{records_sql(live_segments(con, name), store)}"
    if has_edition(con, name):
        return [records]
    mark = f"comment on view {VIEWS[-1].name} is '{edition()}'"
    return [*macro_statements(), records, *view_statements(), mark]
