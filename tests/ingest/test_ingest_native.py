"""The compiled tokenizer reads what pyarrow.csv reads, or refuses it."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flowsql.ingest import native
from flowsql.ingest.text import _has_ordinary_texts, _read_csv
from flowsql.ingest.values import MILLISECONDS_TO
from flowsql.logformat.fields import DEFAULT_FIELDS, Field
from flowsql.logformat.format_string import parse_format_string

FIELDS = tuple(parse_format_string("srcaddr bytes srcport start"))
GOOD = b"10.0.0.1 40 443 1418530010"


def column(values: bytes, name: str) -> list[int | str | None]:
    table = native.tokenize(values, parse_format_string(name))
    assert table is not None
    table.validate(full=True)
    return table.column(0).to_pylist()


@pytest.mark.parametrize(
    ("name", "lines", "values"),
    [
        ("bytes", b"0\n-\n7\n", [0, None, 7]),
        ("bytes", b"007\n000000000000000001", [7, 1]),
        ("bytes", b"12345678\n123456789\n999999999999999999", [12345678, 123456789, 10**18 - 1]),
        ("srcport", b"2147483647\n-", [2**31 - 1, None]),
        ("start", b"99999999999999\n1418530010", [MILLISECONDS_TO - 1, 1418530010]),
        ("srcaddr", b"-\n-\n", [None, None]),
        ("srcaddr", b"a\n-\na\nab\n--\n-1", ["a", None, "a", "ab", "--", "-1"]),
        (
            "srcaddr",
            b"exactly8\nexactly8\nexactly9!\nexactly8",
            ["exactly8", "exactly8", "exactly9!", "exactly8"],
        ),
        ("instance-tag", "caf\u00e9\n\u65e5\u672c\u8a9e".encode(), ["caf\u00e9", "\u65e5\u672c\u8a9e"]),
        ("srcaddr", b"x" * 100_000 + b"\ny", ["x" * 100_000, "y"]),
    ],
)
def test_values(name: str, lines: bytes, values: list[int | str | None]) -> None:
    assert column(lines, name) == values


def test_thousands_of_different_texts() -> None:
    texts = [f"10.{i % 7}.{i // 256 % 256}.{i % 256}" for i in range(20_000)]
    assert column("\n".join(texts).encode(), "srcaddr") == texts


@pytest.mark.parametrize(
    "block",
    [
        b"10.0.0.1 40 443\n",
        GOOD + b" x\n",
        GOOD + b" \n",
        GOOD.replace(b" ", b"  ", 1),
        b" " + GOOD,
        GOOD + b"\n\n",
        b"\n" + GOOD,
        GOOD + b"\r\n",
        GOOD.replace(b" ", b"\t", 1),
        GOOD.replace(b"40", b"4\x000"),
        GOOD.replace(b"40", b"-40"),
        GOOD.replace(b"40", b"0x40"),
        GOOD.replace(b"40", b"4.0"),
        GOOD.replace(b"40", b"1234567890123456789"),
        GOOD.replace(b"443", b"2147483648"),
        GOOD.replace(b"1418530010", str(MILLISECONDS_TO).encode()),
        GOOD.replace(b"1418530010", b"14185300\xff0"),
        GOOD.replace(b"1418530010", b"14185300:0"),
        GOOD[:-11],
    ],
    ids=repr,
)
def test_what_is_refused(block: bytes) -> None:
    assert native.tokenize(GOOD + b"\n" + block, FIELDS) is None


_VALUE = st.one_of(
    st.sampled_from(
        [b"-", b"0", b"443", b"1418530010", b"10.0.0.1", b"eni-1", b"ACCEPT", b"", b"007", b"-5"]
    ),
    st.integers(-(10**20), 10**20).map(lambda number: str(number).encode()),
    st.binary(max_size=20),
)


@st.composite
def _blocks(draw: st.DrawFn) -> tuple[tuple[Field, ...], bytes]:
    fields = tuple(draw(st.lists(st.sampled_from(DEFAULT_FIELDS), min_size=1, max_size=5, unique=True)))
    line = st.one_of(
        st.tuples(*(st.integers(0, 10**9).map(lambda n: str(n).encode()) for _ in fields)),
        st.tuples(*(_VALUE for _ in fields)),
    ).map(b" ".join)
    return fields, b"\n".join(draw(st.lists(line, min_size=1))) + draw(st.sampled_from([b"", b"\n"]))


@given(_blocks().filter(lambda case: case[1] != b""))
@example((FIELDS, b"\x80 1 1 1"))
@settings(max_examples=300, deadline=None)
def test_what_is_read_is_what_pyarrow_reads(case: tuple[tuple[Field, ...], bytes]) -> None:
    fields, block = case
    compiled = native.tokenize(block, fields)
    if compiled is None or not _has_ordinary_texts(compiled, fields):
        return
    compiled.validate(full=True)
    expected = _read_csv(block, fields)
    assert expected is not None
    assert compiled.to_pydict() == expected.to_pydict()
