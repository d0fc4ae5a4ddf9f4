"""The last statement as the text of a saved query."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowsql.errors import UsageError
from flowsql.library.header import parse_query
from flowsql.repl.save_command import saved_text

SQL = "select srcaddr, 'it''s' as t from flows where srcaddr = '10.0.0.1' and dstport = 22 limit 10"


@pytest.mark.parametrize(
    ("parameters", "declared", "used"),
    [
        ({}, [], SQL),
        ({"top": "10"}, ["top integer = 10"], SQL.replace("limit 10", "limit $top")),
        ({"dstport": "22"}, ["dstport port = 22"], SQL.replace("= 22", "= $dstport")),
        ({"ip": "10.0.0.1"}, ["ip ip = 10.0.0.1"], SQL.replace("'10.0.0.1'", "$ip")),
        ({"word": "it's"}, ["word text = it's"], SQL.replace("'it''s'", "$word")),
    ],
)
def test_values_become_parameters(parameters: dict[str, str], declared: list[str], used: str) -> None:
    query = parse_query(saved_text(SQL, "What?", parameters), path=Path("q.sql"), topic="")
    assert query.question == "What?"
    assert [parameter.declaration() for parameter in query.parameters] == declared
    assert query.sql == used
    assert query.needs == {"srcaddr", "dstport"}


def test_two_uses_of_a_value_are_one_parameter() -> None:
    text = saved_text("select 1 from flows where srcaddr = 'a' or dstaddr = 'a'", "Q?", {"who": "a"})
    assert text.count("$who") == 2


@pytest.mark.parametrize(
    ("parameters", "said"), [({"x": "99"}, "no value '99'"), ({"a": "22", "b": "22"}, "two parameters")]
)
def test_values_that_are_not_there(parameters: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        saved_text(SQL, "Q?", parameters)


def test_a_comment_in_front_and_a_question_of_two_lines() -> None:
    text = saved_text("-- needs: nonsense\nselect 1 as a", "What\nis\x1b it?", {})
    query = parse_query(text, path=Path("q.sql"), topic="")
    assert query.question == "What\\nis\\x1b it?"
    assert query.needs == set()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (".save", "which name"),
        (".save Bad_Name", "no query name"),
        (".save fine", "no statement"),
        ("create temp table t as select 1 as a;\n.save fine", "one SELECT"),
    ],
)
def test_what_cannot_be_saved(shell, script: str, said: str) -> None:
    code, _, err = shell.run(script)
    assert code == 2
    assert said in err


def test_saving_in_a_batch_and_never_over_a_file(shell, home: Path) -> None:
    assert shell.run("select 7 as seven;\n.save lucky 'Which number is lucky?'\n.run lucky")[:2] == (
        0,
        "seven\n7\nseven\n7\n",
    )
    path = home / "config/flowsql/queries/lucky.sql"
    before = path.read_text()
    assert before == "-- Which number is lucky?\nselect 7 as seven\n"
    assert shell.run("select 8 as eight;\n.save lucky x")[0] == 2
    assert path.read_text() == before
