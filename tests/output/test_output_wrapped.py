"""Long lines of text on a narrow screen."""

from __future__ import annotations

import pytest

from flowsql.output.wrapped import wrapped


@pytest.mark.parametrize(
    ("text", "columns", "lines"),
    [
        ("short\n\n  also", 20, ["short", "", "  also"]),
        (
            "about       one two three four five six",
            32,
            ["about       one two three four", "            five six"],
        ),
        ("  name  one two three four five six", 30, ["  name  one two three four", "        five six"]),
        ("two words  one two three four", 25, ["two words  one two three", "  four"]),
        (
            "  one  v2  a b c d e f g h i j k l m",
            32,
            ["  one  v2  a b c d e f g h i j k", "           l m"],
        ),
        ("-- one two three four five", 20, ["-- one two three", "four five"]),
        ("a" * 30, 20, ["a" * 30]),
        ("see one-two-three-four-five", 20, ["see", "one-two-three-four-five"]),
    ],
)
def test_lines(text: str, columns: int, lines: list[str]) -> None:
    assert wrapped(text, columns).split("\n") == lines
