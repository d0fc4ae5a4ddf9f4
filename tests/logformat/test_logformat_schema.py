from __future__ import annotations

import pyarrow as pa
import pytest

from flowsql.logformat.fields import DISTINCT_FIELDS
from flowsql.logformat.format_string import parse_format_string
from flowsql.logformat.schema import EXTRA, schema_of

INT32, INT64, TEXT = pa.int32(), pa.int64(), pa.string()


@pytest.mark.parametrize(
    ("log_format", "columns"),
    [
        ("bytes srcaddr dstport", {"bytes": INT64, "srcaddr": TEXT, "dstport": INT32}),
        ("end account-id", {"end": INT64, "account_id": TEXT}),
        ("new-b start new-a", {"start": INT64, "extra": TEXT}),
        ("new-a", {"extra": TEXT}),
    ],
)
def test_columns_in_the_order_of_the_format(log_format: str, columns: dict[str, pa.DataType]) -> None:
    schema = schema_of(parse_format_string(log_format))
    assert dict(zip(schema.names, schema.types, strict=True)) == columns
    assert all(schema.field(name).nullable for name in schema.names)


def test_no_field_is_called_like_the_column_of_unknown_ones() -> None:
    assert EXTRA.name not in {f.column for f in DISTINCT_FIELDS}
