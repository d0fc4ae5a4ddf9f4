"""Typed tables -> Parquet segment files."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flowsql.logformat.fields import DISTINCT_FIELDS
from flowsql.logformat.schema import EXTRA, arrow_type
from flowsql.store import grouping
from flowsql.store.catalog import sync_file
from flowsql.store.counts import Counts
from flowsql.store.grouping import TooManyGroups
from flowsql.store.segment_groups import SegmentGroups

STORE_VERSION = 1
# In a segment's own metadata: what it holds, as JSON, and the SHA-256 of that text.
METADATA_KEY = "flowsql"
METADATA_HASH_KEY = "flowsql_sha256"
ROW_GROUP_RECORDS = 125_000
MAX_OPEN_WRITERS = 16
UNKNOWN_DAY, VARIOUS_DAYS = "unknown", "various"
_SECONDS_A_DAY = 86_400
_LAST_DAY = 2_932_896  # 9999-12-31, the last day that has a date
_DICTIONARY = pa.dictionary(pa.int32(), pa.string())

# Integers with so many different values that a dictionary of them costs more time than it saves room. What
# their differences take, zstd cannot make smaller.
_SCATTERED = frozenset({"srcport", "dstport", "bytes"})

LOAD_ID = pa.field("load_id", pa.int64())
FLOW_LOG_ID = pa.field("flow_log_id", pa.string())
# The columns of `records`, in their order.
RECORD_COLUMNS: tuple[pa.Field, ...] = (
    *(pa.field(f.column, arrow_type(f)) for f in DISTINCT_FIELDS),
    EXTRA,
    LOAD_ID,
    FLOW_LOG_ID,
)
_POSITION = {column.name: i for i, column in enumerate(RECORD_COLUMNS)}


@dataclass(slots=True)
class Segment:
    """A finished segment file, still in its writer's staging folder."""

    segment_id: str
    file: Path
    path: str
    columns: tuple[str, ...]
    counts: Counts
    by_load: dict[int, Counts]
    size_bytes: int
    sha256: str
    groups: Mapping[str, pa.Table] | None
    """How its records group (groups.sql), if that is known."""


class SegmentSet:
    """The segments being written between two commits.

    Records of one column set and one UTC day of `start` (else `end`) share a segment; beyond
    MAX_OPEN_WRITERS, the remaining days of a column set share one.
    """

    def __init__(self, folder: Path, encoder: Executor) -> None:
        """`encoder` writes row groups, one after the other, while the next records are being read."""
        self._folder = folder
        self._encoder = encoder
        self._open: dict[tuple[tuple[str, ...], str], SegmentWriter] = {}
        self.records = 0

    @property
    def has_many_writers(self) -> bool:
        """Whether it is time to commit for the number of open files alone."""
        return len(self._open) >= MAX_OPEN_WRITERS

    def add(self, table: pa.Table, load_id: int, flow_log_id: str | None) -> Counts:
        """Takes the records of a typed table and says what they were. Raises OSError (disk full)."""
        total = Counts()
        for day, part, counts in _by_day(_with_origin(table, load_id, flow_log_id)):
            total.add(counts)
            key = (tuple(part.column_names), day)
            if key not in self._open and len(self._open) >= MAX_OPEN_WRITERS:
                key = (key[0], VARIOUS_DAYS)
            if key not in self._open:
                self._open[key] = SegmentWriter(self._folder, key[0], f"day={key[1]}", self._encoder)
            self._open[key].add(part, counts, {load_id: counts})
        self.records += total.records
        return total

    def finish(self, loads: Mapping[int, Mapping[str, object]]) -> list[Segment]:
        """Closes the files and describes them; `loads` (by load id) goes into their metadata, from which
        a lost catalogue can be rebuilt. The set is empty again afterwards.
        """
        segments = [
            segment.finish([loads[load_id] for load_id in sorted(segment.by_load)])
            for segment in self._open.values()
        ]
        self._open.clear()
        self.records = 0
        return segments

    def discard(self) -> None:
        """Closes and deletes what was written since the last `finish`."""
        for segment in self._open.values():
            segment.discard()
        self._open.clear()
        self.records = 0


