"""The trust line: what an answer counted, and what it could not know."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from flowsql.query_options import QueryOptions
from flowsql.result import Trust
from flowsql.store.catalog import INCOMPLETE, LIVE
from flowsql.store.records import LiveSegment, touching
from flowsql.window import Scope, Window


def trust_of(
    con: duckdb.DuckDBPyConnection,
    segments: Sequence[LiveSegment],
    options: QueryOptions,
    notes: Sequence[str],
) -> Trust:
    """The figures of the session's `records`; from the catalogue alone when nothing narrows them."""
    window, scope = options.window, options.scope
    narrowed = Scope(**{n: getattr(scope, n) for n in Scope.__slots__ if n != "where"})
    if window.is_bounded or not narrowed.is_empty:
        (counted,) = con.execute(
            "select count(*), count(*) filter (log_status = 'NODATA'),"
            " count(*) filter (log_status = 'SKIPDATA') from records"
        ).fetchall()
    else:
        (counted,) = con.execute(
            "select coalesce(sum(records), 0), coalesce(sum(nodata), 0), coalesce(sum(skipdata), 0)"
            " from catalog.segment_loads anti join catalog.dead_loads using (segment_id, load_id)"
        ).fetchall()
    (loads,) = con.execute(
        "select coalesce(sum(rejects), 0), count(*) filter (state = $incomplete) from catalog.loads"
        " where state in ($live, $incomplete)",
        {"live": LIVE, "incomplete": INCOMPLETE},
    ).fetchall()
    where, window_text = scope.describe(), window.describe(options.tz)
    return Trust(
        window=f"{window_text}, {where}" if where else window_text,
        records=int(counted[0]),
        nodata=int(counted[1]),
        skipdata=int(counted[2]),
        rejects=int(loads[0]),
        incomplete_objects=int(loads[1]),
        notes=(*_timeless(segments, window), *notes),
    )


def _timeless(segments: Sequence[LiveSegment], window: Window) -> list[str]:
    """A note on records that no bounded window can hold, since they have neither start nor end."""
    left_out = sum(segment.without_time for segment in segments) if window.is_bounded else 0
    return [f"{left_out:,} records without start and end are in no window"] if left_out else []


def missing_fields(
    segments: Sequence[LiveSegment], window: Window, columns: Sequence[str]
) -> dict[str, float]:
    """The share of the window's records (by whole segments) whose log format lacks each column; 0 to 1."""
    inside = touching(segments, window.since, window.until)
    total = sum(segment.records for segment in inside)
    if not total:
        return {}
    shares = {column: sum(s.records for s in inside if column not in s.columns) / total for column in columns}
    return {column: share for column, share in shares.items() if share}
