"""Results as a GitHub table: https://github.github.com/gfm/#tables-extension-"""

from __future__ import annotations

import re
from typing import BinaryIO

from flowsql.output.cells import cell_texts
from flowsql.output.options import Options
from flowsql.output.scalars import is_number
from flowsql.output.slices import row_slices
from flowsql.output.visible import visible
from flowsql.result import Result

_ROWS_AT_ONCE = 10_000
# What Markdown would read as markup; an underscore inside a word is not.
_MARKUP = re.compile(r"[\\|`*\[\]<&~]|(?<![^\W_])_|_(?![^\W_])")


def render(result: Result, sink: BinaryIO, options: Options) -> int:
    """Write a header and a line a row; the number of rows written. Null is an empty cell."""
    rulers = ["---:" if is_number(kind) else "---" for kind in result.schema.types]
    sink.write((_line(list(map(_cell, result.columns))) + _line(rulers)).encode())
    rows = 0
    for batch in row_slices(result, _ROWS_AT_ONCE):
        columns = [map(_cell, cell_texts(column, options.timezone).to_pylist()) for column in batch.columns]
        sink.write("".join(map(_line, zip(*columns, strict=True))).encode())
        rows += batch.num_rows
    return rows


def _cell(text: str | None) -> str:
    return _MARKUP.sub(r"\\\g<0>", visible(text)) if text else ""


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |\n"
