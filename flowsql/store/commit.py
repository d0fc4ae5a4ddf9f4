"""The one way to change a store: segments, and the loads in them, published together."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from flowsql.store.catalog import EXPIRED, FORGOTTEN, INCOMPLETE, LIVE, REPLACED, sync_folder
from flowsql.store.ledger import Load
from flowsql.store.publishing import publishing
from flowsql.store.rejects_file import RejectsFile
from flowsql.store.segments import Segment
from flowsql.store.staging import Staging
from flowsql.store.store import Store


@dataclass(frozen=True, slots=True)
class Sighting:
    """A known load's content seen under a name, with what tells cheaply whether it has changed since, and
    when it was written there (Unix seconds).

    `replaces` are the loads that give way to it, such as what stood under that name before.
    """

    name: str
    size_bytes: int
    version_tag: str
    modified_at: int | None
    load_id: int
    replaces: tuple[int, ...] = ()


def commit(
    store: Store,
    staging: Staging,
    segments: Sequence[Segment],
    loads: Sequence[Load],
    sightings: Sequence[Sighting],
    rejects: RejectsFile,
    dropped: Sequence[int] = (),
) -> list[Load]:
    """Publishes finished segments and the loads in them, all or nothing.

    Returns the loads that lost a race: meanwhile another writer loaded the same object, or replaced
    or forgot it or the one they were to replace. Their records, like those of expired loads and of the load
    ids in `dropped` (objects not read to their end), count as dead; a segment without others is left out.
    Raises StoreError when the queue is too long or the disk is full; the store is then as it was.
    """
    unread = {load.load_id for load in loads if load.state == EXPIRED} | set(dropped)
    with publishing(store, staging, segments, unread) as con:
        winners, replaced_by = _settle(con, loads)
        winning = {load.load_id for load in winners}
        losers = [load for load in loads if load.load_id not in winning]
        dead = unread | {load.load_id for load in losers}
        alive = [segment for segment in segments if segment.by_load.keys() - dead]
        place(store.folder, alive)
        insert_segments(con, alive)
        _insert_loads(con, winners)
        _insert_sightings(con, [*sightings, *map(_sighting_of, winners)])
        rejects.insert_into(con, {load.load_id for load in winners} - dead)
        bury(con, sorted(dead))
        _replace(con, replaced_by | {old: s.load_id for s in sightings for old in s.replaces})
    for segment in segments:
        segment.file.unlink(missing_ok=True)  # Those that were placed are there no more.
    return losers


def place(folder: Path, segments: Sequence[Segment]) -> None:
    """Moves segment files to the places that the catalogue will list."""
    placed = []
    for segment in segments:
        target = folder / segment.path
        target.parent.mkdir(parents=True, exist_ok=True)
        segment.file.rename(target)
        placed.append(target)
    for parent in {target.parent for target in placed}:
        sync_folder(parent)
        sync_folder(parent.parent)


def _settle(con: duckdb.DuckDBPyConnection, loads: Sequence[Load]) -> tuple[list[Load], dict[int, int]]:
    """The loads that may be committed after what other writers did meanwhile; old load id -> the new one.

    Out of the race are those whose object is live with the same content by now, or forgotten, and those that
    were to replace a load which is no longer there. A live load of the same object with other content is
    replaced.
    """
    alive = _by_identity(con, loads, (LIVE, INCOMPLETE))
    gone = _by_identity(con, loads, (EXPIRED, FORGOTTEN))
    replaceable = _those_in(con, (LIVE, INCOMPLETE), [old for load in loads for old in load.replaces])
    replaceable |= _those_in(con, (EXPIRED, FORGOTTEN), [old for load in loads for old in load.revives])
    winners: list[Load] = []
    replaced_by: dict[int, int] = {}
    twins: dict[int, int] = {}  # a load that lost -> the other writer's load of the same content
    for load in loads:
        if gone.get(load.identity, {}).keys() - set(load.revives):
            continue
        old = {twins.get(load_id, load_id) for load_id in [*load.replaces, *load.revives]}
        rivals = {i: content for i, content in alive.get(load.identity, {}).items() if i not in old}
        twin = next((i for i, content in rivals.items() if content == load.content_hash), None)
        if twin is not None:
            twins[load.load_id] = twin
            replaceable.add(twin)
            replaced_by.update(dict.fromkeys(old & replaceable, twin))
        elif old <= replaceable:
            replaceable.add(load.load_id)
            winners.append(load)
            replaced_by.update(dict.fromkeys(old | rivals.keys(), load.load_id))
    return winners, replaced_by


def _by_identity(
    con: duckdb.DuckDBPyConnection, loads: Sequence[Load], states: Sequence[str]
) -> dict[str, dict[int, str]]:
    """The loads in these states under the identities of `loads`: identity -> load id -> content hash."""
    con.register("arriving", pa.table({"identity": pa.array([load.identity for load in loads], pa.string())}))
    found: dict[str, dict[int, str]] = {}
    for identity, load_id, content in con.execute(
        "select distinct identity, load_id, content_hash from loads join arriving using (identity)"
        " where state in (select unnest($states))",
        {"states": list(states)},
    ).fetchall():
        found.setdefault(identity, {})[load_id] = content
    con.unregister("arriving")
    return found


def _those_in(con: duckdb.DuckDBPyConnection, states: Sequence[str], load_ids: Sequence[int]) -> set[int]:
    """Those of the loads that are in one of the states."""
    rows = con.execute(
        "select load_id from loads"
        " where load_id in (select unnest($ids)) and state in (select unnest($states))",
        {"ids": list(load_ids), "states": list(states)},
    ).fetchall()
    return {row[0] for row in rows}


def insert_segments(con: duckdb.DuckDBPyConnection, segments: Sequence[Segment]) -> None:
    """Lists finished segments, of loads and compactions alike."""
    now = int(time.time())
    insert_rows(con, "segments", [_segment_row(segment, now) for segment in segments])
    insert_rows(
        con,
        "segment_loads",
        [
            (segment.segment_id, load_id, part.records, part.nodata, part.skipdata)
            for segment in segments
            for load_id, part in segment.by_load.items()
        ],
    )


def _segment_row(segment: Segment, now: int) -> tuple[object, ...]:
    c = segment.counts
    times = (c.min_start, c.max_start, c.min_end, c.max_end)
    return (
        *(
            segment.segment_id,
            segment.path,
            list(segment.columns),
            c.records,
            c.without_start,
            c.without_time,
        ),
        *times,
        *(segment.size_bytes, segment.sha256, now),
    )


def _insert_loads(con: duckdb.DuckDBPyConnection, loads: Sequence[Load]) -> None:
    insert_rows(con, "loads", [_load_row(load) for load in loads])
    lags = [(load.load_id, lag_s, events) for load in loads for lag_s, events in sorted(load.lags.items())]
    insert_rows(con, "event_lags", lags)


def _load_row(load: Load) -> tuple[object, ...]:
    c = load.counts
    content = (load.size_bytes, load.content_bytes, load.content_hash, load.head_sha256)
    return (
        *(
            load.load_id,
            load.identity,
            load.name,
            load.state,
            load.problem,
            load.log_format,
            load.flow_log_id,
        ),
        *content,
        *(load.lines, c.records, load.rejects, load.headers, load.blank_lines, c.nodata, c.skipdata),
        *(c.min_start, c.max_start, c.min_end, c.max_end, load.loaded_at, None),
    )


def _insert_sightings(con: duckdb.DuckDBPyConnection, sightings: Sequence[Sighting]) -> None:
    rows = [
        (s.name, s.size_bytes, s.version_tag, s.load_id, s.modified_at) for s in sightings if s.version_tag
    ]
    if rows:
        con.execute(
            "delete from objects where name in (select unnest($names))", {"names": [row[0] for row in rows]}
        )
        insert_rows(con, "objects", rows)


def _sighting_of(load: Load) -> Sighting:
    return Sighting(load.name, load.size_bytes, load.version_tag, load.modified_at, load.load_id)


def _replace(con: duckdb.DuckDBPyConnection, replaced_by: Mapping[int, int]) -> None:
    for old, new in replaced_by.items():
        con.execute("update loads set state = ?, replaced_by = ? where load_id = ?", [REPLACED, new, old])
    bury(con, list(replaced_by))


def bury(con: duckdb.DuckDBPyConnection, load_ids: Sequence[int]) -> None:
    """Makes the records of these loads count no more, in every segment that has some."""
    if load_ids:
        con.execute(
            """
            insert into dead_loads
            select segment_id, load_id from segment_loads where load_id in (select unnest($ids))
            except select segment_id, load_id from dead_loads
            """,
            {"ids": list(load_ids)},
        )


def insert_rows(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Adds rows, values in the order of the columns, to a table of a catalogue under construction."""
    if rows:
        columns = zip(*rows, strict=True)
        con.register("arriving", pa.table({f"c{i}": pa.array(column) for i, column in enumerate(columns)}))
        con.execute(f"insert into {table} select * from arriving")
        con.unregister("arriving")
