from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from flowsql.ingest.blocks import MAX_LINE_BYTES
from flowsql.ingest.rejects import MAX_TEXT_BYTES
from flowsql.ingest.text import parse_block
from flowsql.logformat.fields import DEFAULT_FIELDS
from flowsql.logformat.format_string import parse_format_string
from flowsql.logformat.schema import schema_of

Read = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("each_tokenizer")
HEADER = " ".join(f.name for f in DEFAULT_FIELDS)
LINE = "2 012345678901 eni-1 10.0.0.1 10.0.0.2 443 49152 6 0 40 1418530010 1418530070 ACCEPT OK"
RECORD = {
    "version": 2,
    "account_id": "012345678901",
    "interface_id": "eni-1",
    "srcaddr": "10.0.0.1",
    "dstaddr": "10.0.0.2",
    "srcport": 443,
    "dstport": 49152,
    "protocol": 6,
    "packets": 0,
    "bytes": 40,
    "start": 1418530010,
    "end": 1418530070,
    "action": "ACCEPT",
    "log_status": "OK",
}
TIME = "2014-12-14T04:06:50.000Z"


def many(line: str, count: int = 3) -> str:
    return f"{line}\n" * count


@pytest.mark.parametrize(
    "text",
    [
        many(LINE),
        many(LINE).removesuffix("\n"),
        many(LINE).replace("\n", "\r\n"),
        many(LINE).replace("\n", "\r\n", 1),
        many(LINE).replace(" ", "  "),
        many(LINE).replace(" ", "\t"),
        many(LINE).replace(" OK", "  OK", 1),
        many(f" {LINE} "),
        f"\ufeff{many(LINE)}",
        many(f"\ufeff{LINE}"),
        many(f"{TIME} {LINE}"),
        f"{TIME} {LINE}\n{many(LINE, 2)}",
        many(LINE.replace("1418530010", "1418530010000").replace("1418530070", "1418530070999")),
        many(LINE.replace("1418530010", "1418530010123"), 1) + many(LINE, 2),
        many(LINE.replace(" 443 ", " 0443 ")),
        many(LINE.replace(" ", "\r", 1)),
    ],
    ids=[
        "as AWS writes it",
        "no final newline",
        "CRLF",
        "CRLF once",
        "double blanks",
        "tabs",
        "a double blank once",
        "blanks around",
        "byte order mark",
        "byte order marks",
        "export timestamps",
        "export timestamp once",
        "milliseconds",
        "milliseconds once",
        "leading zero",
        "a lone carriage return",
    ],
)
@pytest.mark.parametrize(
    "before", ["", f"{HEADER}\n", f"\n \r\n{HEADER}\r\n"], ids=["bare", "header", "blanks"]
)
def test_ways_to_write_the_same_records(text: str, before: str, read: Read) -> None:
    content = before + (text.removeprefix("\ufeff") if before else text)
    outcome = read(content.encode())
    assert outcome.rows == [RECORD] * 3
    assert outcome.reasons == []
    assert (outcome.lines, outcome.headers) == (3 + before.count("\n"), HEADER in before)


