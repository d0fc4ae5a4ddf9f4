"""What a query gives back: columns, Arrow batches, and how far to trust them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Trust:
    """What an answer counted and how complete it is.

    `records` are those of the window and scope, NODATA and SKIPDATA ones included; `rejects` the
    lines refused in the objects loaded so far; `notes` are whole sentences for the reader.
    """

    window: str
    records: int
    nodata: int = 0
    skipdata: int = 0
    rejects: int = 0
    incomplete_objects: int = 0
    notes: tuple[str, ...] = ()

    def line(self) -> str:
        """The trust line: one sentence of figures, then the notes."""
        parts = [f"{self.window}: {self.records:,} {'record' if self.records == 1 else 'records'}"]
        if self.nodata:
            parts.append(f"{self.nodata:,} NODATA")
        if self.skipdata:
            parts.append(f"{self.skipdata:,} SKIPDATA (sums are lower bounds)")
        parts.append(f"{self.rejects:,} lines rejected at load" if self.rejects else "no line rejected")
        if self.incomplete_objects:
            parts.append(f"{self.incomplete_objects:,} objects incomplete")
        return "; ".join([", ".join(parts), *self.notes])


@dataclass(slots=True)
class Result:
    """The rows of one statement.

    `batches` may be a stream that can be read once; `read_all` collects what is left of it.
    `elapsed_s` is the time until the first batch was ready, `truncated` says whether a row limit
    cut the rows. `title` names the query for renderers that have a place for it; `has_rows` is false for a
    statement that gives none, such as `create temp table`.
    """

    schema: pa.Schema
    batches: Iterable[pa.RecordBatch]
    elapsed_s: float = 0.0
    truncated: bool = False
    trust: Trust | None = None
    title: str = ""
    has_rows: bool = True
    _iterator: Iterator[pa.RecordBatch] | None = field(default=None, repr=False)

    @property
    def columns(self) -> list[str]:
        """The column names, in order."""
        return list(self.schema.names)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        if self._iterator is None:
            self._iterator = iter(self.batches)
        return self._iterator

    def read_all(self) -> pa.Table:
        """The remaining rows as one Arrow table."""
        import pyarrow as pa

        return pa.Table.from_batches(list(self), schema=self.schema)
