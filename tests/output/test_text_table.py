from __future__ import annotations

import csv
import io
import time
import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsql.output.column_widths import share_width
from flowsql.output.display_width import cut, display_width
from flowsql.output.formats import FORMATS
from flowsql.output.options import Options
from flowsql.output.visible import visible
from flowsql.result import Result

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
FORBIDDEN = {
    chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
JAMO = {chr(code) for code in range(0x1160, 0x1200)}
FORBIDDEN |= {"\u2028", "\u2029", "\u200e", "\u200f", "\ufeff"}


@st.composite
def results(draw: st.DrawFn) -> Result:
    count = draw(st.integers(1, 6))
    rows = draw(st.integers(0, 4))
    columns = [
        pa.array(draw(st.lists(st.none() | values, min_size=rows, max_size=rows)), kind)
        for values, kind in draw(
            st.lists(
                st.sampled_from([(TEXTS, pa.string()), (st.integers(-(2**63), 2**63 - 1), pa.int64())]),
                min_size=count,
                max_size=count,
            )
        )
    ]
    batch = pa.record_batch(columns, names=draw(st.lists(TEXTS, min_size=count, max_size=count)))
    return Result(batch.schema, [batch])


def rendered(name: str, result: Result, **options: object) -> str:
    sink = io.BytesIO()
    # A Result is read once, its list of batches as often as needed.
    again = Result(result.schema, result.batches)
    FORMATS[name].render(again, sink, Options(**options))  # type: ignore[arg-type]
    return sink.getvalue().decode()


def columns_of(line: str) -> int:
    """Terminal columns, counted apart from the code under test."""
    shown = [c for c in line if unicodedata.category(c) not in ("Mn", "Me", "Cf") and c not in JAMO]
    return len(shown) + sum(unicodedata.east_asian_width(char) in "WF" for char in shown)


@given(results(), st.integers(20, 130))
def test_no_line_is_wider_than_the_terminal(result, width):
    lines = rendered("table", result, width=width).split("\n")
    assert all(columns_of(line) <= width for line in lines)


@given(results(), st.sampled_from([None, 60]))
def test_nothing_in_a_value_reaches_the_terminal_raw(result, width):
    for name in ("table", "markdown"):
        text = rendered(name, result, width=width)
        assert not FORBIDDEN & set(text.replace("\n", ""))
    lines = rendered("markdown", result).split("\n")
    assert len(lines) == 3 + sum(batch.num_rows for batch in result.batches)


@given(results())
def test_table_and_csv_agree_cell_for_cell(result):
    lines = rendered("table", result).split("\n")
    cells = list(csv.reader(io.StringIO(rendered("csv", result), newline="")))
    del lines[1]
    for line, row in zip(lines, cells, strict=False):
        rest = line
        for cell in map(visible, row or [""]):
            shown = rest.lstrip(" ")
            assert shown.startswith(cell.strip(" "))
            rest = shown[len(cell.strip(" ")) :].lstrip(" ").removeprefix("│")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x1b[2J\x00", "\\x1b[2J\\x00"),
        ("\x9b\x7f", "\\x9b\\x7f"),
        ("\u202eevil\u2066", "\\u202eevil\\u2066"),
        ("\u2028\u2029\ufeff", "\\u2028\\u2029\\ufeff"),
        ("\U000e0041", "\\U000e0041"),
        ("naïve 日本 e\u0301 \u00a0", "naïve 日本 e\u0301 \u00a0"),
        ("👩\u200d🚀", "👩\u200d🚀"),
    ],
)
def test_hidden_characters_are_escaped(text, shown):
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("text", "width"),
    [("abc", 3), ("日本", 4), ("e\u0301", 1), ("\u1112\u1161\u11ab", 2), ("🚀", 2), ("\uff57", 2), ("", 0)],
)
def test_display_width(text, width):
    assert display_width(text) == width


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "abcd…"),
        ("abcdef", 1, "…"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("日本語", 2, "…"),
        ("e\u0301e\u0301e\u0301", 2, "e\u0301…"),
    ],
)
def test_cut(text, width, shown):
    assert cut(text, width) == shown


@pytest.mark.parametrize(
    ("natural", "least", "total", "widths"),
    [
        ([5, 6], [5, 6], 14, [5, 6]),
        ([5, 60], [5, 10], 40, [5, 32]),
        ([40, 60], [10, 10], 43, [20, 20]),
        ([40, 60], [10, 10], 44, [21, 20]),
        ([40, 12, 60], [10, 10, 10], 66, [24, 12, 24]),
        ([40, 30, 60], [10, 30, 10], 56, [10, 30, 10]),
        ([40, 40, 40], [10, 10, 10], 30, [14, 13]),
        ([40, 40, 40], [10, 10, 10], 20, [20]),
        ([9, 90], [9, 90], 80, [9]),
        ([90], [90], 30, [30]),
    ],
)
def test_sharing_the_width(natural, least, total, widths):
    assert share_width(natural, least, total, 3) == widths


@pytest.mark.parametrize(
    ("array", "options", "last"),
    [
        (pa.array([], pa.int64()), {}, ["(0 rows)"]),
        (pa.array([1]), {"width": 60}, ["1", "(1 row)"]),
        (
            pa.array(["a" * 30]),
            {"width": 20},
            ["a" * 19 + "…", "(1 row)", "1 cell cut at …; all", "of it with -o FILE"],
        ),
        (pa.array([10**18]), {"width": 5}, [str(10**18), "(1 row)"]),
        (
            pa.array([12345678901234567890123], pa.decimal128(38, 0)),
            {"width": 20},
            ["                   …"],
        ),
    ],
    ids=["empty", "one", "cut", "least width", "no part of a number"],
)
def test_closing_lines(written, array, options, last):
    lines = written("table", array, **options).splitlines()[2:]
    assert lines[: len(last)] == last


def test_later_rows_are_fitted_to_the_first(written):
    texts = pa.array(["abc"] * 10_000 + ["abcdefgh"])
    assert written("table", texts, width=80).splitlines()[-3:] == [
        "ab…",
        "(10001 rows)",
        "1 cell cut at …; all of it with -o FILE",
    ]
    assert written("table", texts).splitlines()[-2:] == ["abcdefgh", "(10001 rows)"]


def test_the_stream_is_not_collected():
    """Rows are written before the stream has ended."""
    sink = io.BytesIO()
    batch = pa.record_batch({"x": list(range(10_000))})

    def batches():
        for _ in range(3):
            yield batch
        assert sink.getvalue().count(b"\n") > 20_000

    result = Result(batch.schema, batches())
    assert FORMATS["table"].render(result, sink, Options(width=80)) == 30_000


def test_ten_thousand_rows_print_quickly():
    columns = {f"c{i}": [f"10.0.{i}.{row % 256}" for row in range(10_000)] for i in range(6)}
    batch = pa.record_batch(columns)
    started = time.process_time()
    FORMATS["table"].render(Result(batch.schema, [batch]), io.BytesIO(), Options(width=80))
    # Several times what it takes, for slow machines.
    assert time.process_time() - started < 0.5
