"""Compaction: few big segments instead of many small ones, and dead loads removed for real."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import duckdb

from flowsql.errors import StoreError
from flowsql.interrupts import Interrupts
from flowsql.store.catalog import engine_connection, store_error
from flowsql.store.commit import insert_segments, place
from flowsql.store.lock import only_one, writers_queue
from flowsql.store.merge import Merged, load_states, merge
from flowsql.store.merge_plan import SEGMENT_RECORDS, Candidate, Job, quick_plan, read_candidates, whole_plan
from flowsql.store.publishing import publishing
from flowsql.store.staging import Staging
from flowsql.store.store import Store
from flowsql.store.sweep import GRACE_S, sweep_superseded, sweep_unlisted

T = TypeVar("T")

# So often a compaction plans anew when other writers got in between.
_ROUNDS = 3
# A commit is due after that many records or segments.
_DUE_SEGMENTS = 64


@dataclass(slots=True)
class CompactReport:
    """What a compaction did: segments that went and came, records copied, records of dead loads removed.

    `bytes_before` and `bytes_after` are of those segments. `left` jobs gave way to other writers, who
    changed their segments meanwhile. `deleted_files` were replaced, or unlisted, for longer than the grace
    period; `waiting_files` still are to be.
    """

    old_segments: int = 0
    new_segments: int = 0
    records: int = 0
    dead_records: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    left: int = 0
    deleted_files: int = 0
    waiting_files: int = 0


def compact(store: Store, *, grace_s: float = GRACE_S) -> CompactReport:
    """Merges what is small, removes dead loads, deletes what was replaced before the grace period.

    Commits step by step: Ctrl-C (Interrupted) and errors leave the store whole steps further.
    Raises StoreError when there is no store, another compaction does not end, the disk is full.
    """
    _read(store, lambda con: None)
    report = CompactReport()
    with (
        Interrupts() as interrupts,
        store.staging() as staging,
        only_one(store.folder, store.wait_s) as alone,
    ):
        if not alone:
            raise StoreError(
                f"another compaction has been at work for {store.wait_s:g} s",
                where=str(store.folder),
                remedy="try again when it is done, or wait longer with --wait 10m",
            )
        for _ in range(_ROUNDS):
            report.left = 0
            jobs = whole_plan(_read(store, read_candidates))
            if jobs:
                _run(store, staging, jobs, report, interrupts)
            if not report.left:
                break
        _sweep(store, staging, grace_s, report)
    return report


def merge_small(store: Store, staging: Staging) -> CompactReport:
    """Merges what many small loads left behind, if there is enough of it, and nobody else does.

    Does nothing when Ctrl-C is pressed meanwhile. Raises StoreError.
    """
    report = CompactReport()
    with Interrupts() as interrupts, only_one(store.folder, 0) as alone:
        jobs = quick_plan(_read(store, read_candidates)) if alone else []
        if jobs:
            _run(store, staging, jobs, report, interrupts)
    return report


def _run(
    store: Store, staging: Staging, jobs: Sequence[Job], report: CompactReport, interrupts: Interrupts
) -> None:
    """Does the jobs, and publishes after every million records."""

    def check() -> None:
        if interrupts.requested:
            raise interrupts.error()

    def states(load_ids: Sequence[int]) -> dict[int, str]:
        return _read(store, lambda con: load_states(con, load_ids))

    waiting: list[Merged] = []
    try:
        with ThreadPoolExecutor(2, "encode") as encoder:
            for job in jobs:
                waiting.append(merge(job, store.folder, staging.path, encoder, states, check))
                records = sum(c.live_records for merged in waiting for c in merged.job)
                if records >= SEGMENT_RECORDS or len(waiting) >= _DUE_SEGMENTS:
                    _publish(store, staging, waiting, report)
                    waiting = []
                check()
        if waiting:
            _publish(store, staging, waiting, report)
    except OSError as error:
        raise store_error(error, store.folder) from error


def _publish(store: Store, staging: Staging, done: Sequence[Merged], report: CompactReport) -> None:
    """Lists the new segments in place of the old ones, of each job whose old ones are still the same."""
    segments = [merged.segment for merged in done if merged.segment]
    with publishing(store, staging, segments) as con:
        now = {candidate.segment_id: candidate for candidate in read_candidates(con, "draft")}
        valid = [m for m in done if all(now.get(c.segment_id) == c for c in m.job)]
        new = [merged.segment for merged in valid if merged.segment]
        place(store.folder, new)
        insert_segments(con, new)
        bytes_before = _retire(con, [c for merged in valid for c in merged.job])
    for segment in segments:
        segment.file.unlink(missing_ok=True)
    report.old_segments += sum(len(merged.job) for merged in valid)
    report.new_segments += len(new)
    report.records += sum(segment.counts.records for segment in new)
    report.dead_records += sum(c.records - c.live_records for merged in valid for c in merged.job)
    report.bytes_before += bytes_before
    report.bytes_after += sum(segment.size_bytes for segment in new)
    report.left += len(done) - len(valid)


def _retire(con: duckdb.DuckDBPyConnection, candidates: Sequence[Candidate]) -> int:
    """Takes the segments off the lists; their files stay for the grace period. Returns their bytes."""
    ids = {"ids": [candidate.segment_id for candidate in candidates]}
    these = "segment_id in (select unnest($ids))"
    ((size_bytes,),) = con.execute(
        f"select cast(coalesce(sum(size_bytes), 0) as bigint) from segments where {these}", ids
    ).fetchall()
    con.execute(
        "insert into superseded_segments"
        f" select segment_id, path, size_bytes, $now from segments where {these}",
        {**ids, "now": int(time.time())},
    )
    for table in ("segments", "segment_loads", "dead_loads"):
        con.execute(f"delete from {table} where {these}", ids)
    return int(size_bytes)


def _sweep(store: Store, staging: Staging, grace_s: float, report: CompactReport) -> None:
    """Deletes what was replaced, or is unlisted, for longer than the grace period."""
    horizon = int(time.time() - grace_s)
    count = "select count(*) filter (superseded_at > $h), count(*) filter (superseded_at <= $h)"
    ((report.waiting_files, due),) = _read(
        store,
        lambda con: con.execute(f"{count} from catalog.superseded_segments", {"h": horizon}).fetchall(),
    )
    if due:
        with publishing(store, staging) as con:
            report.deleted_files += sweep_superseded(con, store.folder, grace_s)
    try:
        with writers_queue(store.catalog.lock_path, store.wait_s):
            report.deleted_files += sweep_unlisted(store.catalog, grace_s)
    except OSError as error:
        raise store_error(error, store.folder) from error


def _read(store: Store, read: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
    """What `read` gives of the published catalogue. Raises StoreError when there is none."""
    con = engine_connection()
    try:
        store.catalog.attach(con)
        return read(con)
    finally:
        con.close()
