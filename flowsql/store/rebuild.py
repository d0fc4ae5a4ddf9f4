"""The tables of a catalogue brought into line with the segments that are there."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from flowsql.store.catalog import FORGOTTEN, INCOMPLETE
from flowsql.store.check_segment import Listed, count_records, listed_segments, segment_problem, sha256_of
from flowsql.store.commit import insert_rows
from flowsql.store.replay import KnownLoad, Replay, replace_superseded_parts
from flowsql.store.segment_file import SegmentDamaged, SegmentFile, read_segment_file, verify_pages
from flowsql.store.statistics import refresh_statistics, remove_statistics

_NO_COUNTS = (0, 0, 0)


@dataclass(slots=True)
class Rebuilt:
    """What was found and changed.

    `damaged` are files to be moved away, with what is wrong; `changes` are (file or object, problem, action).
    """

    damaged: dict[str, str] = field(default_factory=dict)
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    last_load_id: int = 0


def rebuild(
    con: duckdb.DuckDBPyConnection, folder: Path, scratch: Path, uncommitted: Collection[str], *, alone: bool
) -> Rebuilt:
    """Lists the intact segments in the catalogue that `con` has as its current database, each load once.

    `uncommitted` are the files of writers that died, which may have come to be committed or not; `alone` says
    that the catalogue is an empty one. Raises duckdb.Error, OSError.
    """
    rebuilt = Rebuilt()
    survey = _survey(con, folder, rebuilt)
    _list_segments(con, folder, survey, rebuilt)
    replay = Replay(_known_loads(con))
    replay.commit(_in_order(survey.taken, _held(con)))
    if alone:
        replace_superseded_parts(replay)
    _drop_unfinished(con, survey, replay, uncommitted)
    _write_loads(con, replay, rebuilt)
    _settle_parts(con, replay, rebuilt, survey)
    _write_states(con, replay)
    _bury_the_dead(con, survey, rebuilt)
    _refresh(con, folder, scratch, survey, rebuilt)
    ids = [load_id for segment in [*survey.taken, *survey.listed.values()] for load_id in segment.loads]
    rebuilt.last_load_id = max([*ids, *replay.known], default=0)
    return rebuilt


@dataclass(slots=True)
class _Survey:
    """The segments: `listed` are intact ones of the catalogue, by path, `taken` others that join them.

    `gone` are listed ones that are damaged or missing, `superseded` listed ones that were compacted since;
    `replaced` are other files that intact ones have taken the place of.
    """

    listed: dict[str, SegmentFile] = field(default_factory=dict)
    taken: list[SegmentFile] = field(default_factory=list)
    superseded: list[Listed] = field(default_factory=list)
    gone: list[Listed] = field(default_factory=list)
    replaced: list[SegmentFile] = field(default_factory=list)

    @property
    def held_by_gone(self) -> set[int]:
        """The loads that had records in segments that are gone."""
        return {part[0] for segment in self.gone for part in segment.by_load}


def _survey(con: duckdb.DuckDBPyConnection, folder: Path, rebuilt: Rebuilt) -> _Survey:
    survey = _Survey()
    listed = {segment.path: segment for segment in listed_segments(con)}
    for path, segment in listed.items():
        problem = segment_problem(folder, segment, quick=False)
        if problem is None:
            survey.listed[path] = read_segment_file(folder / path)
        else:
            survey.gone.append(segment)
            rebuilt.damaged[path] = problem
    strangers = list(_strangers(folder, listed, rebuilt))
    superseded = {i for segment in [*survey.listed.values(), *strangers] for i in segment.supersedes}
    survey.superseded = [s for s in listed.values() if s.segment_id in superseded]
    for segment in survey.superseded:
        survey.listed.pop(segment.path, None)
        rebuilt.damaged.pop(segment.path, None)
    # What has been compacted since is not lost, whatever became of the file.
    survey.gone = [s for s in survey.gone if s.segment_id not in superseded]
    if not survey.gone:
        # What was compacted before is needed again only when the segment that took its place is lost.
        superseded |= _known_superseded(con)
    survey.taken = [s for s in strangers if s.segment_id not in superseded]
    survey.replaced = [s for s in strangers if s.segment_id in superseded]
    return survey


def _strangers(folder: Path, listed: Collection[str], rebuilt: Rebuilt) -> Iterator[SegmentFile]:
    """The intact segments that the catalogue does not list."""
    for file in sorted((folder / "records").rglob("*")):
        path = str(file.relative_to(folder))
        if file.is_dir() or path in listed:
            continue
        try:
            segment = read_segment_file(file)
            verify_pages(file)
            yield segment
        except SegmentDamaged as error:
            rebuilt.damaged[path] = str(error)
        except OSError as error:
            rebuilt.damaged[path] = f"cannot be read: {error.strerror or error}"


def _list_segments(con: duckdb.DuckDBPyConnection, folder: Path, survey: _Survey, rebuilt: Rebuilt) -> None:
    """Takes superseded and lost segments off the list and puts new ones on it."""
    known = _known_superseded(con)
    for segment in [*survey.gone, *survey.superseded]:
        _unlist(con, segment.segment_id)
    rebuilt.changes += [(s.path, "compacted since", "left to the next sweep") for s in survey.superseded]
    replaced = [(s.segment_id, s.path, s.size_bytes) for s in survey.superseded]
    replaced += [(s.segment_id, _path(s), s.file.stat().st_size) for s in survey.replaced]
    for row in replaced:
        if row[0] not in known:
            con.execute("insert into superseded_segments values (?, ?, ?, ?)", [*row, int(time.time())])
    for taken in survey.taken:
        _list_one(con, folder, taken)


def _known_superseded(con: duckdb.DuckDBPyConnection) -> set[str]:
    return {row[0] for row in con.execute("select segment_id from superseded_segments").fetchall()}


def _unlist(con: duckdb.DuckDBPyConnection, segment_id: str) -> None:
    for table in ("segments", "segment_loads", "dead_loads"):
        con.execute(f"delete from {table} where segment_id = ?", [segment_id])


def _path(segment: SegmentFile) -> str:
    """Its path below the store's folder."""
    return "/".join(segment.file.parts[-3:])


