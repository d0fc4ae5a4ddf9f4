"""Raw columns -> the typed columns of `records`: times, tag values, unknown fields."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

import pyarrow as pa
import pyarrow.compute as pc

from flowsql.logformat.fields import UNKNOWN, Field
from flowsql.logformat.schema import EXTRA

# Times of this size are milliseconds: as seconds they would lie after the year 5138.
MILLISECONDS_FROM = 10**11
# Times of this size are neither seconds nor milliseconds.
MILLISECONDS_TO = 10**14


def typed_table(raw: pa.Table, fields: Sequence[Field]) -> tuple[pa.Table, int]:
    """(one column per known field under its column name, and `extra` if there are unknown ones;
    how many records had a time in milliseconds, which is now in seconds).

    `raw` has a column per field under its AWS name: integers, and text as dictionaries or strings.
    """
    columns: dict[str, pa.ChunkedArray] = {}
    in_milliseconds: list[pa.ChunkedArray] = []
    for field in fields:
        if field.family == UNKNOWN:
            continue
        column = raw.column(field.name)
        if field.is_tag:
            column = _percent_decoded(column)
        elif field.unit == "unix seconds":
            column, changed = _in_seconds(column)
            in_milliseconds += changed
        columns[field.column] = column
    unknown = [field for field in fields if field.family == UNKNOWN]
    if unknown:
        columns[EXTRA.name] = _extra(raw, unknown)
    changed_records = pc.sum(functools.reduce(pc.or_, in_milliseconds)).as_py() if in_milliseconds else 0
    return pa.table(columns), changed_records


def in_range(column: pa.ChunkedArray | pa.Array, field: Field) -> bool:
    """Whether no integer is negative, and no time too large for seconds and milliseconds."""
    span = pc.min_max(column).as_py()
    if span["min"] is None:
        return True
    return span["min"] >= 0 and not (field.unit == "unix seconds" and span["max"] >= MILLISECONDS_TO)


def _in_seconds(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, list[pa.ChunkedArray]]:
    """The column in seconds, and a mask of the values that were milliseconds if there are any."""
    largest = pc.max(column).as_py()
    if largest is None or largest < MILLISECONDS_FROM:
        return column, []
    is_milliseconds = pc.fill_null(pc.greater_equal(column, MILLISECONDS_FROM), False)
    return pc.if_else(is_milliseconds, pc.divide(column, 1000), column), [is_milliseconds]


def _percent_decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Tag values as users wrote them; one that is no valid encoding stays as it is."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    if not any(pc.any(pc.match_substring(c.dictionary, "%")).as_py() for c in column.chunks):
        return column
    chunks = [
        pa.array([_decoded(text) for text in chunk.dictionary.to_pylist()], pa.string())
        .take(chunk.indices)
        .dictionary_encode()
        for chunk in column.chunks
    ]
    return pa.chunked_array(chunks, pa.dictionary(pa.int32(), pa.string()))


def _decoded(text: str) -> str:
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        return text


def _extra(raw: pa.Table, unknown: Sequence[Field]) -> pa.ChunkedArray:
    """One JSON object of text per record, without the absent values; null where all are absent."""
    columns = [raw.column(field.name).to_pylist() for field in unknown]
    names = [field.name for field in unknown]
    known: dict[tuple[object, ...], str | None] = {}

    def as_json(values: tuple[object, ...]) -> str | None:
        if values not in known:
            present = {n: str(v) for n, v in zip(names, values, strict=True) if v is not None}
            known[values] = json.dumps(present, ensure_ascii=False) if present else None
        return known[values]

    return pa.chunked_array([pa.array([as_json(v) for v in zip(*columns, strict=True)], EXTRA.type)])
