"""Results as JSON: one array of objects, or one object a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from flowsql.output.column_names import unique_names
from flowsql.output.json_values import join_members, json_texts
from flowsql.output.options import Options
from flowsql.output.slices import row_slices
from flowsql.result import Result

_ROWS_AT_ONCE = 65_536


def render_ndjson(result: Result, sink: BinaryIO, options: Options) -> int:
    """Write one JSON object a line; the number of rows written."""
    rows = 0
    for objects in _objects(result, options):
        sink.write(("\n".join(objects) + "\n").encode())
        rows += len(objects)
    return rows


def render_json(result: Result, sink: BinaryIO, options: Options) -> int:
    """Write one JSON array, an object a line; the number of rows written."""
    rows = 0
    sink.write(b"[")
    for objects in _objects(result, options):
        sink.write(((",\n" if rows else "\n") + ",\n".join(objects)).encode())
        rows += len(objects)
    sink.write(b"\n]\n")
    return rows


def _objects(result: Result, options: Options) -> Iterator[list[str]]:
    """The rows as JSON objects, many at a time; a column name that repeats becomes name_2."""
    names = unique_names(result.columns)
    for batch in row_slices(result, _ROWS_AT_ONCE):
        yield join_members(
            names, [json_texts(column, options.timezone) for column in batch.columns]
        ).to_pylist()
