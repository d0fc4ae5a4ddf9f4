"""Results as a table for people, cut to the width of their terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

import pyarrow as pa

from flowsql.output.cells import cell_texts
from flowsql.output.column_widths import share_width
from flowsql.output.display_width import ELLIPSIS, cut, display_width
from flowsql.output.json_values import is_nested
from flowsql.output.options import Options
from flowsql.output.scalars import is_number, is_text
from flowsql.output.slices import row_groups, row_slices
from flowsql.output.visible import visible
from flowsql.result import Result

_SEPARATOR, _RULE, _CROSSING = " │ ", "─", "─┼─"
# Column widths are taken from this many rows; later rows are fitted to them.
_MEASURED_ROWS = 10_000
# Text is not squeezed below this: less tells nothing.
_LEAST_TEXT = 10
_LEAST_WIDTH = 20

Texts = list[str]


@dataclass(slots=True)
class _Column:
    """One column on the screen; `width` in terminal columns, `cells_cut` counted as it is written."""

    name: str
    is_number: bool
    width: int
    may_cut: bool
    cells_cut: int = 0

    def fit(self, text: str, *, is_name: bool = False) -> str:
        """`text` padded to the width: numbers on the left, the rest on the right."""
        padding = self.width - display_width(text)
        if padding < 0 and self.may_cut:
            self.cells_cut += not is_name
            # Part of a number would read as another number.
            text = ELLIPSIS if self.is_number and not is_name else cut(text, self.width)
            padding = self.width - display_width(text)
        return " " * padding + text if self.is_number else text + " " * padding


def render(result: Result, sink: BinaryIO, options: Options) -> int:
    """Write the table and its closing lines; the number of rows written.

    With a width (20 at least) wide columns are cut, and columns that do not fit are left out from
    the right; the closing lines say so. Null is an empty cell. The rows are not kept: 10,000 of
    them set the widths.
    """
    width = None if options.width is None else max(options.width, _LEAST_WIDTH)
    batches = row_slices(result, _MEASURED_ROWS)
    measured = [_texts(batch, options) for batch in next(row_groups(batches, _MEASURED_ROWS), [])]
    columns = _columns(result.schema, measured, width)
    sink.write(_head(columns).encode())
    rows = 0
    for texts in chain(measured, (_texts(batch, options) for batch in batches)):
        sink.write(_body(columns, texts).encode())
        rows += len(texts[0])
    sink.write(_foot(columns, rows, len(result.columns), width, options.whole).encode())
    return rows


def _texts(batch: pa.RecordBatch, options: Options) -> list[Texts]:
    """The cells of a batch, one list a column."""
    return [
        [visible(text) if text else "" for text in cell_texts(column, options.timezone).to_pylist()]
        for column in batch.columns
    ]


def _columns(schema: pa.Schema, measured: list[list[Texts]], width: int | None) -> list[_Column]:
    names = [visible(name) for name in schema.names]
    numbers = [is_number(kind) for kind in schema.types]
    cells = [_widest(chain.from_iterable(texts[i] for texts in measured)) for i in range(len(names))]
    widths = [max(display_width(name), cell) for name, cell in zip(names, cells, strict=True)]
    if width is not None:
        least = [min(wish, _LEAST_TEXT) for wish in widths]
        # Part of a number or a time misleads: only text gives way.
        gives_way = [is_text(kind) or is_nested(kind) for kind in schema.types]
        least = [
            low if gives else max(low, cell) for low, cell, gives in zip(least, cells, gives_way, strict=True)
        ]
        widths = share_width(widths, least, width, len(_SEPARATOR))
    return [
        _Column(name, number, shown, may_cut=width is not None)
        for name, number, shown in zip(names, numbers, widths, strict=False)
    ]


def _widest(texts: Iterable[str]) -> int:
    return max(map(display_width, texts), default=0)


def _head(columns: list[_Column]) -> str:
    names = _SEPARATOR.join(column.fit(column.name, is_name=True) for column in columns)
    return f"{names.rstrip(' ')}\n{_CROSSING.join(_RULE * column.width for column in columns)}\n"


def _body(columns: list[_Column], texts: list[Texts]) -> str:
    fitted: list[Iterator[str]] = [map(c.fit, cells) for c, cells in zip(columns, texts, strict=False)]
    lines = (_SEPARATOR.join(cells).rstrip(" ") for cells in zip(*fitted, strict=True))
    return "".join(f"{line}\n" for line in lines)


def _foot(columns: list[_Column], rows: int, in_all: int, width: int | None, whole: str) -> str:
    lines = [f"({rows} row{'' if rows == 1 else 's'})"]
    left_out, cells_cut = in_all - len(columns), sum(column.cells_cut for column in columns)
    notices = []
    if cells_cut:
        notices.append(f"{cells_cut} cell{'' if cells_cut == 1 else 's'} cut at {ELLIPSIS}")
    if left_out:
        notices.append(f"{left_out} column{'' if left_out == 1 else 's'} left out on the right")
    if notices:
        lines += textwrap.wrap(f"{', '.join(notices)}; all of it with {whole}", width or 0)
    return "".join(f"{line}\n" for line in lines)
