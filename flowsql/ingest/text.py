"""Blocks of text lines -> typed Arrow tables and rejects.

`parse_block` is the seam: everything it promises holds for one block alone, so blocks can be parsed side by
side. A block is first read by one vectorised pass; only a block in which anything is unusual goes line by
line, and even there the good lines are read together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from flowsql.ingest import native
from flowsql.ingest.blocks import MAX_LINE_BYTES
from flowsql.ingest.header import header_fields
from flowsql.ingest.line import BYTE_ORDER_MARK, fault_of, looks_like, normal_form
from flowsql.ingest.rejects import Reject, reject_of
from flowsql.ingest.shapes.refused import refusal_of
from flowsql.ingest.values import in_range, typed_table
from flowsql.logformat.fields import BY_NAME, Field

# Below this many lines, finding the bad ones one by one beats halving again.
_FEW_LINES = 512
_DICTIONARY = pa.dictionary(pa.int32(), pa.string())
_INTEGERS = {"int32": pa.int32(), "int64": pa.int64()}
_FIELD_NAMES = pa.array([name.replace("-", "_") for name in BY_NAME])
# Blanks that are no separators to pyarrow.csv, NUL, which no record has, and the mark that editors leave.
_UNUSUAL_BYTES = (b"\t", b"\x0b", b"\x0c", b"\x00", BYTE_ORDER_MARK)


@dataclass(slots=True)
class ParsedBlock:
    """What one block holds.

    lines = records + len(rejects) + headers + blank. `tables` are (fields, typed table) pairs in the order
    of the lines; `fields` is the log format in force after the last line; line numbers of rejects
    count from 1 within the block. `milliseconds` counts records whose times were in milliseconds.
    """

    fields: tuple[Field, ...]
    tables: list[tuple[tuple[Field, ...], pa.Table]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    lines: int = 0
    records: int = 0
    headers: int = 0
    blank: int = 0
    milliseconds: int = 0

    def _add(self, fields: tuple[Field, ...], raw: pa.Table) -> None:
        table, milliseconds = typed_table(raw, fields)
        self.tables.append((fields, table))
        self.records += table.num_rows
        self.milliseconds += milliseconds


def parse_block(
    block: bytes | memoryview, fields: Sequence[Field], others: Sequence[tuple[Field, ...]] = ()
) -> ParsedBlock:
    """The records and rejects of a block of whole lines in the log format `fields`.

    A line that cannot be one but is a record in one of the log formats `others` counts as that.

    `-` becomes null, tag values are percent-decoded, millisecond times become seconds; NODATA and
    SKIPDATA records are kept; header lines inside the block change the log format from there on. No input
    raises: a line that does not fit is a reject. Nothing of the block's memory is kept.
    """
    fields = tuple(fields)
    parsed = ParsedBlock(fields)
    # Where another log format has as many fields, each line has to be looked at.
    has_twin = any(len(other) == len(fields) for other in others)
    raw, text = None if has_twin else _tokenized(block, fields), b""
    if raw is None:
        text = bytes(block).replace(b"\r\n", b"\n")
        raw = None if has_twin else _read(text, fields)
    if raw is not None and not _may_have_header(raw, fields):
        parsed.lines = raw.num_rows
        parsed._add(fields, raw)
    else:
        _parse_line_by_line(text or bytes(block), parsed, others)
    return parsed


def _parse_line_by_line(block: bytes, parsed: ParsedBlock, others: Sequence[tuple[Field, ...]]) -> None:
    lines = block.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    parsed.lines = len(lines)
    section = _Section(parsed.fields)
    other_sections = [_Section(fields) for fields in others]
    for number, line in enumerate(lines, start=1):
        if len(line) > MAX_LINE_BYTES:
            parsed.rejects.append(reject_of(number, line, f"longer than {MAX_LINE_BYTES:,} bytes"))
            continue
        if (refusal := refusal_of(line)) is not None:
            parsed.rejects.append(reject_of(number, refusal[1], refusal[0]))
            continue
        text = normal_form(line, len(section.fields))
        if not text:
            parsed.blank += 1
        elif (names := header_fields(text.split(b" "), section.fields)) is not None:
            parsed.headers += 1
            section.read_into(parsed)
            section = _Section(tuple(names))
        else:
            own, text = _belonging(line, text, section, other_sections)
            own.add(number, line, text)
    for each in (section, *other_sections):
        each.read_into(parsed)
    parsed.fields = section.fields
    parsed.rejects.sort(key=lambda reject: reject.line_number)


def _belonging(
    line: bytes, text: bytes, section: _Section, others: Sequence[_Section]
) -> tuple[_Section, bytes]:
    """The section that a line is a record of, and its normal form there; `section` if there is none."""
    if others and not (text.count(b" ") + 1 == len(section.fields) and looks_like(text, section.fields)):
        for other in others:
            own = normal_form(line, len(other.fields))
            if not fault_of(own, other.fields) and looks_like(own, other.fields):
                return other, own
    return section, text


@dataclass(slots=True)
class _Section:
    """Lines of one log format: their numbers, bytes as in the file, and normal forms."""

    fields: tuple[Field, ...]
    numbers: list[int] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)

    def add(self, number: int, line: bytes, text: bytes) -> None:
        self.numbers.append(number)
        self.lines.append(line)
        self.texts.append(text)

    def read_into(self, parsed: ParsedBlock) -> None:
        if self.texts:
            self._read_range(0, len(self.texts), parsed)

    def _read_range(self, start: int, end: int, parsed: ParsedBlock) -> None:
        raw = _read(b"\n".join(self.texts[start:end]), self.fields)
        if raw is not None:
            parsed._add(self.fields, raw)
        elif end - start > _FEW_LINES:
            middle = (start + end) // 2
            self._read_range(start, middle, parsed)
            self._read_range(middle, end, parsed)
        else:
            self._read_few(start, end, parsed)

    def _read_few(self, start: int, end: int, parsed: ParsedBlock) -> None:
        good = []
        for i in range(start, end):
            fault = fault_of(self.texts[i], self.fields)
            if fault:
                parsed.rejects.append(reject_of(self.numbers[i], self.lines[i], fault))
            else:
                good.append(i)
        raw = _read(b"\n".join(self.texts[i] for i in good), self.fields)
        if raw is not None:
            parsed._add(self.fields, raw)
            return
        for i in good:
            raw = _read(self.texts[i], self.fields)
            if raw is not None:
                parsed._add(self.fields, raw)
            else:
                reason = "cannot be read with this log format"
                parsed.rejects.append(reject_of(self.numbers[i], self.lines[i], reason))


def _read(block: bytes, fields: tuple[Field, ...]) -> pa.Table | None:
    """The block's records, one a line, by one vectorised pass; None if any line in it is unusual."""
    if not block or b"\r" in block:
        return None
    table = _tokenized(block, fields)
    return table if table is not None else _read_csv(block, fields)


