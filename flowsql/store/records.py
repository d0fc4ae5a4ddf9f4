"""The `records` relation: SQL over the live segments of a catalogue."""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set
from pathlib import Path
from typing import NamedTuple

import duckdb

from flowsql.logformat.fields import DISTINCT_FIELDS
from flowsql.store.catalog import quoted

_SQL_TYPES = {"int32": "integer", "int64": "bigint", "string": "varchar"}
# (column, SQL type) of `records`, in order.
RECORD_COLUMNS: tuple[tuple[str, str], ...] = (
    *((f.column, _SQL_TYPES[f.type]) for f in DISTINCT_FIELDS),
    ("extra", "varchar"),
    ("load_id", "bigint"),
    ("flow_log_id", "varchar"),
)


class LiveSegment(NamedTuple):
    """A segment as a query needs to know it. Times are Unix seconds, None where no record has one."""

    path: str
    columns: tuple[str, ...]
    records: int
    without_start: int
    without_time: int
    min_start: int | None
    max_start: int | None
    min_end: int | None
    max_end: int | None
    has_dead: bool


def live_segments(con: duckdb.DuckDBPyConnection, alias: str = "catalog") -> list[LiveSegment]:
    """The segments of an attached catalogue, oldest records first."""
    rows = con.execute(
        f"""
        select path, columns, records, without_start, without_time, min_start, max_start, min_end, max_end,
            segment_id in (select segment_id from {alias}.dead_loads) as has_dead
        from {alias}.segments
        order by min_start, created_at, segment_id
        """
    ).fetchall()
    return [LiveSegment(row[0], tuple(row[1]), *row[2:]) for row in rows]


def touching(segments: Sequence[LiveSegment], since: int | None, until: int | None) -> list[LiveSegment]:
    """The segments that may hold a record with since <= time < until (time: `start`, else `end`)."""
    if since is None and until is None:
        return list(segments)
    return [s for s in segments if _overlaps(s, since, until)]


def _overlaps(segment: LiveSegment, since: int | None, until: int | None) -> bool:
    spans = [(segment.min_start, segment.max_start)]
    if segment.without_start > segment.without_time:
        spans.append((segment.min_end, segment.max_end))
    return any(
        low is not None
        and high is not None
        and (until is None or low < until)
        and (since is None or high >= since)
        for low, high in spans
    )


def records_sql(
    segments: Sequence[LiveSegment],
    folder: Path,
    *,
    since: int | None = None,
    until: int | None = None,
    dead_loads: str = "dead_loads",
    columns: Collection[str] | None = None,
) -> str:
    """A select of these columns of `records`, all if none are given, from the files of these segments.

    One branch per column set, with typed nulls for the columns it lacks. `dead_loads` names the
    table of loads that no longer count. A record is taken when since <= start < until; without `start`,
    `end` decides; one with neither is taken only without bounds.
    """
    groups: dict[tuple[tuple[str, ...], bool, bool], list[LiveSegment]] = {}
    for segment in touching(segments, since, until):
        key = (segment.columns, segment.without_start > 0, segment.has_dead)
        groups.setdefault(key, []).append(segment)
    shown = [(name, kind) for name, kind in RECORD_COLUMNS if columns is None or name in columns]
    if not groups:
        return f"select {_selected(shown, frozenset())} where false"
    branches = [
        f"select {_selected(shown, frozenset(present))}"
        f" {_source(present, lacks_start, has_dead, members, folder, since, until, dead_loads)}"
        for (present, lacks_start, has_dead), members in groups.items()
    ]
    return "\nunion all\n".join(branches)


def _selected(shown: Sequence[tuple[str, str]], present: Set[str]) -> str:
    return ", ".join(
        f'"{name}"' if name in present else f'cast(null as {kind}) as "{name}"' for name, kind in shown
    )


def _source(
    columns: tuple[str, ...],
    lacks_start: bool,
    has_dead: bool,
    members: Sequence[LiveSegment],
    folder: Path,
    since: int | None,
    until: int | None,
    dead_loads: str,
) -> str:
    present = set(columns)
    files = ", ".join(quoted(str(folder / segment.path)) for segment in members)
    conditions = _in_window(present, lacks_start, since, until)
    if has_dead:
        conditions.append(f"load_id not in (select load_id from {dead_loads})")
    where = f" where {' and '.join(conditions)}" if conditions else ""
    return f"from read_parquet([{files}], hive_partitioning=false){where}"


def _in_window(present: set[str], lacks_start: bool, since: int | None, until: int | None) -> list[str]:
    """Conditions on the bare column where possible: only those let a scan skip row groups."""
    if since is None and until is None:
        return []
    if "start" in present and not lacks_start:
        time = '"start"'
    elif "start" in present and "end" in present:
        time = 'coalesce("start", "end")'
    else:
        time = next((f'"{name}"' for name in ("start", "end") if name in present), "cast(null as bigint)")
    bounds = [f"{time} >= {since}"] if since is not None else []
    return bounds + ([f"{time} < {until}"] if until is not None else [])