def _list_one(con: duckdb.DuckDBPyConnection, folder: Path, segment: SegmentFile) -> None:
    counts, by_load = count_records(segment.file, segment.columns)
    stat = segment.file.stat()
    written_at = segment.written_at // 1_000_000_000 or int(stat.st_mtime)
    path = str(segment.file.relative_to(folder))
    con.execute(
        "insert into segments values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            *(segment.segment_id, path, list(segment.columns), *counts),
            *(stat.st_size, sha256_of(segment.file), written_at),
        ],
    )
    con.executemany(
        "insert into segment_loads values (?, ?, ?, ?, ?)", [(segment.segment_id, *p) for p in by_load]
    )


def _known_loads(con: duckdb.DuckDBPyConnection) -> dict[int, KnownLoad]:
    rows = con.execute(
        "select load_id, identity, content_hash, state, records, nodata, skipdata, replaced_by from loads"
    ).fetchall()
    return {row[0]: KnownLoad(row[1], row[2], row[3], row[4:7], row[7]) for row in rows}


def _in_order(segments: Collection[SegmentFile], held: Collection[int]) -> list[Mapping[str, Any]]:
    """The loads of the segments in the order in which they were committed, as far as that can be told.

    Compacted segments hold what had won already, so their loads come first; they also describe loads whose
    records they left out, among them those that lost a race: these come last.
    """
    first: dict[int, tuple[int, Mapping[str, Any]]] = {}
    for segment in segments:
        written_at = 0 if segment.supersedes else segment.written_at
        for load_id, load in segment.loads.items():
            if load_id not in first or written_at < first[load_id][0]:
                first[load_id] = (written_at, load)
    ordered = sorted(first.items(), key=lambda item: (item[0] not in held, item[1][0], item[0]))
    return [load for _, (_, load) in ordered]


def _held(con: duckdb.DuckDBPyConnection) -> dict[int, tuple[int, int, int]]:
    rows = con.execute(
        "select load_id, cast(sum(records) as bigint), cast(sum(nodata) as bigint),"
        " cast(sum(skipdata) as bigint) from segment_loads group by load_id"
    ).fetchall()
    return {row[0]: row[1:] for row in rows}


def _drop_unfinished(
    con: duckdb.DuckDBPyConnection, survey: _Survey, replay: Replay, uncommitted: Collection[str]
) -> None:
    """Leaves out loads of which a writer that died had placed only some segments."""
    held = _held(con)
    doubtful = {
        load_id for segment in survey.taken if _path(segment) in uncommitted for load_id in segment.loads
    }
    for load_id in doubtful & replay.added.keys():
        if held.get(load_id, _NO_COUNTS) != replay.known[load_id].expected:
            del replay.added[load_id], replay.known[load_id]


