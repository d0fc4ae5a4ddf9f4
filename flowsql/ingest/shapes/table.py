"""Comma-separated text -> lines of text: exports of Athena, of Logs Insights, of other engines.

The first line names the columns: fields, in any spelling (rows.py), or one that holds whole lines.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flowsql.ingest.blocks import read_blocks
from flowsql.ingest.line import BYTE_ORDER_MARK
from flowsql.ingest.shapes.refused import refused
from flowsql.ingest.shapes.rows import MESSAGES, as_line, fields_of_columns, heading
from flowsql.logformat.fields import Field

# A quoted value may hold line ends; a quote that is never closed must not swallow the lines after it.
_MAX_LINES_OF_A_ROW = 8


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of a table: the place of the one with lines, or the field of each (None: left out)."""

    number: int
    message: int | None
    fields: tuple[Field | None, ...]


def is_table(sample: bytes) -> bool:
    """Whether text begins with the heading of a table of records or of lines."""
    heading_line = sample.lstrip(BYTE_ORDER_MARK + b" \t\r\n").split(b"\n", 1)[0]
    return _columns(heading_line) is not None


def table_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines in a table, some at a time, a row each; the heading becomes a header line, or a blank one in
    a table of lines. Only the last may lack its end, as it does in the table.
    """
    columns, rest = None, b""
    for block in read_blocks(chunks):
        text = rest + block
        if columns is None:
            body = text.lstrip(BYTE_ORDER_MARK + b" \t\r\n")
            first, line_end, text_after = body.partition(b"\n")
            columns = _columns(first)
            if columns is None:
                return
            blank = text[: len(text) - len(body)].count(b"\n")
            yield b"\n" * blank + (heading(columns.fields) if columns.message is None else b"") + line_end
            text = text_after
        lines, rest = _converted(text, columns, is_last=False)
        yield lines
    if columns is not None and rest:
        yield _converted(rest, columns, is_last=True)[0]


def _columns(line: bytes) -> _Columns | None:
    """The columns that a heading names; None if it is none of a table of records."""
    text = line.decode("utf-8", "replace").strip()
    cells = _cells(text) if "," in text else None
    if cells is None:
        return None
    names = [cell.strip() for cell in cells]
    message = next((names.index(name) for name in MESSAGES if name in names), None)
    if message is not None:
        return _Columns(len(names), message, ())
    fields = fields_of_columns(names)
    return None if fields is None else _Columns(len(names), None, tuple(fields))


def _converted(block: bytes, columns: _Columns, *, is_last: bool) -> tuple[bytes, bytes]:
    """(the lines of the rows in a block, what of it may be the beginning of a row that ends in the next)."""
    is_plain = columns.message is None and None not in columns.fields
    if is_plain and not any(byte in block for byte in (b'"', b" ", b"\t")):
        return _separated_by_blanks(block), b""
    text = block.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    lines = text.split("\n")
    converted: list[bytes] = []
    at = 0
    while at < len(lines) - 1 or (at < len(lines) and lines[at]):
        taken = _lines_of_row(lines, at, columns.number)
        if not taken and not is_last and at + _MAX_LINES_OF_A_ROW > len(lines):
            rest = "\n".join(lines[at:]).encode("utf-8", "surrogateescape")
            return b"".join(line + b"\n" for line in converted), rest
        converted.append(_line("\n".join(lines[at : at + (taken or 1)]), columns))
        at += taken or 1
    end = b"\n" if text.endswith("\n") else b""
    return b"\n".join(converted) + end, b""


def _separated_by_blanks(block: bytes) -> bytes:
    """The rows of a block in which no value has a quote or a blank."""
    text = block.replace(b"\r\n", b"\n")
    while b",," in text:
        text = text.replace(b",,", b",-,")
    text = text.replace(b"\n,", b"\n-,").replace(b",\n", b",-\n")
    start, end = b"-" * text.startswith(b","), b"-" * text.endswith(b",")
    return (start + text + end).replace(b",", b" ")


def _lines_of_row(lines: list[str], at: int, columns: int) -> int:
    """How many lines the row has that begins there; 0 if a quote in it is not closed within reason."""
    if lines[at].count('"') % 2 == 0:
        return 1
    for taken in range(2, _MAX_LINES_OF_A_ROW + 1):
        if at + taken > len(lines):
            break
        row = "\n".join(lines[at : at + taken])
        if row.count('"') % 2 == 0:
            cells = _cells(row)
            if cells is not None and len(cells) == columns:
                return taken
    return 0


def _line(row: str, columns: _Columns) -> bytes:
    """The line of a row: what its column of lines holds, or its values."""
    if not row.strip():
        return b""
    cells = _cells(row)
    if cells is None or len(cells) != columns.number:
        found = "a row that cannot be read" if cells is None else f"found {len(cells)} values"
        return refused(f"{found} for {columns.number} columns", row.encode("utf-8", "surrogateescape"))
    if columns.message is not None:
        line = " ".join(cells[columns.message].split("\n")).strip()
        return line.encode("utf-8", "surrogateescape")
    return as_line(cells, columns.fields)


def _cells(row: str) -> list[str] | None:
    try:
        return next(csv.reader([row]), [])
    except csv.Error:
        return None
