"""Rejects on their way into the catalogue: kept in a file, so that memory does not grow with them."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Collection, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from flowsql.store.catalog import quoted

_SCHEMA = pa.schema(
    [
        ("load_id", pa.int64()),
        ("line_number", pa.int64()),
        ("text", pa.string()),
        ("text_bytes", pa.int64()),
        ("reason", pa.string()),
    ]
)


class RejectsFile:
    """The rejects of the loads between two commits. Empty at first, and again after `clear`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"rejects-{uuid.uuid4().hex}.parquet"
        self._writer: pq.ParquetWriter | None = None

    def add(self, load_id: int, rejects: Sequence[tuple[int, str, int, str]]) -> None:
        """Takes (line_number, text, text_bytes, reason) of refused lines. Raises OSError (disk full)."""
        if not rejects:
            return
        if self._writer is None:
            self._writer = pq.ParquetWriter(str(self._path), _SCHEMA, compression="zstd")
        columns = list(zip(*rejects, strict=True))
        self._writer.write_table(pa.table([[load_id] * len(rejects), *columns], schema=_SCHEMA))

    def insert_into(self, con: duckdb.DuckDBPyConnection, load_ids: Collection[int]) -> None:
        """Adds the rejects of these loads to the table `rejects`."""
        if self._writer is None:
            return
        self._writer.close()
        con.execute(
            f"insert into rejects select * from read_parquet({quoted(str(self._path))})"
            " where load_id in (select unnest($ids)) order by load_id, line_number",
            {"ids": list(load_ids)},
        )

    def clear(self) -> None:
        """Forgets what was added."""
        if self._writer is not None:
            with contextlib.suppress(OSError):  # The disk may be full, which is why it is cleared.
                self._writer.close()
            self._writer = None
        self._path.unlink(missing_ok=True)
