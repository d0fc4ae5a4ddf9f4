"""The figures of the trust line: what an answer counted, and what it could not know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import duckdb

from flowsql.query_options import QueryOptions
from flowsql.store.catalog import INCOMPLETE, LIVE, quoted
from flowsql.store.records import LiveSegment, touching
from flowsql.trust import STATES, Slots, Trust
from flowsql.window import Scope, Window

# Of so many records it takes no noticeable time to look at all, which an unbounded window otherwise does not.
FEW_RECORDS = 2_000_000
# An ALL flow log seldom has so many records without any reject, or a busy interface so many rejects only.
_ACCEPTED_AT_LEAST, _REJECTED_AT_LEAST = 20, 100
# Some seconds' work: interfaces a thousand, and a week. A single wrong time may span decades.
_MOST_MINUTES = 10_000_000
# The lag that AWS's words allow for, and how long after it an object is late: a load takes its time.
_LAG_S, _LATE_S = 1500, 3600


def trust_of(
    con: duckdb.DuckDBPyConnection,
    segments: Sequence[LiveSegment],
    options: QueryOptions,
    notes: Sequence[str],
) -> Trust:
    """What the catalogue tells of the session's `records`; they are counted only where a window or scope
    narrows them. Coverage and second views are not in it: see `with_coverage` and `with_second_views`.
    """
    window, scope = options.window, options.scope
    where, window_text = scope.describe(), window.describe(options.tz)
    if is_narrowed(options):
        counts = _one(
            con,
            "select count(*), count(*) filter (log_status = 'NODATA'),"
            " count(*) filter (log_status = 'SKIPDATA'),"
            " count(*) filter (bytes is null and packets is not null) from records",
        )
    else:
        counts = (
            *_one(
                con,
                "select coalesce(sum(records), 0), coalesce(sum(nodata), 0), coalesce(sum(skipdata), 0)"
                " from catalog.segment_loads anti join catalog.dead_loads using (segment_id, load_id)",
            ),
            0,
        )
    rejects, incomplete = _one(
        con,
        "select coalesce(sum(rejects), 0), count(*) filter (state = $incomplete) from catalog.loads"
        " where state in ($live, $incomplete)",
        live=LIVE,
        incomplete=INCOMPLETE,
    )
    one_kind, reject_only = _kinds(con, scope)
    registered = _registered_kinds(con)
    timeless = sum(segment.without_time for segment in segments)
    return Trust(
        window=f"{window_text}, {where}" if where else window_text,
        records=counts[0],
        nodata=counts[1],
        skipdata=counts[2],
        without_bytes=counts[3],
        rejects=rejects,
        incomplete_objects=incomplete,
        late_objects=_late_objects(con, options),
        without_time=timeless,
        one_kind=one_kind,
        reject_only=reject_only,
        notes=(
            *(
                [f"{timeless:,} records without start and end are in no window"]
                if timeless and window.is_bounded
                else []
            ),
            *(f"flow log {label} logs {kind} only" for label, kind in registered),
            *notes,
        ),
    )


def is_narrowed(options: QueryOptions) -> bool:
    """Whether the window or the scope leaves any record out."""
    return options.window.is_bounded or not replace(options.scope, where=None).is_empty


def with_coverage(con: duckdb.DuckDBPyConnection, trust: Trust, options: QueryOptions) -> Trust:
    """The same with the slots by state. `con` has the view `coverage`."""
    if not options.window.is_bounded and trust.records > FEW_RECORDS:
        return replace(trust, no_slots="that takes a scan of all records; a window (--since) has it")
    (minutes,) = _one(
        con,
        "select coalesce(sum(greatest(0, least(last_s, until_s) - greatest(first_s, since_s)) // 60), 0)"
        " from interface_times cross join query_window",
    )
    if minutes > _MOST_MINUTES:
        return replace(trust, no_slots="there are too many slots; a shorter window (--since) has it")
    counts = ", ".join(f"count(*) filter (state = '{state}')" for state in STATES)
    numbers = _one(con, f"select {counts}, count(distinct capture_point) from coverage")
    return replace(trust, slots=Slots(*numbers))


def with_second_views(con: duckdb.DuckDBPyConnection, trust: Trust, options: QueryOptions) -> Trust:
    """The same with the number of records that totals leave out, and what may be in them twice all the same.

    `con` has `flows` in full.
    """
    if not options.window.is_bounded and trust.records > FEW_RECORDS:
        note = "second views are left out of totals; how many was not counted"
        return replace(trust, notes=(*trust.notes, note))
    second_views, maybe_twice, interfaces = _one(
        con,
        "select count(*) filter (not counted), coalesce(sum(bytes) filter (counted and may_be_twice), 0),"
        " case when min(interface_id) = max(interface_id) then 1 else 2 end from flows",
    )
    notes = trust.notes
    if twins := _twin_share(con):
        notes = (*notes, f"{twins:.0%} of the records are in two objects: two flow logs of one format?")
    return replace(
        trust,
        second_views=second_views,
        bytes_maybe_twice=maybe_twice if interfaces > 1 else 0,
        notes=notes,
    )


def _twin_share(con: duckdb.DuckDBPyConnection) -> float:
    """The share of records, from objects that do not name their flow log, that another such object has too.

    0 to 1, by one in 16 of them; 0 if so few that it may be chance.
    """
    (unnamed,) = _one(
        con, "select count(*) from catalog.loads where flow_log_id is null and state = $live", live=LIVE
    )
    if unnamed < 2:
        return 0.0
    records, twins = _one(
        con,
        "select coalesce(sum(records), 0), coalesce(sum(records) filter (loads > 1), 0)"
        " from (select count(*) as records, count(distinct load_id) as loads from records"
        " where load_id in (select load_id from catalog.loads where flow_log_id is null)"
        " and hash(srcaddr, dstaddr, srcport, dstport) % 16 = 0 and packets is not null and start is not null"
        " group by interface_id, srcaddr, dstaddr, srcport, dstport, protocol, packets, bytes, start,"
        ' "end", action)',
    )
    return twins / records if twins * 5 >= records and twins > 1 else 0.0


def _one(con: duckdb.DuckDBPyConnection, sql: str, **values: object) -> tuple[int, ...]:
    (row,) = con.execute(sql, values or None).fetchall()
    return tuple(map(int, row))


def _kinds(con: duckdb.DuckDBPyConnection, scope: Scope) -> tuple[str, int]:
    """The one action that the scope's interfaces have logged, or '', and how many logged rejects only."""
    conditions = ["true"]
    for column, values in (("interface_id", scope.interface), ("vpc_id", scope.vpc)):
        if values:
            conditions.append(f"{column} in ({', '.join(map(quoted, values))})")
    accepted, rejected, reject_only = _one(
        con,
        "select coalesce(sum(accept), 0), coalesce(sum(reject), 0),"
        " count(*) filter (accept = 0 and reject >= $least)"
        " from (select interface_id, sum(accept) as accept, sum(reject) as reject"
        f" from catalog.segment_interfaces where {' and '.join(conditions)} group by interface_id)",
        least=_REJECTED_AT_LEAST,
    )
    if rejected and not accepted:
        return "REJECT", 0
    if accepted >= _ACCEPTED_AT_LEAST and not rejected:
        return "ACCEPT", 0
    return "", reject_only


