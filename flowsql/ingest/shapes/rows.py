"""Rows with named columns -> text lines of records.

The names are spelled in many ways: AWS's own (`account-id`), those of Parquet and Athena (`account_id`),
those that Logs Insights discovers (`accountId`), those of the first Athena tables (`sourceaddress`).
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from flowsql.ingest.header import MIN_NAMES
from flowsql.logformat.fields import BY_NAME, Field
from flowsql.logformat.format_string import field_named, is_field_name

# The columns of messages: Logs Insights' own, and what log collectors call the line as it came.
MESSAGES = ("@message", "message", "_raw", "body")
_ACCOUNT_DIGITS = 12
_OTHER_NAMES = {
    "starttime": "start",
    "endtime": "end",
    "account": "account-id",
    "sourceaddress": "srcaddr",
    "destinationaddress": "dstaddr",
    "sourceport": "srcport",
    "destinationport": "dstport",
    "numpackets": "packets",
    "numbytes": "bytes",
}


def _squeezed(name: str) -> str:
    return name.replace("-", "").replace("_", "").lower()


_BY_SQUEEZED = {_squeezed(name): field for name, field in BY_NAME.items()} | {
    other: BY_NAME[name] for other, name in _OTHER_NAMES.items()
}


def known_field(name: str) -> Field | None:
    """The catalogue's field that a column's name means, however it is spelled."""
    return _BY_SQUEEZED.get(_squeezed(name.strip()))


def fields_of_columns(names: Sequence[str]) -> list[Field | None] | None:
    """The field of each column, None for one that is left out; None if these are no columns of flow logs.

    At least half of them, and MIN_NAMES, are in the catalogue, no field twice. A column that is not, but is
    spelled like a field, may be a field that AWS has added; columns that begin with `@` are Logs Insights'
    own, and a second spelling beside AWS's (`start_time` beside `start`) says the same again.
    """
    exact = {name.replace("_", "-") for name in names} & BY_NAME.keys()
    fields = [_field_of_column(name, exact) for name in names]
    present = [field.name for field in fields if field]
    known = sum(name in BY_NAME for name in present)
    own = sum(not name.startswith("@") for name in names)
    if known < MIN_NAMES or 2 * known < own or len(set(present)) < len(present):
        return None
    return fields


def _field_of_column(name: str, exact: Collection[str]) -> Field | None:
    known = known_field(name)
    if known is None:
        return field_named(name) if is_field_name(name) else None
    return known if known.name not in exact or known.name == name.replace("_", "-") else None


def heading(fields: Sequence[Field | None]) -> bytes:
    """The header line of these columns."""
    return " ".join(field.name for field in fields if field).encode()


def as_line(values: Sequence[Any], fields: Sequence[Field | None]) -> bytes:
    """The line of a row's values, as AWS would write it; absent and empty ones are `-`."""
    return " ".join(
        _as_text(value, field) for value, field in zip(values, fields, strict=True) if field
    ).encode("utf-8", "surrogateescape")


def _as_text(value: Any, field: Field) -> str:
    """A value as one word: AWS writes a blank in a tag value as %20, and other values have none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if field.name == "account-id" and isinstance(value, int):
        return str(value).zfill(_ACCOUNT_DIGITS)
    text = "" if value is None else str(value).strip()
    if field.is_tag and any(char.isspace() for char in text):
        return quote(text, safe="")
    return text or "-"


def row_fields(row: Mapping[str, Any]) -> dict[str, Field] | None:
    """The catalogue's fields that a JSON object has values of, by their keys; None if it is no record."""
    fields = {key: field for key in row if (field := known_field(key)) is not None}
    names = {field.name for field in fields.values()}
    if len(names) < max(MIN_NAMES, (len(row) + 1) // 2) or len(names) < len(fields):
        return None
    return fields
