"""What the records show of two ends: their attempts to reach each other, by service and over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from flowsql.between.ends import End, find_end, side_of
from flowsql.engines.duckdb_engine import Session
from flowsql.errors import UsageError
from flowsql.query_options import QueryOptions
from flowsql.result import Result

Row = dict[str, Any]
# Lengths of bins, and about how many of them fit on a screen.
_BINS_S = (60, 300, 600, 1800, 3600, 10_800, 21_600, 86_400, 604_800)
_MOST_BINS = 15
_NO_SLOTS = pa.schema(
    [
        ("capture_point", pa.string()),
        ("slot_start", pa.int64()),
        ("slot_s", pa.int64()),
        ("state", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen. `services` are the rows of services.sql, `filters` those of filters.sql.

    `coverage` counts the capture slots of the ends' interfaces by state; it is looked at only where
    nothing was seen, or an answer was missed. `has_flags` tells whether TCP flags are logged.
    """

    a: End
    b: End
    port: int | None
    options: QueryOptions
    services: list[Row]
    filters: list[Row]
    bins: Result
    seen_at: frozenset[str]
    has_flags: bool
    coverage: Mapping[str, Mapping[str, int]]


def find_ends(session: Session, a: str, b: str) -> tuple[End, End]:
    """Both ends. Raises UsageError when they are the same, and what `find_end` raises."""
    ends = find_end(a, session), find_end(b, session)
    if set(ends[0].networks) == set(ends[1].networks):
        raise UsageError("both ends are the same", where=f"{a} {b}")
    return ends


def narrowed(options: QueryOptions, a: End, b: End, port: int | None) -> QueryOptions:
    """The same options, of what the ends exchange only."""
    ports = options.scope.port if port is None else (port,)
    return replace(options, scope=replace(options.scope, between=(a.networks, b.networks), port=ports))


def gather(session: Session, a: End, b: End, port: int | None, bin_s: int | None) -> Evidence:
    """What the session's records, narrowed to the two ends, show of them."""
    values: dict[str, object] = {"port": port, "a": a.name, "b": b.name}
    session.register("sides", _sides(session, a, b))
    session.register("talks", _table(session, _text("talks"), values))
    session.register("slots", _slots(session, a, b))
    for name in ("attempts", "packets", "blocks"):
        session.register(name, _table(session, _text(name), values))
    services = _rows(session, _text("services"), values)
    filters = _rows(session, _text("filters"), values)
    seen = _rows(session, "select distinct point from packets where point is not null", {})
    values["bin"] = bin_s or _bin_s(session.options, services)
    bins = _run(session, _text("bins"), values)
    table = bins.read_all()
    return Evidence(
        a=a,
        b=b,
        port=port,
        options=session.options,
        services=services,
        filters=filters,
        bins=Result(table.schema, table.to_batches(), elapsed_s=bins.elapsed_s),
        seen_at=frozenset(row["point"] for row in seen),
        has_flags=any("tcp_flags" in segment.columns for segment in session.segments_in_window),
        coverage=_coverage(session),
    )


def _sides(session: Session, a: End, b: End) -> pa.Table:
    """The addresses that were seen, and which end each belongs to."""
    addresses = " union ".join(
        f"select {column} as address from records_in_context where {column} is not null"
        for column in ("srcaddr", "dstaddr", "pkt_srcaddr", "pkt_dstaddr")
    )
    side = side_of("address", (("a", a), ("b", b)))
    return _table(session, f"select address, {side} as side from ({addresses}) where {side} is not null", {})


def _slots(session: Session, a: End, b: End) -> pa.Table:
    """Coverage takes a look at all records of the window, so slots are had only where some was missed."""
    missed = "select 1 from talks where outcome in ('silent', 'not decidable') limit 1"
    if _rows(session, missed, {}) or not _rows(session, "select 1 from talks limit 1", {}):
        return _table(session, _text("slots"), {"points": [*a.interfaces, *b.interfaces]})
    return _NO_SLOTS.empty_table()


def _coverage(session: Session) -> dict[str, dict[str, int]]:
    """Interface -> state of a slot -> how many."""
    states: dict[str, dict[str, int]] = {}
    for row in _rows(
        session, "select capture_point, state, count(*) as slots from slots group by capture_point, state", {}
    ):
        states.setdefault(row["capture_point"], {})[row["state"]] = row["slots"]
    return states


def _bin_s(options: QueryOptions, services: list[Row]) -> int:
    seen = [time for service in services for time in (service["first_s"], service["last_s"])]
    since, until = options.window.since, options.window.until
    first = max(min(seen, default=0), since or 0)
    last = min(max(seen, default=0), until or max(seen, default=0))
    return next((bin_s for bin_s in _BINS_S if (last - first) / bin_s <= _MOST_BINS), _BINS_S[-1])


def _text(name: str) -> str:
    return Path(__file__).with_name(f"{name}.sql").read_text(encoding="utf-8")


def _rows(session: Session, sql: str, values: Mapping[str, object]) -> list[Row]:
    rows: list[Row] = _table(session, sql, values).to_pylist()
    return rows


def _table(session: Session, sql: str, values: Mapping[str, object]) -> pa.Table:
    return _run(session, sql, values).read_all()


def _run(session: Session, sql: str, values: Mapping[str, object]) -> Result:
    (statement,) = session.statements(sql)
    return session.execute(statement, values)
