"""What a query gives back: columns, Arrow batches, and how far to trust them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flowsql.trust import Trust

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(slots=True)
class Result:
    """The rows of one statement.

    `batches` may be a stream that can be read once; `read_all` collects what is left of it.
    `elapsed_s` is the time until the first batch was ready, `truncated` says whether a row limit
    cut the rows. `title` names the query for renderers that have a place for it; `has_rows` is false for a
    statement that gives none, such as `create temp table`. `judge` finds out what `trust` tells, while the
    session lasts.
    """

    schema: pa.Schema
    batches: Iterable[pa.RecordBatch]
    elapsed_s: float = 0.0
    truncated: bool = False
    judge: Callable[[], Trust] | None = field(default=None, repr=False)
    title: str = ""
    has_rows: bool = True
    _iterator: Iterator[pa.RecordBatch] | None = field(default=None, repr=False)
    _trust: Trust | None = field(default=None, repr=False)

    @property
    def trust(self) -> Trust | None:
        """How far to trust the rows; found out when first asked for, which takes a moment."""
        if self._trust is None and self.judge is not None:
            self._trust = self.judge()
        return self._trust

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
