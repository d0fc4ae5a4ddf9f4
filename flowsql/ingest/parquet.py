"""Parquet objects -> typed Arrow tables and rejects.

AWS writes its documented types, underscore names and either null or `-` for absent text. Files that went
through other hands have text for numbers, `None` for absent ones, wide or floating integers, timestamps, or
account ids as numbers; all of these mean the same and are read so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Executor
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flowsql.ingest.decompress import ContentStream
from flowsql.ingest.detect import NotFlowLogs
from flowsql.ingest.rejects import Reject, reject_of
from flowsql.ingest.text import ParsedBlock
from flowsql.ingest.values import in_range, typed_table
from flowsql.logformat.fields import UNKNOWN, Field
from flowsql.logformat.format_string import field_named, is_field_name
from flowsql.logformat.schema import arrow_type

_BATCH_ROWS = 125_000
_ABSENT_NUMBERS = pa.array(["-", "None", ""])
_ACCOUNT_DIGITS = 12
# ValueError: names that are not UTF-8.
_DAMAGED = (pa.ArrowException, OSError, ValueError)


class ParquetReading:
    """A Parquet object being read; lines are its rows, and its content is the file itself."""

    log_group = ""

    def __init__(self, raw: BinaryIO, name: str, head_bytes: int, *, quick: bool) -> None:
        self._raw = raw
        self._name = name
        self.damage = ""
        content = ContentStream(raw, quick=quick)
        for _ in content.chunks():
            pass
        self.content_hash, self.content_bytes = content.content_hash, content.size_bytes
        raw.seek(0)
        self.head = raw.read(head_bytes)
        raw.seek(0)
        self.fields: tuple[Field, ...] = ()
        try:
            self._file = pq.ParquetFile(raw, page_checksum_verification=True)
            names = self._file.schema_arrow.names
        except _DAMAGED as error:
            self.damage = f"no readable Parquet footer ({_first_line(error)})"
            return
        self.fields = _fields_of(names, name)

    def parsed(self, pool: Executor) -> Iterator[ParsedBlock]:
        """The object's rows in batches; what is read before a damaged page is yielded."""
        rows_before = 0
        batches = self._file.iter_batches(_BATCH_ROWS) if self.fields else iter(())
        while True:
            try:
                batch = next(batches, None)
            except _DAMAGED as error:
                self.damage = f"a part of the Parquet file is damaged ({_first_line(error)})"
                return
            if batch is None:
                return
            block = parse_batch(batch.rename_columns([f.name for f in self.fields]), self.fields)
            block.rejects = [reject.moved(rows_before) for reject in block.rejects]
            rows_before += block.lines
            yield block

    @property
    def bytes_read(self) -> int:
        """Where the object is being read."""
        return self._raw.tell()

    def close(self) -> None:
        """Lets go of the object's bytes."""
        self._raw.close()


def parse_batch(batch: pa.RecordBatch, fields: tuple[Field, ...]) -> ParsedBlock:
    """The records and rejects of a batch with one column per field, under AWS's names."""
    parsed = ParsedBlock(fields, lines=batch.num_rows)
    columns = [_converted(batch.column(f.name), f) for f in fields]
    if any(column is None for column in columns):
        batch, parsed.rejects = _without_bad_rows(batch, fields)
        columns = [_converted(batch.column(f.name), f) for f in fields]
    table = pa.table(dict(zip([f.name for f in fields], columns, strict=True)))
    typed, parsed.milliseconds = typed_table(table, fields)
    parsed.records = typed.num_rows
    parsed.tables.append((fields, typed))
    return parsed


def _fields_of(names: list[str], where: str) -> tuple[Field, ...]:
    fields = tuple(_field_of_column(name) for name in names)
    known = {f.name for f in fields if f.family != UNKNOWN}
    if not known or 2 * len(known) < len(fields):
        raise NotFlowLogs("not flow logs: Parquet with other columns", where=where)
    if len({f.name for f in fields}) < len(fields):
        raise NotFlowLogs("not flow logs: Parquet with two columns for one field", where=where)
    return fields


def _field_of_column(name: str) -> Field:
    lower = name.strip().lower()
    return field_named(lower) if is_field_name(lower) else field_named(name)


def _converted(column: pa.Array, field: Field) -> pa.Array | None:
    """The column in the field's type, `-` as null; None if a value does not fit."""
    if column.null_count == len(column):
        return pa.nulls(len(column), arrow_type(field))
    try:
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        return _integers(column, field) if field.is_integer else _text(column, field)
    except (ValueError, OverflowError, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        return None


def _integers(column: pa.Array, field: Field) -> pa.Array | None:
    if _is_text(column.type):
        text = pc.utf8_trim_whitespace(column.cast(pa.string()))
        column = pc.if_else(pc.is_in(text, _ABSENT_NUMBERS), None, text)
    elif pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("s"), safe=False).cast(pa.int64())
    integers = _without_nan(column).cast(arrow_type(field))
    return integers if in_range(integers, field) else None


def _text(column: pa.Array, field: Field) -> pa.Array:
    if pa.types.is_nested(column.type):
        values = [None if v is None else json.dumps(v, default=str) for v in column.to_pylist()]
        return pa.array(values, pa.string())
    if field.name == "account-id" and _is_number(column.type):
        return pc.utf8_lpad(_without_nan(column).cast(pa.int64()).cast(pa.string()), _ACCOUNT_DIGITS, "0")
    text = column.cast(pa.string())
    # Arrow takes a file's word for it that text is UTF-8.
    text.validate(full=True)
    return pc.if_else(pc.equal(text, "-"), None, text)


def _without_nan(column: pa.Array) -> pa.Array:
    return pc.if_else(pc.is_nan(column), None, column) if pa.types.is_floating(column.type) else column


def _is_number(data_type: pa.DataType) -> bool:
    is_exact = pa.types.is_integer(data_type) or pa.types.is_decimal(data_type)
    return bool(is_exact or pa.types.is_floating(data_type))


def _is_text(data_type: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(data_type)
        or pa.types.is_large_string(data_type)
        or pa.types.is_string_view(data_type)
        or pa.types.is_binary(data_type)
        or pa.types.is_large_binary(data_type)
    )


def _without_bad_rows(
    batch: pa.RecordBatch, fields: tuple[Field, ...]
) -> tuple[pa.RecordBatch, list[Reject]]:
    """The rows whose values all fit, and a reject for each of the others."""
    faults: dict[int, str] = {}
    for field in fields:
        column = batch.column(field.name)
        if _converted(column, field) is not None:
            continue
        for row in range(batch.num_rows):
            if row not in faults and _converted(column.slice(row, 1), field) is None:
                kind = "is out of range or not an integer" if field.is_integer else "is not UTF-8 text"
                faults[row] = f"{field.name}: {_shown(column, row)} {kind}"
    rejects = []
    for row, fault in sorted(faults.items()):
        values = {f.name: _shown(batch.column(f.name), row) for f in fields}
        rejects.append(reject_of(row + 1, json.dumps(values, default=str).encode(), fault))
    return batch.filter(pa.array([row not in faults for row in range(batch.num_rows)])), rejects


def _shown(column: pa.Array, row: int) -> object:
    """A value to show, also where Python has none for it: bad UTF-8, nanoseconds, the year 10000."""
    try:
        return column[row].as_py()
    except (ValueError, OverflowError):
        return column.slice(row, 1).to_string().strip("[ \n]")


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
