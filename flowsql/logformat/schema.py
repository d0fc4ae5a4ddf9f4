"""A list of Fields -> the Arrow schema of its records."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from flowsql.logformat.fields import UNKNOWN, Field

# Text of unknown fields as one JSON object; only records of formats that have such fields carry it.
EXTRA = pa.field("extra", pa.string())

_ARROW_TYPES = {"int32": pa.int32(), "int64": pa.int64(), "string": pa.string()}


def arrow_type(field: Field) -> pa.DataType:
    """int32, int64 or string: the types of AWS's own Parquet delivery."""
    return _ARROW_TYPES[field.type]


def schema_of(fields: Sequence[Field]) -> pa.Schema:
    """One nullable column per known field, in order; `extra` last if there are unknown ones."""
    known = [pa.field(f.column, arrow_type(f)) for f in fields if f.family != UNKNOWN]
    extra = [EXTRA] if any(f.family == UNKNOWN for f in fields) else []
    return pa.schema(known + extra)
