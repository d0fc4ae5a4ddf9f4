"""Results one row after the other, a line a column: for wide rows and long values."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from flowsql.output.cells import cell_texts
from flowsql.output.display_width import display_width
from flowsql.output.options import Options
from flowsql.output.slices import row_slices
from flowsql.output.visible import visible
from flowsql.result import Result

_BATCH_ROWS = 1_000


def render(result: Result, sink: BinaryIO, options: Options) -> int:
    """Write each row under its number, nothing cut; the number of rows written. Null has no text.

    With a width, long values go on below where they began.
    """
    names = [visible(name) for name in result.columns]
    widest = max(map(display_width, names), default=0)
    labels = [name + " " * (widest - display_width(name)) for name in names]
    rows = 0
    for batch in row_slices(result, _BATCH_ROWS):
        lines: list[str] = []
        for cells in _rows(batch, options):
            rows += 1
            lines.append(f"── row {rows} ──")
            for label, cell in zip(labels, cells, strict=True):
                lines += _field(label, cell, options.width)
        sink.write("".join(f"{line}\n" for line in lines).encode())
    sink.write(f"({rows} row{'' if rows == 1 else 's'})\n".encode())
    return rows


def _rows(batch: pa.RecordBatch, options: Options) -> Iterator[tuple[str | None, ...]]:
    yield from zip(
        *(cell_texts(column, options.timezone).to_pylist() for column in batch.columns), strict=True
    )


def _field(label: str, cell: str | None, width: int | None) -> list[str]:
    head = f"{label} │ "
    text = visible(cell) if cell else ""
    room = None if width is None else max(width - display_width(head), 10)
    if room is None or display_width(text) <= room:
        return [f"{head}{text}".rstrip(" ")]
    # Wide characters take two columns: half as many fit for certain.
    pieces = textwrap.wrap(text, room if text.isascii() else room // 2, drop_whitespace=False)
    return [head + pieces[0], *(f"{' ' * len(label)} │ {piece}" for piece in pieces[1:])]