def _registered_kinds(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """(name or id, ACCEPT or REJECT) of the flow logs with records that are registered to log one action."""
    return con.execute(
        "select coalesce(name, flow_log_id) as label, traffic_type from catalog.flow_logs"
        " where traffic_type in ('ACCEPT', 'REJECT') and flow_log_id in"
        " (select flow_log_id from catalog.loads where state in ($live, $incomplete)) order by all",
        {"live": LIVE, "incomplete": INCOMPLETE},
    ).fetchall()


def _late_objects(con: duckdb.DuckDBPyConnection, options: QueryOptions) -> int:
    """Objects with records of the window that came over an hour after a load that could have had them."""
    since, until = options.window.since, options.window.until
    if until is None:
        return 0
    lag_s = _LAG_S if options.lag_s is None else options.lag_s
    (number,) = _one(
        con,
        "select count(*) from catalog.loads where state in ($live, $incomplete)"
        " and loaded_at > $late_s + (select min(loaded_at) from catalog.loads where loaded_at >= $complete)"
        " and coalesce(min_start, min_end) < $until"
        " and ($since is null or coalesce(max_start, max_end) >= $since)",
        live=LIVE,
        incomplete=INCOMPLETE,
        late_s=_LATE_S,
        complete=until + lag_s,
        until=until,
        since=since,
    )
    return number


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
