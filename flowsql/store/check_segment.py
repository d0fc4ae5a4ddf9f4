"""Whether a segment file is what the catalogue says of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from flowsql.store.catalog import engine_connection, quoted

_COUNTS = (
    *("records", "records without start", "records without any time"),
    *("first start", "last start", "first end", "last end"),
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A segment as the catalogue lists it.

    `counts` are records, without_start, without_time, min_start, max_start, min_end, max_end; `by_load` has
    (load id, records, nodata, skipdata) of each load, in order.
    """

    segment_id: str
    path: str
    columns: tuple[str, ...]
    counts: tuple[int | None, ...]
    size_bytes: int
    sha256: str
    by_load: tuple[tuple[int, int, int, int], ...]

    @property
    def records(self) -> int:
        """Its records, dead ones included."""
        return self.counts[0] or 0


def listed_segments(con: duckdb.DuckDBPyConnection) -> list[Listed]:
    """The segments of the catalogue that `con` has as its current database, by path."""
    rows = con.execute(
        """
        select segment_id, path, columns, segments.records, without_start, without_time, min_start, max_start,
            min_end, max_end, size_bytes, sha256,
            list([load_id, l.records, l.nodata, l.skipdata] order by load_id)
        from segments left join segment_loads as l using (segment_id)
        group by all
        order by path
        """
    ).fetchall()
    return [
        Listed(row[0], row[1], tuple(row[2]), row[3:10], row[10], row[11], tuple(map(tuple, row[12])))
        for row in rows
    ]


def segment_problem(folder: Path, segment: Listed, *, quick: bool) -> str | None:
    """The first thing that is wrong with the file, or None; `quick` reads only its size and footer."""
    try:
        return next(_problems(folder / segment.path, segment, quick=quick), None)
    except FileNotFoundError:
        return "missing"
    except (OSError, pa.ArrowException, duckdb.Error) as error:
        return f"cannot be read: {str(error).splitlines()[0]}"


def _problems(file: Path, segment: Listed, *, quick: bool) -> Iterator[str]:
    size = file.stat().st_size
    if size != segment.size_bytes:
        yield f"it has {size:,} bytes, not the {segment.size_bytes:,} that were written"
    if not quick and sha256_of(file) != segment.sha256:
        yield "its bytes have changed since it was written: the SHA-256 does not fit"
    metadata = pq.read_metadata(file)
    if metadata.num_rows != segment.records:
        yield f"it has {metadata.num_rows:,} records, the catalogue {segment.records:,}"
    if tuple(metadata.schema.to_arrow_schema().names) != segment.columns:
        yield "its columns are not those in the catalogue"
    if not quick:
        counts, by_load = count_records(file, segment.columns)
        for name, said, found in zip(_COUNTS, segment.counts, counts, strict=True):
            if said != found:
                yield f"{name}: {found} in the file, {said} in the catalogue"
        if by_load != segment.by_load:
            yield "its records by load are not those in the catalogue"


def sha256_of(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal. Raises OSError."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def count_records(
    file: Path, columns: tuple[str, ...]
) -> tuple[tuple[int | None, ...], tuple[tuple[int, int, int, int], ...]]:
    """`counts` and `by_load` of Listed, from the file itself. Raises duckdb.Error."""
    start = '"start"' if "start" in columns else "cast(null as bigint)"
    end = '"end"' if "end" in columns else "cast(null as bigint)"
    status = "log_status" if "log_status" in columns else "cast(null as varchar)"
    con = engine_connection()
    try:
        source = f"read_parquet({quoted(str(file))}, hive_partitioning=false)"
        (counts,) = con.execute(
            f"""
            select count(*), count(*) - count({start}), count(*) - count(coalesce({start}, {end})),
                min({start}), max({start}), min({end}), max({end})
            from {source}
            """
        ).fetchall()
        by_load = con.execute(
            f"""
            select load_id, count(*), count(*) filter ({status} = 'NODATA'),
                count(*) filter ({status} = 'SKIPDATA')
            from {source} group by load_id order by load_id
            """
        ).fetchall()
        return counts, tuple(by_load)
    finally:
        con.close()