@pytest.mark.parametrize(
    ("log_format", "line", "row"),
    [
        ("srcport bytes", "- -", {"srcport": None, "bytes": None}),
        ("srcport bytes", "0 0", {"srcport": 0, "bytes": 0}),
        ("account-id", "000000000001", {"account_id": "000000000001"}),
        ("account-id", "unknown", {"account_id": "unknown"}),
        ("instance-tag", "a%20b", {"instance_tag": "a b"}),
        ("instance-tag", "%E6%97%A5", {"instance_tag": "日"}),
        ("instance-tag", "%2D", {"instance_tag": "-"}),
        ("instance-tag", "a+b", {"instance_tag": "a+b"}),
        ("instance-tag", "100%", {"instance_tag": "100%"}),
        ("instance-tag", "%zz", {"instance_tag": "%zz"}),
        ("instance-tag", "%ff", {"instance_tag": "%ff"}),
        ("instance-tag", "%2520", {"instance_tag": "%20"}),
        ("instance-tag", "version", {"instance_tag": "version"}),
        ("ecs-service-name", "srcaddr", {"ecs_service_name": "srcaddr"}),
        ("srcaddr", "a%20b", {"srcaddr": "a%20b"}),
        ("srcaddr", "None", {"srcaddr": "None"}),
        ("srcaddr", '"x', {"srcaddr": '"x'}),
        ("tcp-flags start", "2 1418530010", {"tcp_flags": 2, "start": 1418530010}),
        ("start", "99999999999", {"start": 99999999999}),
        ("start", "100000000000", {"start": 100000000}),
        ("new-b srcport new-a", "x 1 -", {"srcport": 1, "extra": {"new-b": "x"}}),
        ("new-b new-a", "- -", {"extra": None}),
    ],
)
def test_values(log_format: str, line: str, row: dict[str, Any], read: Read) -> None:
    (found,) = read(f"{line}\n".encode(), parse_format_string(log_format)).rows
    if found.get("extra"):
        found["extra"] = json.loads(found["extra"])
    assert found == row


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (LINE.removesuffix(" OK"), "found 13 values for 14 fields"),
        (LINE + " more", "found 15 values for 14 fields"),
        ("x", "found 1 value for 14 fields"),
        ("end", "found 1 value for 14 fields"),
        (LINE.replace(" 443 ", " https "), "srcport: 'https' is not a 32-bit integer"),
        (LINE.replace(" 443 ", " 4294967296 "), "srcport: '4294967296' is not a 32-bit integer"),
        (LINE.replace(" 40 ", " 1.5 "), "bytes: '1.5' is not a 64-bit integer"),
        (LINE.replace(" 40 ", " -40 "), "bytes: '-40' is negative"),
        (
            LINE.replace("1418530010", "141853001000000"),
            "start: '141853001000000' is neither a time in seconds nor in milliseconds",
        ),
        (LINE.replace("eni-1", "eni\x00"), "contains a NUL byte"),
        (LINE.replace("eni-1", "eni\udcff"), "not UTF-8 text"),
        (LINE.replace("eni-1", "e" * MAX_LINE_BYTES), "longer than 1,048,576 bytes"),
        ("é" * (MAX_LINE_BYTES // 2 + 1), "longer than 1,048,576 bytes"),
    ],
    ids=[
        "a value too few",
        "a value too many",
        "a word",
        "a word that is a field",
        "text for a number",
        "more than 32 bits",
        "a fraction",
        "negative",
        "no time",
        "NUL",
        "not UTF-8",
        "overlong",
        "overlong garbage",
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_lines_that_are_no_records(bad: str, reason: str, line_end: str, read: Read) -> None:
    raw = bad.encode("utf-8", "surrogateescape")
    content = line_end.join([HEADER, LINE, bad, "", LINE]).encode("utf-8", "surrogateescape")
    outcome = read(content)
    assert outcome.rows == [RECORD] * 2
    assert outcome.reasons == [(3, reason)]
    assert (outcome.lines, outcome.headers, outcome.blank) == (5, 1, 1)
    (reject,) = outcome.rejects
    if len(raw) <= MAX_TEXT_BYTES:
        shown = raw.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
        assert (reject.text, reject.text_bytes) == (shown, len(raw))
    else:
        assert raw.decode()[:1000] == reject.text[:1000]
        assert len(reject.text.encode()) <= MAX_TEXT_BYTES + 4
        assert reject.text_bytes > MAX_LINE_BYTES


OTHER = "srcaddr dstport action"


@pytest.mark.parametrize(
    ("lines", "rows", "reasons", "headers"),
    [
        ([HEADER, LINE, HEADER, LINE], [RECORD] * 2, [], 2),
        ([LINE, HEADER, LINE], [RECORD] * 2, [], 1),
        ([HEADER, HEADER, LINE], [RECORD], [], 2),
        (
            [HEADER, LINE, OTHER, "10.0.0.9 5 ACCEPT"],
            [RECORD, {"srcaddr": "10.0.0.9", "dstport": 5, "action": "ACCEPT"}],
            [],
            2,
        ),
        (
            [HEADER, LINE, OTHER, LINE, "10.0.0.9 5 ACCEPT", HEADER, LINE],
            [RECORD, {"srcaddr": "10.0.0.9", "dstport": 5, "action": "ACCEPT"}, RECORD],
            [(4, "found 14 values for 3 fields")],
            3,
        ),
        (["", "", HEADER, "", LINE, ""], [RECORD], [], 1),
        ([HEADER], [], [], 1),
        ([HEADER, ""], [], [], 1),
    ],
    ids=[
        "repeated",
        "only in the middle",
        "twice",
        "changed",
        "changed and back",
        "after blank lines",
        "alone",
        "and a blank line",
    ],
)
@pytest.mark.parametrize("block_bytes", [None, 100, 400], ids=["one block", "tiny blocks", "small blocks"])
def test_header_lines(
    lines: list[str],
    rows: list[dict[str, Any]],
    reasons: list[tuple[int, str]],
    headers: int,
    block_bytes: int | None,
    read: Read,
) -> None:
    outcome = read("\n".join(lines).encode() + b"\n", None, block_bytes)
    assert outcome.rows == rows
    assert outcome.reasons == reasons
    assert (outcome.headers, outcome.blank) == (headers, lines.count(""))
    assert outcome.lines == len(lines)


def test_one_record_with_two_times_in_milliseconds_counts_once(read: Read) -> None:
    lines = [
        "start end",
        "1418530010123 1418530070123",
        "1418530010 1418530070123",
        "- 1418530070",
        "1418530010123 -",
    ]
    outcome = read("\n".join(lines).encode())
    assert [row["start"] for row in outcome.rows] == [1418530010, 1418530010, None, 1418530010]
    assert outcome.milliseconds == 3


def test_columns_have_the_types_of_the_schema() -> None:
    fields = parse_format_string("bytes srcaddr dstport instance-tag new-field")
    ((_, table),) = parse_block(b"1 10.0.0.1 443 a%20b x\n", fields).tables
    assert table.cast(schema_of(fields)).schema == schema_of(fields)
    assert [
        pa.types.is_dictionary(table.schema.field(name).type) for name in ("srcaddr", "instance_tag")
    ] == [
        True,
        True,
    ]


def test_only_unusual_blocks_go_line_by_line() -> None:
    parsed = parse_block(many(LINE, 5000).encode() + b"x\n" + many(LINE, 5000).encode(), DEFAULT_FIELDS)
    assert (parsed.records, len(parsed.rejects)) == (10_000, 1)
    assert parsed.rejects[0].line_number == 5001
    assert len(parsed.tables) < 20
