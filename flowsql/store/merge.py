"""Segments -> one segment: their live records, copied row group by row group."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flowsql.errors import StoreError
from flowsql.store.counts import Counts
from flowsql.store.merge_plan import Candidate, Job, place_of
from flowsql.store.segments import LOAD_ID, METADATA_KEY, RECORD_COLUMNS, Segment, SegmentWriter, counts_of

_TEXT_COLUMNS = {column.name for column in RECORD_COLUMNS if pa.types.is_string(column.type)}


@dataclass(frozen=True, slots=True)
class Merged:
    """A finished job: its segment, None if no record was alive, still in the staging folder."""

    job: Job
    segment: Segment | None


def merge(
    job: Job,
    store_folder: Path,
    staging: Path,
    encoder: Executor,
    states: Callable[[Sequence[int]], Mapping[int, str]],
    check: Callable[[], None],
) -> Merged:
    """Writes the live records of the job's segments into one segment in the staging folder.

    Its metadata describes all loads of the old ones, with their present `states`, and names every segment
    that is in it, also by way of the old ones. `check` is called between row groups and may raise.
    Raises StoreError for a segment that is lost or damaged, OSError when the disk is full.
    """
    writer = SegmentWriter(staging, job[0].columns, place_of(job), encoder)
    loads: dict[int, dict[str, object]] = {}
    supersedes: list[str] = []
    try:
        for candidate in job:
            _verify(candidate, store_folder)
            with _opened(candidate, store_folder) as file:
                footer = json.loads(file.metadata.metadata[METADATA_KEY.encode()])
                loads.update({load["load_id"]: load for load in footer["loads"]})
                supersedes += [candidate.segment_id, *footer["supersedes"]]
                copied = 0
                for table in _live_row_groups(file, candidate, store_folder):
                    check()
                    writer.add(table, counts_of(table), _counts_by_load(table))
                    copied += table.num_rows
            if copied != candidate.live_records:
                raise _damaged(
                    f"{copied:,} live records where the catalogue says {candidate.live_records:,}",
                    candidate,
                    store_folder,
                )
        if not writer.counts.records:
            return Merged(job, None)
        now = states(sorted(loads))
        described = [loads[i] | {"state": now.get(i, loads[i]["state"])} for i in sorted(loads)]
        return Merged(job, writer.finish(described, list(dict.fromkeys(supersedes))))
    except BaseException:
        writer.discard()
        raise


def _verify(candidate: Candidate, folder: Path) -> None:
    """Lets no damage into a new segment, whose own checksum would then vouch for it."""
    try:
        with (folder / candidate.path).open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _damaged(error.strerror or str(error), candidate, folder) from error
    if sha256 != candidate.sha256:
        raise _damaged("its checksum is not what the catalogue says", candidate, folder)


def _opened(candidate: Candidate, folder: Path) -> pq.ParquetFile:
    try:
        text = [name for name in candidate.columns if name in _TEXT_COLUMNS]
        return pq.ParquetFile(folder / candidate.path, read_dictionary=text)
    except (OSError, pa.ArrowException) as error:
        raise _damaged(str(error).splitlines()[0], candidate, folder) from error


def _live_row_groups(file: pq.ParquetFile, candidate: Candidate, folder: Path) -> Iterator[pa.Table]:
    dead = pa.array(sorted(candidate.dead), pa.int64())
    for number in range(file.num_row_groups):
        try:
            table = file.read_row_group(number, use_threads=False)
        except (OSError, pa.ArrowException) as error:
            raise _damaged(str(error).splitlines()[0], candidate, folder) from error
        if candidate.dead:
            table = table.filter(pc.invert(pc.is_in(table.column(LOAD_ID.name), dead)))
        if table.num_rows:
            yield table


def _damaged(cause: str, candidate: Candidate, folder: Path) -> StoreError:
    return StoreError(
        f"a segment cannot be merged: {cause}",
        where=str(folder / candidate.path),
        remedy="restore the file, or forget its objects and load them again; the store is as it was",
    )


def _counts_by_load(table: pa.Table) -> dict[int, Counts]:
    """Records, NODATA and SKIPDATA records of each load in the table."""
    names = [LOAD_ID.name, *(["log_status"] if "log_status" in table.column_names else [])]
    counted = table.select(names).group_by(names).aggregate([([], "count_all")])
    by_load: dict[int, Counts] = {}
    for row in counted.to_pylist():
        status = row.get("log_status")
        number = row["count_all"]
        by_load.setdefault(row[LOAD_ID.name], Counts()).add(
            Counts(number, number if status == "NODATA" else 0, number if status == "SKIPDATA" else 0)
        )
    return by_load


def load_states(con: duckdb.DuckDBPyConnection, load_ids: Sequence[int]) -> dict[int, str]:
    """The states of those of the loads that an attached catalogue has."""
    rows = con.execute(
        "select load_id, state from catalog.loads where load_id in (select unnest($ids))",
        {"ids": list(load_ids)},
    ).fetchall()
    return dict(rows)
