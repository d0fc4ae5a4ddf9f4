"""Records -> segment files: how they are parted, what is known of each, and what its footer keeps."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flowsql import store
from flowsql.store.counts import Counts
from flowsql.store.ledger import Load
from flowsql.store.segments import MAX_OPEN_WRITERS, ROW_GROUP_RECORDS, Segment, SegmentSet, counts_of

DAY = 86_400
NOON = 1_795_392_000 + DAY // 2  # 2026-11-23


def table(**columns: list[object]) -> pa.Table:
    types = {"start": pa.int64(), "end": pa.int64(), "packets": pa.int64()}
    return pa.table({n: pa.array(v, types.get(n, pa.string())) for n, v in columns.items()})


def load(load_id: int) -> Load:
    return Load(
        load_id=load_id,
        identity=f"sha256:{load_id}",
        name=f"/logs/{load_id}.log",
        size_bytes=10,
        version_tag="mtime:1",
        content_bytes=20,
        content_hash=f"c{load_id}",
        head_sha256=f"h{load_id}",
        log_format="${start} ${end}",
        lines=7,
        loaded_at=NOON,
        replaces=(3,),
    )


def written(folder: Path, *tables: pa.Table) -> list[Segment]:
    """The segments of these tables, each of which belongs to a load of its own, from 1 on."""
    segments = SegmentSet(folder, ThreadPoolExecutor(1))
    for load_id, part in enumerate(tables, start=1):
        segments.add(part, load_id, None)
    return segments.finish({i: load(i).described() for i in range(1, len(tables) + 1)})


@pytest.mark.parametrize(
    ("tables", "paths"),
    [
        ([table(start=[NOON, NOON + 5], end=[NOON, NOON])], ["2026-11-23"]),
        ([table(start=[NOON]), table(start=[NOON])], ["2026-11-23"]),
        ([table(start=[NOON]), table(start=[NOON], end=[NOON])], ["2026-11-23", "2026-11-23"]),
        ([table(start=[NOON, NOON + DAY])], ["2026-11-23", "2026-11-24"]),
        ([table(start=[NOON - DAY // 2 - 1, NOON - DAY // 2])], ["2026-11-22", "2026-11-23"]),
        ([table(start=[None, NOON], end=[NOON + DAY, NOON + DAY])], ["2026-11-23", "2026-11-24"]),
        ([table(end=[NOON])], ["2026-11-23"]),
        ([table(start=[None, NOON])], ["2026-11-23", "unknown"]),
        ([table(srcaddr=["10.0.0.1"])], ["unknown"]),
        ([table(start=[10**13])], ["unknown"]),
    ],
    ids=[
        *("one day", "two objects", "two column sets", "two days", "midnight", "end decides", "only end"),
        *("neither in one record", "no time at all", "beyond any date"),
    ],
)
def test_one_segment_a_column_set_and_day(tmp_path: Path, tables: list[pa.Table], paths: list[str]) -> None:
    segments = written(tmp_path, *tables)
    assert sorted(segment.path for segment in segments) == sorted(
        f"records/day={day}/{segment.segment_id}.parquet"
        for day, segment in zip(paths, sorted(segments, key=lambda s: s.path), strict=True)
    )
    assert sum(segment.counts.records for segment in segments) == sum(part.num_rows for part in tables)


def test_many_days_share_a_segment(tmp_path: Path) -> None:
    segments = SegmentSet(tmp_path, ThreadPoolExecutor(1))
    segments.add(table(start=[NOON + n * DAY for n in range(MAX_OPEN_WRITERS - 1)]), 1, None)
    assert not segments.has_many_writers
    segments.add(
        table(start=[NOON + n * DAY for n in range(MAX_OPEN_WRITERS, MAX_OPEN_WRITERS + 9)]), 2, None
    )
    assert segments.has_many_writers
    finished = segments.finish({i: load(i).described() for i in (1, 2)})
    various = [segment for segment in finished if "day=various" in segment.path]
    assert (len(finished), len(various)) == (MAX_OPEN_WRITERS + 1, 1)
    assert various[0].counts.records == 8
    assert not segments.has_many_writers


def test_footer_describes_the_loads(tmp_path: Path) -> None:
    (segment,) = written(tmp_path, table(start=[NOON]), table(start=[NOON + 1, NOON + 2]))
    footer = json.loads(pq.read_metadata(segment.file).metadata[b"flowsql"])
    assert footer["store_version"] == 1
    assert footer["segment_id"] == segment.segment_id
    assert footer["supersedes"] == []
    # Every column of the catalogue's `loads` but the ones that only a later load sets.
    catalog = resources.files(store).joinpath("catalog.sql").read_text()
    lines = catalog.split("create table loads (")[1].split(");")[0].splitlines()
    names = {line.split()[0] for line in lines if line.strip()} - {"replaced_by"}
    for kept, load_id in zip(footer["loads"], (1, 2), strict=True):
        assert names <= kept.keys()
        assert kept == json.loads(json.dumps(load(load_id).described()))
    assert segment.by_load[1].records == 1
    assert segment.by_load[2].max_start == NOON + 2


def test_file_is_what_the_segment_says(tmp_path: Path) -> None:
    (segment,) = written(tmp_path, table(end=[5, 6], start=[5, None], srcaddr=["10.0.0.1", None]))
    content = segment.file.read_bytes()
    assert segment.sha256 == hashlib.sha256(content).hexdigest()
    assert segment.size_bytes == len(content)
    read = pq.read_table(segment.file)
    assert tuple(read.column_names) == segment.columns == ("srcaddr", "start", "end", "load_id")
    assert read.column("srcaddr").to_pylist() == ["10.0.0.1", None]
    assert read.schema.field("srcaddr").type == pa.string()


def test_flow_log_id_is_a_column_only_where_it_is_known(tmp_path: Path) -> None:
    segments = SegmentSet(tmp_path, ThreadPoolExecutor(1))
    segments.add(table(start=[NOON]), 1, None)
    segments.add(table(start=[NOON]), 2, "fl-0a1b2c3d")
    by_columns = {s.columns: s for s in segments.finish({i: load(i).described() for i in (1, 2)})}
    assert set(by_columns) == {("start", "load_id"), ("start", "load_id", "flow_log_id")}


def test_row_groups_are_of_a_size(tmp_path: Path) -> None:
    part = table(start=[NOON] * 50_000)
    (segment,) = written(tmp_path, *[part] * 5)
    metadata = pq.read_metadata(segment.file)
    sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    assert sizes == [150_000, 100_000]
    assert sizes[0] >= ROW_GROUP_RECORDS


def test_discarded_segments_leave_no_file(tmp_path: Path) -> None:
    segments = SegmentSet(tmp_path, ThreadPoolExecutor(1))
    for _ in range(2):  # one row group may still be on its way when the next one comes
        segments.add(table(start=[NOON] * ROW_GROUP_RECORDS), 1, None)
    assert list(tmp_path.iterdir())
    segments.discard()
    assert list(tmp_path.iterdir()) == []
    assert segments.records == 0


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (table(start=[5, 9], end=[6, 30]), {"max_start": 9, "min_start": 5, "min_end": 6, "max_end": 30}),
        (table(end=[6, 30]), {"without_start": 2, "min_end": 6, "max_end": 30}),
        (
            table(start=[5, None, None], end=[6, 7, None]),
            {
                "without_start": 2,
                "without_time": 1,
                "min_start": 5,
                "max_start": 5,
                "min_end": 6,
                "max_end": 7,
            },
        ),
        (table(start=[5, None]), {"without_start": 1, "without_time": 1, "min_start": 5, "max_start": 5}),
        (table(srcaddr=["a", "b"]), {"without_start": 2, "without_time": 2}),
        (
            table(start=[5] * 4, log_status=["OK", "NODATA", "SKIPDATA", "NODATA"]),
            {"nodata": 2, "skipdata": 1, "min_start": 5, "max_start": 5},
        ),
        (table(start=[None], log_status=[None]), {"without_start": 1, "without_time": 1}),
    ],
    ids=["both", "no start field", "some null", "no end field", "no time field", "statuses", "all null"],
)
def test_counts(part: pa.Table, expected: dict[str, int]) -> None:
    assert counts_of(part) == Counts(records=part.num_rows, **expected)