def _tokenized(block: bytes | memoryview, fields: tuple[Field, ...]) -> pa.Table | None:
    table = native.tokenize(block, fields) if block else None
    return table if table is not None and _has_ordinary_texts(table, fields) else None


def _read_csv(block: bytes, fields: tuple[Field, ...]) -> pa.Table | None:
    try:
        table = csv.read_csv(
            pa.py_buffer(block),
            csv.ReadOptions(
                use_threads=False, column_names=[f.name for f in fields], block_size=len(block) + 1
            ),
            csv.ParseOptions(delimiter=" ", quote_char=False, escape_char=False, ignore_empty_lines=False),
            csv.ConvertOptions(
                column_types={f.name: _INTEGERS.get(f.type, _DICTIONARY) for f in fields},
                null_values=["-"],
                strings_can_be_null=True,
                check_utf8=False,  # `_is_ordinary` does, value by distinct value
            ),
        )
    except pa.ArrowInvalid:
        return None
    return table if _is_plausible(table, fields) else None


def _is_plausible(table: pa.Table, fields: tuple[Field, ...]) -> bool:
    """Whether no value shows that a line was misread: numbers in range, no empty text (two blanks in a row
    hide that a value is missing).
    """
    numbers_fit = all(in_range(table.column(f.name), f) for f in fields if f.is_integer)
    has_empty = any(pc.index(values, "").as_py() >= 0 for values in _texts(table, fields))
    return numbers_fit and not has_empty and _has_ordinary_texts(table, fields)


def _has_ordinary_texts(table: pa.Table, fields: tuple[Field, ...]) -> bool:
    return all(map(_is_ordinary, _texts(table, fields)))


def _texts(table: pa.Table, fields: tuple[Field, ...]) -> Iterator[pa.StringArray]:
    """The distinct values of text columns."""
    columns = [table.column(f.name) for f in fields if not f.is_integer]
    return (chunk.dictionary for column in columns for chunk in column.chunks)


def _is_ordinary(values: pa.StringArray) -> bool:
    """Whether no text holds odd bytes or is not UTF-8. The distinct values are looked at, not the block: they
    are a small part of it.
    """
    text = values.buffers()[2]
    held = text.to_pybytes() if text is not None else b""
    if not held.isascii():
        try:
            values.validate(full=True)
        except pa.ArrowInvalid:
            return False
    return not any(byte in held for byte in _UNUSUAL_BYTES)


def _may_have_header(table: pa.Table, fields: Sequence[Field]) -> bool:
    """Whether a header line may have passed for a record, which an integer column prevents."""
    if any(f.is_integer for f in fields):
        return False
    dictionaries = [chunk.dictionary for column in table.columns for chunk in column.chunks]
    return any(
        pc.any(pc.is_in(pc.replace_substring(values, "-", "_"), _FIELD_NAMES)).as_py()
        for values in dictionaries
    )
