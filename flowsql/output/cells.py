"""The text of a cell: the same in a table, in csv, in tsv and in markdown."""

from __future__ import annotations

import pyarrow as pa

from flowsql.output import compute as pc
from flowsql.output.json_values import is_nested, json_texts
from flowsql.output.scalars import scalar_texts, values


def cell_texts(array: pa.Array, timezone: str = "UTC") -> pa.StringArray:
    """The text of each value, null for null; lists, structs and maps as JSON."""
    array = values(array)
    if is_nested(array.type):
        return pc.if_else(array.is_valid(), json_texts(array, timezone), None)
    return scalar_texts(array, timezone)
