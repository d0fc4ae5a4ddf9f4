"""Typed text -> inputs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsql.repl.inputs import is_complete, split_expanded, split_inputs, tokens_of


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("select 1", False),
        ("select 1;", True),
        ("select 1; ", True),
        ("select 1; -- why", True),
        ("select 1 -- ;", False),
        ("select ';'", False),
        ("select 'it''s;", False),
        ("select $$;$$", False),
        ('select ";"', False),
        ("/* ; */", False),
        ("select 1 \\G", True),
        ("select '\\G'", False),
        (".tables", True),
        ("\\d records", True),
        ("quit", True),
        ("  ", True),
        ("select 'é;ü", False),
        ("select 'é', ü;", True),
    ],
)
def test_enter_runs_what_is_complete(text: str, complete: bool) -> None:
    assert is_complete(text) is complete


@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        ("select 1;\nselect 2;\n", [(1, "select 1;"), (2, "select 2;")]),
        ("select 1; select 2;\n", [(1, "select 1; select 2;")]),
        ("\n-- a note\n\nselect 1,\n  2;\n", [(2, "-- a note\n\nselect 1,\n  2;")]),
        (".timer on\nselect 1;", [(1, ".timer on"), (2, "select 1;")]),
        ("select 'x\n.tables\n';", [(1, "select 'x\n.tables\n';")]),
        ("select 1\n.5;\n", [(1, "select 1\n.5;")]),
        ("-- only a note\n.tables\n", [(2, ".tables")]),
        ("select 1", [(1, "select 1")]),
        ("-- nothing\n\n;\n", []),
        ("select 1\\G\nselect 2;", [(1, "select 1\\G"), (2, "select 2;")]),
    ],
)
def test_inputs_of_a_script(text: str, inputs: list[tuple[int, str]]) -> None:
    found = list(split_inputs(text.splitlines(keepends=True)))
    assert [(one.line, one.text) for one in found] == inputs


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("select 1\\G", ("select 1", True)),
        ("select 1 \\G;", ("select 1 ", True)),
        ("select 1;", ("select 1;", False)),
        ("select '\\G'", ("select '\\G'", False)),
    ],
)
def test_expanded_suffix(text: str, split: tuple[str, bool]) -> None:
    assert split_expanded(text) == split


@given(st.text())
def test_tokens_stand_where_they_say(text: str) -> None:
    for token in tokens_of(text):
        assert text[token.start : token.end] == token.text


@given(
    st.lists(
        st.sampled_from(["select ';'", "select 'é', \"ü;\"", "from t -- ;\n", "select $$;\n$$", "select 1"])
    )
)
def test_every_statement_is_an_input_of_its_own(statements: list[str]) -> None:
    lines = "".join(f"{statement};\n" for statement in statements).splitlines(keepends=True)
    assert [one.text for one in split_inputs(lines)] == [f"{statement};" for statement in statements]
