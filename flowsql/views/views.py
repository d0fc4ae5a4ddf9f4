"""The views over `records` and the scalar functions they use, as SQL statements in DuckDB's dialect."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import duckdb

from flowsql.store.records import RECORD_COLUMNS
from flowsql.views.reading import Reading, words_of

_COMMENT_LINES = re.compile(r"^\s*--.*$", re.MULTILINE)
_COMMENT_LINE = re.compile(r"--[ ]?(.*)\n?")
_WORD = re.compile(r"[a-z_][a-z0-9_]*")
# What a view reads.
_SOURCE = re.compile(r"\b(?:from|join) ([a-z_]+)")
# The macro that tells which edition() a catalogue has.
_EDITION = "flowsql_edition"
# The columns of `flows` for which other records have to be looked at.
COUNTED_COLUMNS = frozenset({"counted", "second_view_of", "may_be_twice"})
_SIDES = frozenset(
    {
        *("direction", "local_addr", "local_port", "remote_addr", "remote_port", "local_evidence"),
        *("src_scope", "dst_scope"),
    }
)
_CHECKED = frozenset({"is_health_check"})
TRACED_COLUMNS = COUNTED_COLUMNS | _SIDES | _CHECKED
# The column of `conversations` for which they have to be compared with each other.
_MIRRORED = frozenset({"other_interface"})
# Those of `tcp_directions` beside the columns of `flows`.
ROLE_COLUMNS = frozenset({"sender_role", "evidence"})
_TRACED = {
    "flows": TRACED_COLUMNS,
    "flow_sides": _CHECKED,
    "conversations": _MIRRORED,
    "tcp_directions": ROLE_COLUMNS,
}


class View(NamedTuple):
    """A view: `about` begins with what one row is; `sql` is its SELECT, without a closing semicolon.

    `traced` are the columns that took looking at other records; a lean view lacks some.
    """

    name: str
    about: str
    sql: str
    traced: frozenset[str] = frozenset()


def _read_view(name: str) -> View:
    about, sql = _split_comment(_read(f"{name}.sql"))
    sql = sql.rstrip("; \n")
    return View(
        name, about, _stitched_sql(sql) if name == "stitched" else sql, _TRACED.get(name, frozenset())
    )


def _stitched_sql(sql: str) -> str:
    """With the sums that it reads as subqueries of its own: those over pairs are made once and read twice."""
    sums = _without_comment("pair_sums.sql")
    whole_pairs = "from (select *, 0 as part from flow_ends) as whole_pairs"
    parts = {
        "pair_sums": sums.replace("from numbered_flows", whole_pairs),
        "numbered_flows": _without_comment("numbered_flows.sql"),
        "part_sums": sums,
    }
    tables = ",\n".join(f"{name} as (\n{text}\n)" for name, text in parts.items())
    return f"with {tables},\n{sql.removeprefix('with ')}"


def _read(file_name: str) -> str:
    return Path(__file__).with_name(file_name).read_text(encoding="utf-8")


def _without_comment(file_name: str) -> str:
    return _split_comment(_read(file_name))[1].rstrip("; \n")


def _split_comment(text: str) -> tuple[str, str]:
    """The comment that `text` begins with, as one line, and what follows it."""
    lines = []
    while match := _COMMENT_LINE.match(text):
        lines.append(match[1])
        text = text[match.end() :]
    return " ".join(lines), text


# In the order of creation: a view reads `records` and the views above it. The first ten are an
# engine's to know better: see known.py.
VIEWS: tuple[View, ...] = tuple(
    map(
        _read_view,
        (
            *("logged_records", "records_in_context", "records_with_history", "query_window"),
            *(
                "interface_times",
                "interface_addresses",
                "load_logs",
                "endpoints",
                "deliveries",
                "event_arrivals",
            ),
            *("matched_addresses", "flow_records", "interface_ends", "own_networks", "translating"),
            *("health_checks", "checked_records", "flow_sides"),
            *("log_hours", "second_logs", "told_addresses"),
            *("known_addresses", "own_addresses", "interface_roles"),
            *("told_legs", "legs", "crossings", "passed_pairs", "entrances"),
            *("flows", "tagged_flows"),
            *("openings", "openings_elsewhere", "tcp_directions"),
            *("capture_points", "nat_points", "relay_addresses", "skipped_minutes"),
            *("records_once", "flow_ends", "stitched", "conversations"),
            *("address_subnets", "let_out", "rejections"),
            *("coverage", "coverage_by_hour"),
        ),
    )
)
RELATIONS = frozenset({"records", *(view.name for view in VIEWS)})
# Those that are short however many the records, and looked up for each of them.
LOOKED_UP = frozenset(
    {
        *("health_checks", "interface_addresses", "interface_ends", "own_networks", "endpoints"),
        *("log_hours", "second_logs", "told_addresses", "matched_addresses"),
        *("known_addresses", "own_addresses", "translating", "interface_roles"),
        *("told_legs", "legs", "crossings", "passed_pairs", "entrances"),
        *("capture_points", "nat_points", "relay_addresses", "skipped_minutes"),
        "address_subnets",
    }
)


def macro_statements() -> list[str]:
    """A `create or replace macro` for each function of functions.sql, in an order that can be run."""
    # No function's text has a semicolon at the end of a line.
    texts = re.split(r";\n\s*", _read("functions.sql"))
    return [_split_comment(text)[1] for text in texts if text]


def view_statement(view: View) -> str:
    """The `create or replace view` for it; the macros, `records` and the views it reads must be there."""
    return f"create or replace view {view.name} as\n{view.sql}"


def views_read(reading: Reading, known: Mapping[str, str] | None = None) -> list[View]:
    """The views of such a reading, those that they read themselves included, in order of creation.

    `known` is name -> SELECT of those that are made otherwise, and then read other views or none. Making all
    views would take longer than most queries. `flows` is without what nobody asks for, as DuckDB would do
    the work of finding it out all the same.
    """
    known = known or {}
    read = {view.name for view in VIEWS if reading.reads(view.name)}
    columns = set(reading.shown(TRACED_COLUMNS | _MIRRORED | ROLE_COLUMNS))
    chosen: list[View] = []
    for view in reversed(VIEWS):
        if view.name in read:
            chosen.insert(0, _made_by(_showing(view, view.traced & columns), known))
            sql = chosen[0].sql
            read |= sources_of(sql)
            columns |= TRACED_COLUMNS & set(_WORD.findall(_COMMENT_LINES.sub("", sql)))
    return chosen


def sources_of(sql: str) -> set[str]:
    """The names that a view's SELECT reads from, relations and subqueries."""
    return set(_SOURCE.findall(_COMMENT_LINES.sub("", sql)))


