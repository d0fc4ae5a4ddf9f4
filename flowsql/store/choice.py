"""Which loads a user means: by id or name, by where they were read from, by time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from flowsql.errors import UsageError, did_you_mean
from flowsql.store.catalog import EXPIRED, FORGOTTEN, INCOMPLETE, LIVE

_COUNTS = f"loads.state in ('{LIVE}', '{INCOMPLETE}')"
_LISTED = '`flowsql sql "select load_id, name, state from loads"` lists them'
# The times of a load's first and last record; the last is null if any record has none.
_TIMES = f"""
    select load_id, records, coalesce(min_start, min_end) as first_time,
        case when lacks_time then null when lacks_start then greatest(max_start, max_end)
            else max_start end as last_time
    from loads join (
        select load_id, bool_or(without_start > 0) as lacks_start, bool_or(without_time > 0) as lacks_time
        from segment_loads join segments using (segment_id) group by load_id
    ) using (load_id)
    where {_COUNTS}
"""


@dataclass(frozen=True, slots=True)
class Choice:
    """Loads by id or object name, or by how the name begins they were read from, or by time: one of these.

    `before` is in Unix seconds; it means loads all of whose records (`start`, else `end`) lie before it.
    """

    loads: tuple[str, ...] = ()
    source: str | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Staying:
    """Loads that a time does not choose: some records are not before it, or have no time at all."""

    partly_objects: int = 0
    partly_records: int = 0
    timeless_objects: int = 0


def chosen(con: duckdb.DuckDBPyConnection, choice: Choice) -> list[int]:
    """The ids of the chosen loads among those that count; `con` uses the catalogue.

    Raises UsageError for a load that is not there.
    """
    if choice.before is not None:
        return _ids(con, f"select load_id from ({_TIMES}) where last_time < ?", choice.before)
    if choice.source is not None:
        return _of_source(con, choice.source)
    return sorted({load_id for text in choice.loads for load_id in _named(con, text)})


def staying(con: duckdb.DuckDBPyConnection, before: int) -> Staying:
    """What stays of the loads that count and may have records before that time."""
    (row,) = con.execute(
        f"""
        select count(*) filter (first_time < $before and last_time >= $before),
            cast(coalesce(sum(records) filter (first_time < $before and last_time >= $before), 0) as bigint),
            count(*) filter (last_time is null)
        from ({_TIMES})
        """,
        {"before": before},
    ).fetchall()
    return Staying(*row)


def _of_source(con: duckdb.DuckDBPyConnection, source: str) -> list[int]:
    for prefix in _spellings(source):
        if _ids(con, "select load_id from loads where starts_with(name, ?) limit 1", prefix):
            return _ids(con, f"select load_id from loads where starts_with(name, ?) and {_COUNTS}", prefix)
    raise UsageError("no object was loaded from there", where=f"--source {source}", remedy=_LISTED)


def _named(con: duckdb.DuckDBPyConnection, text: str) -> list[int]:
    """The loads that count under a load id or an object's name; none if they are forgotten already."""
    if text.isascii() and text.isdecimal() and len(text) < 19:
        ids = _ids(con, "select load_id from loads where load_id = ?", int(text))
    else:
        ids = []
    for name in _spellings(text):
        ids = ids or _ids(
            con,
            "select load_id from loads where name = ?1"
            " union select load_id from objects where name = ?1 order by load_id",
            name,
        )
    if not ids:
        names = [name for (name,) in con.execute("select distinct name from loads limit 10000").fetchall()]
        raise UsageError(
            "no load has this id, and no object this name",
            where=text,
            remedy=did_you_mean(text, names) or _LISTED,
        )
    return _still_counting(con, text, ids)


def _still_counting(con: duckdb.DuckDBPyConnection, text: str, ids: Sequence[int]) -> list[int]:
    """Those of the loads that count. Raises UsageError if others have taken their place."""
    rows = con.execute(
        "select load_id, state, replaced_by from loads where load_id in (select unnest(?)) order by load_id",
        [list(ids)],
    ).fetchall()
    counting = [load_id for load_id, state, _ in rows if state in (LIVE, INCOMPLETE)]
    if counting or any(state in (EXPIRED, FORGOTTEN) for _, state, _ in rows):
        return counting
    successor = rows[-1][2]
    raise UsageError(
        f"its records count no more: load {successor} has replaced it",
        where=text,
        remedy=f"flowsql store forget {successor}",
    )


def _spellings(text: str) -> list[str]:
    """The name as typed, and, as loads of local files are named, as a full path."""
    try:
        path = Path(text).expanduser()
        full = str(path.resolve())
    except (OSError, RuntimeError, ValueError):
        return [text]
    return [text, full + "/" if text.endswith("/") and full != "/" else full]


def _ids(con: duckdb.DuckDBPyConnection, sql: str, value: object) -> list[int]:
    return [load_id for (load_id,) in con.execute(sql, [value]).fetchall()]