@dataclass(slots=True)
class SegmentWriter:
    """Writes one segment: of a load, or of a compaction. `place` is its folder below records/."""

    folder: Path
    columns: tuple[str, ...]
    place: str
    encoder: Executor
    segment_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    counts: Counts = field(default_factory=Counts)
    by_load: dict[int, Counts] = field(default_factory=dict)
    _waiting: list[pa.Table] = field(default_factory=list)
    _waiting_records: int = 0
    _writer: pq.ParquetWriter | None = None
    _encoding: list[Future[None]] = field(default_factory=list)
    _groups: SegmentGroups | None = field(init=False)

    def __post_init__(self) -> None:
        self._groups = SegmentGroups(self.columns) if grouping.is_available() else None

    @property
    def file(self) -> Path:
        """Where it is being written."""
        return self.folder / f"{self.segment_id}.parquet"

    def add(self, table: pa.Table, counts: Counts, by_load: Mapping[int, Counts]) -> None:
        """Takes records, text as dictionaries, with their counts. Raises OSError (disk full)."""
        self.counts.add(counts)
        for load_id, part in by_load.items():
            self.by_load.setdefault(load_id, Counts()).add(part)
        self._waiting.append(table)
        self._waiting_records += table.num_rows
        if self._waiting_records >= ROW_GROUP_RECORDS:
            self._write_waiting()

    def _write_waiting(self) -> None:
        """Hands the waiting records to the encoder, once it is done with those before."""
        self._encoded()
        table = pa.concat_tables(self._waiting)
        self._waiting, self._waiting_records = [], 0
        self._encoding = [
            self.encoder.submit(self._write_row_group, table),
            self.encoder.submit(self._group, table),
        ]

    def _encoded(self) -> None:
        """Returns when nothing is being encoded. Raises the OSError that encoding ended with."""
        encoding, self._encoding = self._encoding, []
        wait(encoding)
        for future in encoding:
            future.result()

    def _write_row_group(self, table: pa.Table) -> None:
        # One dictionary for all chunks of a column lets the writer take it over as it is.
        table = table.unify_dictionaries()
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                str(self.file),
                table.schema,
                compression={n: "none" if n in _SCATTERED else "zstd" for n in table.column_names},
                compression_level={n: 1 for n in table.column_names if n not in _SCATTERED},
                store_schema=False,
                # Readers pass over whole pages where few rows are wanted.
                data_page_size=16 << 10,
                write_page_checksum=True,
                use_dictionary=[name for name in table.column_names if name not in _SCATTERED],
                column_encoding=dict.fromkeys(_SCATTERED & set(table.column_names), "DELTA_BINARY_PACKED"),
                write_statistics=[f.name for f in table.schema if pa.types.is_integer(f.type)],
            )
        self._writer.write_table(table, row_group_size=table.num_rows)

    def _group(self, table: pa.Table) -> None:
        try:
            if self._groups is not None:
                for batch in table.to_batches():
                    self._groups.add(batch)
        except TooManyGroups:
            self._groups = None

    def _found_groups(self) -> Mapping[str, pa.Table] | None:
        groups, self._groups = self._groups, None
        try:
            return groups.relations() if groups is not None else None
        except TooManyGroups:
            return None

    def finish(self, loads: Sequence[Mapping[str, object]], supersedes: Sequence[str] = ()) -> Segment:
        """Closes the file, with the descriptions of its loads and the ids of the segments it replaces."""
        if self._waiting:
            self._write_waiting()
        self._encoded()
        assert self._writer is not None
        described = {
            "store_version": STORE_VERSION,
            "segment_id": self.segment_id,
            "supersedes": list(supersedes),
            "written_at": time.time_ns(),
            "loads": [dict(load) for load in loads],
        }
        text = json.dumps(described)
        digest = hashlib.sha256(text.encode()).hexdigest()
        self._writer.add_key_value_metadata({METADATA_KEY: text, METADATA_HASH_KEY: digest})
        self._writer.close()
        sync_file(self.file)
        with self.file.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return Segment(
            segment_id=self.segment_id,
            file=self.file,
            path=f"records/{self.place}/{self.segment_id}.parquet",
            columns=self.columns,
            counts=self.counts,
            by_load=self.by_load,
            size_bytes=self.file.stat().st_size,
            sha256=sha256,
            groups=self._found_groups(),
        )

    def discard(self) -> None:
        """Closes and deletes the file."""
        try:
            self._encoded()
            if self._writer is not None:
                self._writer.close()
        except OSError:
            pass  # The disk is full, which is why it is discarded.
        finally:
            self.file.unlink(missing_ok=True)