def times_read(reading: Reading, views: Iterable[View]) -> int:
    """How often such a reading goes through all of `records`, at least; `views` are those it reads."""
    times = {"records": 1}
    total = int(reading.reads("records"))
    for view in views:
        read = sum(times.get(source, 0) for source in _SOURCE.findall(_COMMENT_LINES.sub("", view.sql)))
        is_table = view.name in LOOKED_UP
        times[view.name] = 0 if is_table else read
        total += read if is_table or reading.reads(view.name) else 0
    return total


def record_columns(reading: Reading, views: Iterable[View]) -> frozenset[str]:
    """The columns of `records` that such a reading or the views may read."""
    words = (words_of(_COMMENT_LINES.sub("", view.sql)) for view in views)
    return reading.shown(name for name, _ in RECORD_COLUMNS).union(*words)


def _made_by(view: View, known: Mapping[str, str]) -> View:
    """The view by its SELECT in `known`, if it is there."""
    return view._replace(sql=known[view.name]) if view.name in known else view


def _showing(view: View, traced: frozenset[str]) -> View:
    """The view with these of its traced columns at least."""
    if view.name == "flows":
        return flows_with(traced)
    if view.name == "flow_sides" and not traced:
        return View(view.name, view.about, view.sql.replace("from checked_records", "from flow_records"))
    if view.name == "conversations" and not traced:
        return _unmirrored(view)
    if view.name == "tcp_directions" and not traced:
        return View(view.name, view.about, "select * from flows where protocol = 6")
    return view


def _unmirrored(conversations: View) -> View:
    """The view `conversations` without the column for which all of them are compared with each other."""
    _, _, shown = conversations.sql.partition("\nselect\n    interface_id")
    columns, _, _ = shown.partition(",\n    mirrors.other_interface")
    _, _, condition = conversations.sql.rpartition("\nwhere ")
    sql = f"select\n    interface_id{columns}\nfrom stitched\ncross join query_window\nwhere {condition}"
    return View(conversations.name, conversations.about, sql)


def flows_with(traced: frozenset[str]) -> View:
    """The view `flows` with these traced columns at least; without any it costs what `flow_records` does."""
    (flows,) = (view for view in VIEWS if view.name == "flows")
    plain = "checked_records" if traced & _CHECKED else "flow_records"
    sides = "flow_sides" if traced & _SIDES else plain
    sql = (
        flows.sql.replace("from flow_sides", f"from {sides}")
        if traced & COUNTED_COLUMNS
        else f"select * from {sides}"
    )
    groups = (group for group in (COUNTED_COLUMNS, _SIDES, _CHECKED) if traced & group)
    return View("flows", flows.about, sql, frozenset().union(*groups))


def edition() -> str:
    """What tells these macros and views from those of another version of flowsql."""
    from flowsql.views.known import known_relations

    texts = [_read("functions.sql"), *(view.name + view.sql for view in VIEWS), repr(known_relations())]
    return f"edition {zlib.crc32(repr(texts).encode()):08x}"


def has_edition(con: duckdb.DuckDBPyConnection, database: str) -> bool:
    """Whether the macros and views in that attached catalogue are just these."""
    try:
        # A macro, as it is found by its name: `duckdb_views()` looks at every view.
        found = con.execute(f"select {database}.main.{_EDITION}()").fetchall()
    except duckdb.CatalogException:
        return False
    return found == [(edition(),)]


def published_statements(con: duckdb.DuckDBPyConnection) -> list[str]:
    """What makes a catalogue under construction readable by any DuckDB: macros, `records`, the views.

    `con` has the draft of the catalogue as its current database, in its writer's folder below the
    store's staging/. `records` is all live segments, by absolute paths. Macros and views that the draft has
    already are left alone.
    """
    from flowsql.store.records import live_segments, records_sql
    from flowsql.views.known import known_relations

    name, path = con.execute(
        "select database_name, path from duckdb_databases() where database_name = current_database()"
    ).fetchall()[0]
    store = Path(path).absolute().parents[2]
    records = f"create or replace view records as\n{records_sql(live_segments(con, name), store)}"
    if has_edition(con, name):
        return [records]
    known = known_relations()
    mark = f"create or replace macro {_EDITION}() as '{edition()}'"
    views = [_made_by(view, known) for view in VIEWS]
    return [*macro_statements(), records, *map(view_statement, views), mark]
