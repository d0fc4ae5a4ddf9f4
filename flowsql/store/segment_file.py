"""What a segment file says of itself, for when no catalogue does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from flowsql.store.segments import LOAD_ID, METADATA_HASH_KEY, METADATA_KEY, RECORD_COLUMNS, STORE_VERSION

_KNOWN_COLUMNS = {column.name for column in RECORD_COLUMNS}


class SegmentDamaged(Exception):
    """A file that is no whole segment; the text says why."""


@dataclass(frozen=True, slots=True)
class SegmentFile:
    """A segment by its own metadata.

    `loads` has the description of each load by its id (Load.described). `written_at` is in nanoseconds, 0 in
    segments of the first version of flowsql.
    """

    segment_id: str
    file: Path
    columns: tuple[str, ...]
    records: int
    written_at: int
    supersedes: tuple[str, ...]
    loads: Mapping[int, Mapping[str, Any]]


def read_segment_file(file: Path) -> SegmentFile:
    """The metadata of a segment. Raises SegmentDamaged for anything else, OSError."""
    try:
        metadata = pq.read_metadata(file)
        columns = tuple(metadata.schema.to_arrow_schema().names)
        described = _described(metadata.metadata or {})
        loads = {int(load["load_id"]): load for load in described["loads"]}
        found = SegmentFile(
            segment_id=described["segment_id"],
            file=file,
            columns=columns,
            records=metadata.num_rows,
            written_at=described.get("written_at", 0),
            supersedes=tuple(described["supersedes"]),
            loads=loads,
        )
    except (pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise SegmentDamaged(f"cannot be read: {_first_line(error)}") from error
    if found.segment_id != file.stem:
        raise SegmentDamaged("its name is not that of the segment in it")
    if not {LOAD_ID.name} <= set(columns) <= _KNOWN_COLUMNS:
        raise SegmentDamaged("it has other columns than a segment")
    return found


def verify_pages(file: Path) -> None:
    """Reads the whole file against the checksums of its pages. Raises SegmentDamaged, OSError."""
    try:
        with pq.ParquetFile(file, page_checksum_verification=True) as opened:
            for _ in opened.iter_batches():
                pass
    except pa.ArrowException as error:
        raise SegmentDamaged(f"cannot be read: {_first_line(error)}") from error
    except OSError as error:
        if error.errno is not None:
            raise
        # What pyarrow finds wrong in the bytes it raises as an OSError of its own.
        raise SegmentDamaged(f"cannot be read: {_first_line(error)}") from error


def _described(metadata: Mapping[bytes, bytes]) -> dict[str, Any]:
    text = metadata[METADATA_KEY.encode()]
    described: dict[str, Any] = json.loads(text)
    if described["store_version"] > STORE_VERSION:
        raise ValueError(f"it is of store version {described['store_version']}, unknown to this flowsql")
    digest = metadata.get(METADATA_HASH_KEY.encode())
    if "written_at" in described and digest != hashlib.sha256(text).hexdigest().encode():
        raise ValueError("its metadata does not fit its checksum")
    return described


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
