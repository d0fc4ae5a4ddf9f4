"""What is written in any log format comes back, whichever way it is encoded."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from flowsql.ingest.values import MILLISECONDS_FROM
from flowsql.logformat.fields import BY_NAME, DISTINCT_FIELDS, UNKNOWN, Field, unknown_field
from flowsql.logformat.schema import arrow_type

Read = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("each_tokenizer")
Values = list[list[int | str | None]]

# What users and AWS can put into free text: anything that is neither a blank nor a control character.
_VISIBLE = st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp"), exclude_characters="\ufeff")
_TRICKY = [
    *BY_NAME,
    "a-b",
    "None",
    "null",
    "NaN",
    '"',
    '"a',
    "'",
    "\\",
    "0x1",
    "#",
    "true",
    "x,y",
    "é",
    "日本",
]
_FREE_TEXT = st.one_of(st.sampled_from(_TRICKY), st.text(_VISIBLE, min_size=1, max_size=12)).filter(
    lambda text: text != "-"
)
_TAG = st.one_of(
    st.sampled_from([*_TRICKY, "a b", " ", "100%", "%", "%20", "%zz", "a\tb", "a\nb", "\ufeff"]),
    st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12),
).filter(lambda text: text != "-")
_NAMES = {
    "action": ["ACCEPT", "REJECT"],
    "log-status": ["OK", "NODATA", "SKIPDATA", "INCOMPLETEDATA"],
    "type": ["IPv4", "IPv6", "EFA"],
    "flow-direction": ["ingress", "egress"],
    "account-id": ["123456789010", "000000000001", "unknown"],
    "region": ["us-east-1", "ap-southeast-2"],
    "az-id": ["use1-az1"],
    "interface-type": ["nat_gateway", "vpc_endpoint"],
    "sublocation-type": ["outpost", "localzone"],
    "reject-reason": ["BPA", "EC"],
}


def legal_values(field: Field) -> st.SearchStrategy[int | str | None]:
    """Values of the field as a user means them: None for absent, tags not percent-encoded."""
    values: st.SearchStrategy[Any]
    if field.unit == "unix seconds":
        values = st.integers(0, MILLISECONDS_FROM - 1)
    elif field.is_integer:
        values = st.integers(0, 2**31 - 1 if field.type == "int32" else 2**63 - 1)
    elif field.is_tag:
        values = _TAG
    elif field.family == UNKNOWN or field.name.startswith("ecs-"):
        values = _FREE_TEXT
    elif field.unit == "address":
        values = st.ip_addresses().map(str)
    else:
        ids = st.text("0123456789abcdef", min_size=8, max_size=17).map(lambda digits: f"id-0{digits}")
        values = st.sampled_from(_NAMES[field.name]) if field.name in _NAMES else ids
    return st.one_of(st.none(), values)


_UNKNOWN_NAMES = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,5}){0,2}", fullmatch=True).filter(
    lambda name: name not in BY_NAME
)


@st.composite
def logs(draw: st.DrawFn) -> tuple[tuple[Field, ...], Values]:
    """Fields in any order, at most half of them unknown, and records."""
    known = draw(st.lists(st.sampled_from(DISTINCT_FIELDS), min_size=1, max_size=8, unique=True))
    names = draw(st.lists(_UNKNOWN_NAMES, max_size=min(2, len(known)), unique=True))
    fields = tuple(draw(st.permutations([*known, *map(unknown_field, names)])))
    record = st.tuples(*map(legal_values, fields)).map(list)
    return fields, draw(st.lists(record, min_size=1, max_size=6))


def as_written(value: int | str | None, field: Field) -> int | str | None:
    return quote(value, safe="") if isinstance(value, str) and field.is_tag else value


def as_text(fields: Sequence[Field], values: Values, *, header: bool, line_end: str) -> bytes:
    lines = [" ".join(f.name for f in fields)] if header else []
    for record in values:
        written = [as_written(value, f) for value, f in zip(record, fields, strict=True)]
        lines.append(" ".join("-" if value is None else str(value) for value in written))
    return line_end.join([*lines, ""]).encode()


def as_parquet(fields: Sequence[Field], values: Values) -> bytes:
    columns = {
        f.column: pa.array([as_written(record[i], f) for record in values], arrow_type(f))
        for i, f in enumerate(fields)
    }
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, compression="gzip")
    return sink.getvalue()


def expected_rows(fields: Sequence[Field], values: Values) -> list[dict[str, Any]]:
    rows = []
    for record in values:
        pairs = list(zip(fields, record, strict=True))
        row: dict[str, Any] = {f.column: value for f, value in pairs if f.family != UNKNOWN}
        if len(row) < len(fields):
            extra = {f.name: v for f, v in pairs if f.family == UNKNOWN and v is not None}
            row["extra"] = extra or None
        rows.append(row)
    return rows


def rows_of(outcome: Any) -> list[dict[str, Any]]:
    """The rows that were read, with `extra` as a dict."""
    return [row | {"extra": json.loads(row["extra"])} if row.get("extra") else row for row in outcome.rows]


def assert_text_comes_back(
    read: Read,
    log: tuple[tuple[Field, ...], Values],
    *,
    header: bool,
    line_end: str,
    zipped: bool,
    block_bytes: int | None,
) -> None:
    fields, values = log
    text = as_text(fields, values, header=header, line_end=line_end)
    # A line of exactly the field names cannot be told from a repeated header.
    assume(" ".join(f.name for f in fields).encode() not in text.splitlines()[header:])
    outcome = read(gzip.compress(text) if zipped else text, None if header else fields, block_bytes)
    assert outcome.reasons == []
    assert outcome.fields == fields
    assert rows_of(outcome) == expected_rows(fields, values)
    assert outcome.headers == header
    assert outcome.content_bytes == len(text)
    assert not outcome.damage


_LIKE_AWS_DOES = {
    "log": logs(),
    "header": st.booleans(),
    "line_end": st.sampled_from(["\n", "\r\n"]),
    "zipped": st.booleans(),
    "block_bytes": st.one_of(st.none(), st.integers(1, 200)),
}


@given(**_LIKE_AWS_DOES)
@settings(max_examples=150, deadline=None)
def test_text_in_any_format_comes_back(read: Read, **choices: Any) -> None:
    assert_text_comes_back(read, **choices)


@pytest.mark.long
@given(**_LIKE_AWS_DOES)
@settings(max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_text_in_any_format_comes_back_at_length(read: Read, **choices: Any) -> None:
    assert_text_comes_back(read, **choices)


@given(log=logs())
@settings(max_examples=100, deadline=None)
def test_parquet_in_any_format_comes_back(read: Read, log: tuple[tuple[Field, ...], Values]) -> None:
    fields, values = log
    outcome = read(as_parquet(fields, values))
    assert outcome.reasons == []
    assert outcome.fields == fields
    assert rows_of(outcome) == expected_rows(fields, values)


@pytest.mark.parametrize("count", [1, 400, 600], ids=["one", "few", "many"])
def test_a_bad_line_among_many_costs_only_itself(read: Read, count: int) -> None:
    good = [f"10.0.0.1 {port}" for port in range(count)]
    lines = [*good[: count // 2], "10.0.0.1 x", *good[count // 2 :]]
    outcome = read("\n".join(["srcaddr srcport", *lines]).encode())
    assert [row["srcport"] for row in outcome.rows] == list(range(count))
    assert outcome.reasons == [(count // 2 + 2, "srcport: 'x' is not a 32-bit integer")]