def _with_origin(table: pa.Table, load_id: int, flow_log_id: str | None) -> pa.Table:
    """The table in the order of `records`, text as dictionaries, with load_id and flow_log_id."""
    size = table.num_rows
    columns = {name: _as_dictionary(table.column(name)) for name in table.column_names}
    # As long as a power of two, so that most blocks of an object share them.
    load_ids, flow_log_ids = _origin(load_id, flow_log_id, 1 << size.bit_length())
    columns[LOAD_ID.name] = pa.chunked_array([load_ids.slice(0, size)])
    if flow_log_ids is not None:
        columns[FLOW_LOG_ID.name] = pa.chunked_array([flow_log_ids.slice(0, size)])
    return pa.table({name: columns[name] for name in sorted(columns, key=_POSITION.__getitem__)})


@lru_cache(maxsize=4)
def _origin(load_id: int, flow_log_id: str | None, records: int) -> tuple[pa.Array, pa.Array | None]:
    """The columns load_id and flow_log_id of that many records of a load; None if it has no flow log."""
    load_ids = pa.repeat(pa.scalar(load_id, pa.int64()), records)
    if flow_log_id is None:
        return load_ids, None
    indices = pa.repeat(pa.scalar(0, pa.int32()), records)
    return load_ids, pa.DictionaryArray.from_arrays(indices, [flow_log_id])


def _as_dictionary(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.dictionary_encode() if pa.types.is_string(column.type) else column


def _by_day(table: pa.Table) -> Iterator[tuple[str, pa.Table, Counts]]:
    """The table cut by UTC day of `start`, else `end`, with what each part is; UNKNOWN_DAY for records with
    neither.
    """
    counts = counts_of(table)
    first, last = counts.min_start, counts.max_start
    if first is not None and last is not None and not counts.without_start and _day(first) == _day(last):
        yield _date(_day(first)), table, counts
        return
    times = [table.column(name) for name in ("start", "end") if name in table.column_names]
    if not times:
        yield UNKNOWN_DAY, table, counts
        return
    days = pc.divide(pc.coalesce(*times), _SECONDS_A_DAY)
    for day in sorted(pc.unique(days).to_pylist(), key=lambda day: (day is None, day)):
        part = table.filter(pc.is_null(days) if day is None else pc.equal(days, day))
        yield _date(day), part, counts_of(part)


def _day(time: int) -> int:
    return time // _SECONDS_A_DAY


def _date(day: int | None) -> str:
    if day is None or day > _LAST_DAY:
        return UNKNOWN_DAY
    return datetime.fromtimestamp(day * _SECONDS_A_DAY, UTC).date().isoformat()


def _count_statuses(statuses: pa.ChunkedArray, counts: Counts) -> None:
    if pa.types.is_dictionary(statuses.type):
        # Nearly always only OK: told without looking at the records.
        found = {value for chunk in statuses.chunks for value in chunk.dictionary.to_pylist()}
        if not found & {"NODATA", "SKIPDATA"}:
            return
    for entry in pc.value_counts(statuses.combine_chunks()).to_pylist():
        if entry["values"] == "NODATA":
            counts.nodata = entry["counts"]
        elif entry["values"] == "SKIPDATA":
            counts.skipdata = entry["counts"]


def counts_of(table: pa.Table) -> Counts:
    """What the records of a typed table are."""
    counts = Counts(records=table.num_rows)
    if "log_status" in table.column_names:
        _count_statuses(table.column("log_status"), counts)
    has_start, has_end = "start" in table.column_names, "end" in table.column_names
    counts.without_start = table.column("start").null_count if has_start else table.num_rows
    if has_start:
        counts.min_start, counts.max_start = pc.min_max(table.column("start")).as_py().values()
    if has_end:
        counts.min_end, counts.max_end = pc.min_max(table.column("end")).as_py().values()
    if counts.without_start and has_end:
        no_end = pc.is_null(table.column("end"))
        no_time = pc.and_(no_end, pc.is_null(table.column("start"))) if has_start else no_end
        counts.without_time = pc.sum(no_time).as_py() or 0
    else:
        counts.without_time = counts.without_start
    return counts
