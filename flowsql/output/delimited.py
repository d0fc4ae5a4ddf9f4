"""Results as csv (RFC 4180, but lines end in a line feed) and tsv."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import BinaryIO

import pyarrow as pa

from flowsql.output import compute as pc
from flowsql.output.cells import cell_texts
from flowsql.output.options import Options
from flowsql.output.scalars import is_text
from flowsql.output.slices import row_slices
from flowsql.output.small import MOST_VALUES
from flowsql.output.visible import visible
from flowsql.result import Result

_ROWS_AT_ONCE = 65_536
# What makes csv quote a cell; an empty one is quoted to differ from null.
_SPECIAL = r'[",\r\n]|^$'
Encode = Callable[[pa.StringArray], pa.StringArray]


def render_csv(result: Result, sink: BinaryIO, options: Options) -> int:
    """Write a header and a line a row; the number of rows written.

    Null is an empty cell (so an empty line where it is the only one), empty text is "". Cells with
    a comma, a quote or a line end are quoted. https://www.rfc-editor.org/rfc/rfc4180
    """
    return _render(result, sink, options, ",", _csv_cells)


def render_tsv(result: Result, sink: BinaryIO, options: Options) -> int:
    r"""Write a header and a line a row; the number of rows written.

    Null and empty text are empty cells; tab, line ends and backslash are \t, \n, \r and \\.
    """
    return _render(result, sink, options, "\t", _tsv_cells)


def _render(result: Result, sink: BinaryIO, options: Options, separator: str, encode: Encode) -> int:
    names = [_cells(pa.array([name], pa.string()), options, encode) for name in result.columns]
    sink.write(_lines(names, separator))
    rows = 0
    for batch in row_slices(result, _ROWS_AT_ONCE):
        columns = [_cells(column, options, encode) for column in batch.columns]
        sink.write(_lines(columns, separator))
        rows += batch.num_rows
    return rows


def _cells(column: pa.Array, options: Options, encode: Encode) -> pa.StringArray:
    texts = cell_texts(column, options.timezone)
    if options.csv_safe and is_text(column.type):
        texts = _formulas_disarmed(texts)
    if options.terminal:
        # A line end is harmless and csv quotes it; all else that steers a terminal is escaped.
        shown = [text and visible(text, keep="\n\t") for text in texts.to_pylist()]
        texts = pa.array(shown, pa.string())
    return encode(texts)


def _formulas_disarmed(texts: pa.StringArray) -> pa.StringArray:
    """A quote before what a spreadsheet would take for a formula.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    armed = pc.match_substring_regex(texts, r"^[=+\-@\t\r]")
    return pc.if_else(armed, pc.binary_join_element_wise("'", texts, ""), texts)


def _csv_cells(texts: pa.StringArray) -> pa.StringArray:
    if len(texts) <= MOST_VALUES:
        return pa.array(
            [None if text is None else _csv_cell(text) for text in texts.to_pylist()], pa.string()
        )
    special = pc.match_substring_regex(texts, _SPECIAL)
    if not pc.any(special).as_py():
        return texts
    doubled = pc.replace_substring(texts, '"', '""')
    return pc.if_else(special, pc.binary_join_element_wise('"', doubled, '"', ""), texts)


def _csv_cell(text: str) -> str:
    if not re.search(_SPECIAL, text):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _tsv_cells(texts: pa.StringArray) -> pa.StringArray:
    for raw, escaped in (("\\", "\\\\"), ("\t", "\\t"), ("\r", "\\r"), ("\n", "\\n")):
        texts = pc.replace_substring(texts, raw, escaped)
    return texts


def _lines(columns: list[pa.StringArray], separator: str) -> bytes:
    rows = zip(*([text or "" for text in column.to_pylist()] for column in columns), strict=True)
    return ("\n".join(map(separator.join, rows)) + "\n").encode()