def _write_loads(con: duckdb.DuckDBPyConnection, replay: Replay, rebuilt: Rebuilt) -> None:
    """Adds the loads that the catalogue did not know."""
    columns = [row[0] for row in con.execute("select name from pragma_table_info('loads')").fetchall()]
    rows = [tuple({**load, "replaced_by": None}[c] for c in columns) for load in replay.added.values()]
    insert_rows(con, "loads", rows)
    objects = {
        load["name"]: (
            *(load["name"], load["size_bytes"], load["version_tag"]),
            *(load_id, load.get("modified_at")),
        )
        for load_id, load in replay.added.items()
        if load["version_tag"]
    }
    con.execute("delete from objects where name in (select unnest($names))", {"names": list(objects)})
    insert_rows(con, "objects", list(objects.values()))
    lags = [(load_id, *lag) for load_id, load in replay.added.items() for lag in load.get("lags", ())]
    insert_rows(con, "event_lags", lags)
    rejects = sum(load["rejects"] for load in replay.added.values())
    if replay.added:
        count = len(replay.added)
        rebuilt.changes.append(("loads", f"{count:,} are not in that catalogue", "taken from the segments"))
    if rejects:
        rebuilt.lost.append(
            f"the text and reasons of {rejects:,} rejected lines are gone, their numbers are kept"
        )


def _settle_parts(con: duckdb.DuckDBPyConnection, replay: Replay, rebuilt: Rebuilt, survey: _Survey) -> None:
    """What becomes of loads whose records are not all there: read again next time, or forgotten."""
    held = _held(con)
    lost_records = lost_loads = 0
    for load_id, load in replay.known.items():
        found = held.get(load_id, _NO_COUNTS)
        if not load.counts or found == load.expected:
            continue
        if load_id in replay.added or load_id in survey.held_by_gone:
            if load.state == INCOMPLETE:
                # An object known to be damaged is not read again while its content is the same.
                con.execute("update loads set content_hash = '' where load_id = ?", [load_id])
            load.state = INCOMPLETE
            lost_records, lost_loads = lost_records + load.expected[0] - found[0], lost_loads + 1
            con.execute(
                "update loads set problem = 'part of it was in a segment that is lost', records = ?,"
                " nodata = ?, skipdata = ?, lines = rejects + headers + blank_lines + ? where load_id = ?",
                [*found, found[0], load_id],
            )
        else:  # Only compaction takes records away, those of loads that count no more.
            load.state = FORGOTTEN
    if lost_loads:
        rebuilt.lost.append(
            f"{lost_records:,} records of {lost_loads:,} objects, marked incomplete: load them again from"
            " where they came"
        )


def _write_states(con: duckdb.DuckDBPyConnection, replay: Replay) -> None:
    rows = con.execute("select load_id, state, replaced_by from loads").fetchall()
    for load_id, state, replaced_by in rows:
        load = replay.known[load_id]
        if (load.state, load.replaced_by) != (state, replaced_by):
            con.execute(
                "update loads set state = ?, replaced_by = ? where load_id = ?",
                [load.state, load.replaced_by, load_id],
            )


def _bury_the_dead(con: duckdb.DuckDBPyConnection, survey: _Survey, rebuilt: Rebuilt) -> None:
    """Makes dead what the ledger does not count; a new segment without anything else is not listed."""
    con.execute(
        f"""
        insert into dead_loads
        select segment_id, load_id from segment_loads
        left join loads using (load_id)
        where coalesce(state, '') not in ('live', '{INCOMPLETE}')
        except select segment_id, load_id from dead_loads
        """
    )
    empty = con.execute(
        "select segment_id from segment_loads group by segment_id"
        " having bool_and((segment_id, load_id) in (from dead_loads))"
    ).fetchall()
    known = _known_superseded(con)
    for taken in list(survey.taken):
        path = _path(taken)
        if (taken.segment_id,) not in empty:
            con.execute("delete from superseded_segments where segment_id = ?", [taken.segment_id])
            rebuilt.changes.append((path, "not listed in the catalogue", "listed"))
            continue
        survey.taken.remove(taken)
        _unlist(con, taken.segment_id)
        if taken.segment_id not in known:
            rebuilt.damaged[path] = "it holds no record that counts"


def _refresh(
    con: duckdb.DuckDBPyConnection, folder: Path, scratch: Path, survey: _Survey, rebuilt: Rebuilt
) -> None:
    """Counts anew the segments whose statistics are not those of their live records."""
    remove_statistics(con, [s.segment_id for s in [*survey.gone, *survey.superseded]])
    stale = con.execute(
        """
        select segment_id
        from segments
        left join (
            select segment_id, sum(records) as records
            from segment_loads anti join dead_loads using (segment_id, load_id)
            group by segment_id
        ) as live using (segment_id)
        left join (
            select segment_id, sum(records) as records, count(*) as interfaces
            from segment_interfaces group by segment_id
        ) as counted using (segment_id)
        where coalesce(live.records, 0) <> coalesce(counted.records, 0) and coalesce(interfaces, 0) < 10000
        """
    ).fetchall()
    refresh_statistics(con, folder, scratch, [row[0] for row in stale])
    if others := len({row[0] for row in stale} - {segment.segment_id for segment in survey.taken}):
        rebuilt.changes.append(
            ("statistics", f"of {others:,} segments not those of the records", "counted anew")
        )
