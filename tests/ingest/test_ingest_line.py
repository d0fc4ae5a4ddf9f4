from __future__ import annotations

import pytest

from flowsql.ingest.line import fault_of, normal_form
from flowsql.logformat.format_string import parse_format_string

TIME = b"2026-11-23T10:00:00.123Z"


@pytest.mark.parametrize(
    ("line", "normal"),
    [
        (b"a b", b"a b"),
        (b"  a \t\t b  ", b"a b"),
        (b"a b\r", b"a b"),
        (b"a\rb", b"a b"),
        (b"a\x0bb\x0c", b"a b"),
        (b"\xef\xbb\xbfa b", b"a b"),
        (b" \xef\xbb\xbf\xef\xbb\xbf a b", b"a b"),
        (b"a \xef\xbb\xbfb", b"a \xef\xbb\xbfb"),
        (TIME + b" a b", b"a b"),
        (TIME + b" \xef\xbb\xbfa b", b"a b"),
        (b"2026-11-23T10:00:00Z a b", b"a b"),
        (TIME + b" a", TIME + b" a"),
        (TIME + b" a b c", TIME + b" a b c"),
        (b"2026-11-23 a b", b"2026-11-23 a b"),
        (TIME, TIME),
        (b" \t\r", b""),
        (b"\xef\xbb\xbf", b""),
        (b"a\xc2\xa0b", b"a\xc2\xa0b"),
    ],
)
def test_normal_form_of_two_values(line: bytes, normal: bytes) -> None:
    assert normal_form(line, 2) == normal


@pytest.mark.parametrize(
    ("log_format", "text", "fault"),
    [
        ("srcaddr dstport", "10.0.0.1 443", ""),
        ("srcaddr dstport", "- -", ""),
        ("srcaddr dstport", "10.0.0.1", "found 1 value for 2 fields"),
        ("srcaddr dstport", "10.0.0.1 443 6", "found 3 values for 2 fields"),
        ("dstport", "1 2", "found 2 values for 1 field"),
        ("srcaddr dstport", "10.0.0.1 x", "dstport: 'x' is not a 32-bit integer"),
        ("dstport", "2147483647", ""),
        ("dstport", "2147483648", "dstport: '2147483648' is not a 32-bit integer"),
        ("bytes", "9223372036854775807", ""),
        ("bytes", "9223372036854775808", "bytes: '9223372036854775808' is not a 64-bit integer"),
        ("bytes", "9" * 41, f"bytes: '{'9' * 39}…' is not a 64-bit integer"),
        ("bytes", "-1", "bytes: '-1' is negative"),
        ("bytes", "1.0", "bytes: '1.0' is not a 64-bit integer"),
        ("bytes", "1e3", "bytes: '1e3' is not a 64-bit integer"),
        ("bytes", "+1", "bytes: '+1' is not a 64-bit integer"),
        ("bytes", "1_000", "bytes: '1_000' is not a 64-bit integer"),
        ("bytes", "\u0661", "bytes: '\u0661' is not a 64-bit integer"),
        ("bytes", "007", ""),
        ("start", "99999999999999", ""),
        (
            "start",
            "100000000000000",
            "start: '100000000000000' is neither a time in seconds nor in milliseconds",
        ),
        ("end", "-5", "end: '-5' is negative"),
        ("srcaddr", "a\x00b", "contains a NUL byte"),
    ],
)
def test_faults(log_format: str, text: str, fault: str) -> None:
    assert fault_of(text.encode(), parse_format_string(log_format)) == fault


@pytest.mark.parametrize(
    "text", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80"], ids=repr
)
def test_text_that_is_not_utf_8(text: bytes) -> None:
    assert fault_of(text, parse_format_string("srcaddr")) == "not UTF-8 text"
