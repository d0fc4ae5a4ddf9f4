"""No input crashes the reader, and no input costs it a good line."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from flowsql.errors import SourceError
from flowsql.ingest.decompress import GZIP_MAGIC
from flowsql.ingest.detect import PARQUET_MAGIC
from flowsql.ingest.header import header_fields
from flowsql.ingest.line import normal_form
from flowsql.ingest.text import ParsedBlock, parse_block
from flowsql.logformat.fields import DEFAULT_FIELDS, Field
from flowsql.logformat.format_string import parse_format_string

Read = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("each_tokenizer")
GOOD = b"2 123456789010 eni-good%d 10.0.0.1 10.0.0.2 443 49152 6 %d 4249 1418530010 1418530070 ACCEPT OK"

# Bytes that mean something to one of the layers.
_SPICE = st.sampled_from(
    [
        *[b" ", b"  ", b"\t", b"\r", b"\r\r", b"\n", b"\x0b", b"\x0c", b"\x00", b"\x1c", b"\x85", b"\xa0"],
        *[b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc0\x80", b"-", b"--", b'"', b"'", b"\\", b",", b"%"],
        *[b"0", b"-1", b"1", b"0x1f", b"007", b"+5", b"1e3", b"2147483648", b"9223372036854775808", b"%41"],
        *[b"1418530010", b"1418530010123", b"100000000000000", b"ACCEPT", b"OK", b"NODATA", b"10.0.0.1"],
        *[b"srcaddr", b"srcport", b"pkt_srcaddr", b"pkt-src_aws-service", b"instance-tag", b"new-field"],
        *[
            b"version",
            b"2026-11-23T10:00:00.000Z",
            b"2026-11-23T10:00:00Z",
            b"caf\xc3\xa9",
            b"eni-1",
            b"eni_1",
        ],
    ]
)
_PIECE = st.one_of(_SPICE, st.binary(max_size=6))
_LINE = st.one_of(
    st.lists(_PIECE, max_size=16).map(b" ".join),
    st.lists(_PIECE, max_size=8).map(b"".join),
)


@st.composite
def _almost_good(draw: st.DrawFn) -> bytes:
    """A good line with one value replaced, added or left out."""
    values = (GOOD % (7, 1)).replace(b"good", b"nearly").split(b" ")
    at = draw(st.integers(0, len(values) - 1))
    values[at : at + draw(st.integers(0, 2))] = draw(st.lists(_PIECE, max_size=2))
    return b" ".join(values)


_GARBAGE = st.one_of(_LINE, _almost_good())


def _is_header(line: bytes, fields: Sequence[Field]) -> bool:
    text = normal_form(line, len(fields))
    return bool(text) and header_fields(text.split(b" "), fields, is_first=True) is not None


@st.composite
def _mixed(draw: st.DrawFn) -> tuple[bytes, int]:
    """Good lines with garbage anywhere between them, and how many are good."""
    line_end = draw(st.sampled_from([b"\n", b"\r\n"]))
    parts, good = [], 0
    for is_good in draw(st.lists(st.booleans(), min_size=1, max_size=12)):
        if is_good:
            parts.append(GOOD % (good, good))
            good += 1
        else:
            garbage = draw(_GARBAGE)
            # A header line may change the log format; that is tested elsewhere.
            assume(not any(_is_header(line, DEFAULT_FIELDS) for line in garbage.split(b"\n")))
            parts.append(garbage)
    assume(not parts[0].startswith((GZIP_MAGIC, PARQUET_MAGIC)))
    assume(good or not any(_is_header(line, ()) for part in parts for line in part.split(b"\n")))
    return line_end.join(parts) + draw(st.sampled_from([b"", line_end])), good


def _lines_in(content: bytes) -> int:
    return sum(1 for _ in io.BytesIO(content))


def assert_no_good_line_is_lost(read: Read, mixed: tuple[bytes, int], block_bytes: int) -> None:
    content, good = mixed
    assume(content)
    try:
        outcome = read(content)
    except SourceError:
        assert not good
        return
    recovered = [
        (row["interface_id"], row["packets"], row["bytes"], row["start"], row["action"])
        for row in outcome.rows
        if (row["interface_id"] or "").startswith("eni-good")
    ]
    assert recovered == [(f"eni-good{i}", i, 4249, 1418530010, "ACCEPT") for i in range(good)]
    assert outcome.lines == outcome.accounted_for == _lines_in(content)
    assert outcome.content_bytes == len(content)
    assert read(content, None, block_bytes) == outcome


@given(mixed=_mixed(), block_bytes=st.integers(1, 300))
@settings(max_examples=400, deadline=None)
def test_garbage_costs_no_good_line(read: Read, mixed: tuple[bytes, int], block_bytes: int) -> None:
    assert_no_good_line_is_lost(read, mixed, block_bytes)


@pytest.mark.long
@given(mixed=_mixed(), block_bytes=st.integers(1, 300))
@settings(max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))
def test_garbage_costs_no_good_line_at_length(read: Read, mixed: tuple[bytes, int], block_bytes: int) -> None:
    assert_no_good_line_is_lost(read, mixed, block_bytes)


@given(content=st.one_of(st.binary(max_size=400), st.lists(_GARBAGE, max_size=8).map(b"\n".join)))
@settings(max_examples=300, deadline=None)
def test_bytes_are_read_or_refused(read: Read, content: bytes) -> None:
    try:
        outcome = read(content, parse_format_string("srcaddr dstport"))
    except SourceError:
        return
    assert outcome.damage or outcome.lines == outcome.accounted_for == _lines_in(content)


FORMATS = {
    "default": DEFAULT_FIELDS,
    "one text field": parse_format_string("srcaddr"),
    "one integer field": parse_format_string("dstport"),
    "one tag": parse_format_string("instance-tag"),
    "two text fields": parse_format_string("srcaddr dstaddr"),
    "text before a number": parse_format_string("srcaddr dstport"),
    "times": parse_format_string("start end"),
    "unknown fields": parse_format_string("new-field start other-field"),
    "tags": parse_format_string("instance-tag interface-tag region"),
}


def _signature(parsed: ParsedBlock) -> dict[str, Any]:
    return {
        "rows": [row for _, table in parsed.tables for row in table.to_pylist()],
        "columns": [table.column_names for _, table in parsed.tables for _ in range(table.num_rows)],
        "rejects": parsed.rejects,
        "counts": (parsed.lines, parsed.records, parsed.headers, parsed.blank, parsed.milliseconds),
        "fields": parsed.fields,
    }


def _line_by_line(block: bytes, fields: Sequence[Field]) -> ParsedBlock:
    whole = ParsedBlock(tuple(fields))
    for line in io.BytesIO(block):
        one = parse_block(line, whole.fields)
        whole.rejects += [reject.moved(whole.lines) for reject in one.rejects]
        whole.tables += one.tables
        whole.fields = one.fields
        for count in ("lines", "records", "headers", "blank", "milliseconds"):
            setattr(whole, count, getattr(whole, count) + getattr(one, count))
    return whole


@st.composite
def _blocks(draw: st.DrawFn, fields: Sequence[Field]) -> bytes:
    """Lines of about the right number of values; often such that the fast path takes them all."""
    width = st.lists(_PIECE, min_size=len(fields), max_size=len(fields)).map(b" ".join)
    lines = draw(st.lists(st.one_of(width, width, _GARBAGE), min_size=1, max_size=6))
    return b"\n".join(lines) + draw(st.sampled_from([b"", b"\n"]))


def assert_a_block_is_its_lines(block: bytes, fields: Sequence[Field]) -> None:
    parsed = parse_block(block, fields)
    assert parsed.lines == parsed.records + len(parsed.rejects) + parsed.headers + parsed.blank
    assert parsed.lines == _lines_in(block)
    assert _signature(parsed) == _signature(_line_by_line(block, fields))


@pytest.mark.parametrize("fields", FORMATS.values(), ids=FORMATS)
@given(data=st.data())
@settings(max_examples=120, deadline=None)
def test_a_block_means_what_its_lines_mean(fields: Sequence[Field], data: st.DataObject) -> None:
    assert_a_block_is_its_lines(data.draw(_blocks(fields)), fields)


@pytest.mark.long
@pytest.mark.parametrize("fields", FORMATS.values(), ids=FORMATS)
@given(data=st.data())
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_block_means_what_its_lines_mean_at_length(fields: Sequence[Field], data: st.DataObject) -> None:
    assert_a_block_is_its_lines(data.draw(_blocks(fields)), fields)
