from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsql.library.placeholders import placeholders

CASES = {
    "plain": "select $a, $b_1 + $a",
    "none": "select 1",
    "string": "select '$a''$b', $c",
    "escape string": r"select e'it\'s $a', E'\\', $b",
    "quoted identifier": 'select 1 as "$a""$b", $c',
    "line comment": "select $a -- $b\n, $c",
    "block comment": "select /* $a */ $b",
    "nested comment": "select /* $a /* $b */ $c */ $d",
    "dollar quotes": "select $$ $a $$, $tag$ $b $$ $tag$, $c",
    "identifier with dollar": "select foo$bar, $a from (select 1 as foo$bar)",
    "cast and operators": "select -$a+$b::int, $c[1]",
    "after a hex string": "select x'41', $k",
    "capital": "select $Top",
    "quote in comment": "select 1 -- it's\n, $a",
}
EXPRESSIONS = ["'$s'", "e'\\'$e'", '"$q"', "$$ $d $$", "$t$ $u $t$", "f$i", "$a", "$b", "1"]
BLANKS = [" ", "\n", " -- $l it's\n", "/* $c /* $n */ '*/"]


@pytest.mark.parametrize("sql", CASES.values(), ids=CASES.keys())
def test_the_engine_finds_the_same_names(sql: str) -> None:
    (statement,) = duckdb.extract_statements(sql)
    assert set(placeholders(sql)) == set(statement.named_parameters)


@given(st.lists(st.tuples(st.sampled_from(EXPRESSIONS), st.sampled_from(BLANKS)), min_size=1, max_size=8))
def test_any_mixture_is_read_as_the_engine_reads_it(parts: list[tuple[str, str]]) -> None:
    sql = "select " + ", ".join(expression + blank for expression, blank in parts)
    (statement,) = duckdb.extract_statements(sql)
    assert set(placeholders(sql)) == set(statement.named_parameters)


@pytest.mark.parametrize(
    ("sql", "lines"),
    [
        ("select $a,\n$b,\n$a", {"a": 1, "b": 2}),
        ("-- $x\n\nselect '\n$x\n', $b", {"b": 5}),
        ("select $1", {"1": 1}),
        ("select /* $a", {}),
        ("select '$a", {"a": 1}),
    ],
    ids=["first line wins", "lines in strings count", "position", "open comment", "open string"],
)
def test_lines(sql: str, lines: dict[str, int]) -> None:
    assert placeholders(sql) == lines
