"""Charts of block characters."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flowsql.output.display_width import display_width
from flowsql.output.text_chart import Column, bars, series, spark

NUMBERS = st.lists(
    st.none() | st.integers(-(10**12), 10**12) | st.floats(-1e9, 1e9), min_size=1, max_size=200
)


def test_bars():
    lines = bars(["a", "long\nlabel", "ß", "none"], Column("n", [100, 50, 0.5, None]), 40)
    assert lines == [
        "a           │ 100 █████████████████████",
        "long\\nlabel │  50 ██████████▌",
        "ß           │0.50 ▏",
        "none        │",
    ]


def test_series_has_its_peaks_and_ends():
    lines = series(["first", "x", "last"], Column("n", [0, 8, 4]), 20)
    assert lines[0] == "8 ┤     █████"
    assert lines[4] == "  ┤     ██████████"
    assert lines[7] == "0 ┤     ██████████"
    assert lines[8] == "   first      last"


def test_spark():
    assert spark([Column("up", [0, 1, 2, 3, 4, 5, 6, 7]), Column("no", [None])], 31) == [
        "up ▁▁▂▂▃▃▄▄▅▅▆▆▇▇██ 0 to 7",
        "no ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁ no number",
    ]


@given(NUMBERS, st.integers(20, 200))
@example([90_071_992_548, 2.2250738585e-313], 20)
@example([5e-324, 1], 20)
def test_lines_fit(numbers, width):
    labels = [f"label {i}" for i in range(len(numbers))]
    column = Column("a column", numbers)
    for line in series(labels, column, width):
        assert display_width(line) <= max(width, 24)
    drawn = bars(labels, column, width)
    assert len(drawn) == len(numbers)
    most = max((abs(n) for n in numbers if n is not None), default=0)
    for line, number in zip(drawn, numbers, strict=True):
        assert ("█" in line) or number is None or abs(number) < most or not number
        assert (number in (None, 0)) is not any(c in line for c in "▏▎▍▌▋▊▉█")


@pytest.mark.parametrize("kind", [bars, series])
def test_labels_are_harmless(kind):
    assert "\x1b" not in "".join(kind(["\x1b[31m", "b"], Column("n", [1, 2]), 60))
