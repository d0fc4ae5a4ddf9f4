"""What the place of the cursor (|) can name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsql.repl.sql_context import context_at

KNOWN = {"flows": ["srcaddr", "bytes"], "records": ["action"], "loads": ["name"]}


def at(marked: str):
    position = marked.index("|")
    return context_at(marked.replace("|", "", 1), position, KNOWN)


@pytest.mark.parametrize(
    ("marked", "relations"),
    [
        ("select | from flows", {"flows": ["srcaddr", "bytes"]}),
        ("from flows select |", {"flows": ["srcaddr", "bytes"]}),
        ("select | from flows f join records as r using (x)", {"f": ["srcaddr", "bytes"], "r": ["action"]}),
        ("select | from flows, loads l", {"flows": ["srcaddr", "bytes"], "l": ["name"]}),
        ("select | from memory.main.flows", {"flows": ["srcaddr", "bytes"]}),
        ("with x as (select srcaddr as who, count(*) as n from flows) select | from x", {"x": ["who", "n"]}),
        ("with x(a, b) as (select 1, 2) select | from x", {"x": ["a", "b"]}),
        ("with x as (from flows), y as (select * from x) select | from y", {"y": ["srcaddr", "bytes"]}),
        ("with x as materialized (select 1 as a) from x where |", {"x": ["a"]}),
        ("select | from (select bytes as b, f.* from flows f) q", {"q": ["b", "srcaddr", "bytes"]}),
        ("select | from (select n: count(*), count(*) from flows) q", {"q": ["n", "count"]}),
        (
            "select * from flows where bytes in (select | from records)",
            {"records": ["action"], "flows": ["srcaddr", "bytes"]},
        ),
        ("select 1 from loads; select | from flows; select 2 from records", {"flows": ["srcaddr", "bytes"]}),
        ("select | from range(3) t", {"t": []}),
        ("select | from range(3) t(i)", {"t": ["i"]}),
        ("select | from 'a.csv' c", {"c": []}),
        ("select 'é', | from flows", {"flows": ["srcaddr", "bytes"]}),
        ("select * from flows group by | order by 1", {"flows": ["srcaddr", "bytes"]}),
        ("select |", {}),
    ],
)
def test_visible_relations(marked: str, relations: dict[str, list[str]]) -> None:
    assert dict(at(marked).relations) == relations


@pytest.mark.parametrize(
    ("marked", "column", "word", "is_literal"),
    [
        ("select * from flows where action = |", "action", "", False),
        ("select * from flows where action = 'AC|", "action", "'AC", True),
        ("select * from flows where f.action <> 'AC|' and x", "action", "'AC", True),
        ("select * from flows where dstport in (22, |", "dstport", "", False),
        ("select * from flows where srcaddr not in ('a', '|", "srcaddr", "'", True),
        ("select * from flows where dstport between 1 and |", "dstport", "", False),
        ("select * from flows where srcaddr like '10.|", "srcaddr", "'10.", True),
        ("select count(|", None, "", False),
        ("select * from flows where f(a, |", None, "", False),
        ("select * from flows where action |", None, "", False),
        ("select 'x|", None, "'x", True),
    ],
)
def test_value_of_a_column(marked: str, column: str | None, word: str, is_literal: bool) -> None:
    context = at(marked)
    assert (context.value_of, context.word, context.is_literal) == (column, word, is_literal)


@pytest.mark.parametrize(
    ("marked", "wanted"),
    [
        ("from |", True),
        ("select 1 from fl|", True),
        ("select 1 from flows join |", True),
        ("select 1 from flows, |", True),
        ("select |", False),
        ("select 1 from flows where |", False),
        ("select 1, |", False),
        ("describe |", True),
    ],
)
def test_place_of_a_relation(marked: str, wanted: bool) -> None:
    assert at(marked).wants_relation is wanted


def test_qualifier_ctes_and_comments() -> None:
    assert at("select f.sr| from flows f").qualifier == "f"
    assert at('select "F".| from flows "F"').qualifier == "F"
    assert at("with a as (select 1), b as (select 2) select * from |").ctes == ("a", "b")
    assert at("select 1 -- wh|at").is_comment
    assert not at("select 1 -- what\n, |").is_comment


_WORDS = """
select from flows f , ( ) with x as . * 'a' ' = in ; join on é "q" : 1 union group by --c
"""


@given(st.lists(st.sampled_from([*_WORDS.split(), "\n"]), max_size=25), st.integers(0, 60))
def test_no_text_is_too_broken(words: list[str], position: int) -> None:
    text = " ".join(words)
    context = context_at(text, min(position, len(text)), KNOWN)
    assert text[: min(position, len(text))].endswith(context.word)
