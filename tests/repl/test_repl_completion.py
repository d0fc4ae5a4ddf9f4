"""What the menu offers, over a real session and a real store."""

from __future__ import annotations

import re

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from flowsql.repl.completion import ShellCompleter
from flowsql.repl.well_known import VIEW_VALUES
from flowsql.views.views import VIEWS, macro_statements


@pytest.fixture
def menu(shell):
    """The texts that the menu has at the cursor, `|`; asked for with Tab if `tab`."""
    names = shell.shell.names
    completer = ShellCompleter(lambda: names.vocabulary, lambda: ["n", "action"])

    def at(marked: str, *, tab: bool = True) -> list[str]:
        names.catch_up()
        names.wait(60)
        document = Document(marked.replace("|", "", 1), marked.index("|"))
        return [c.text for c in completer.get_completions(document, CompleteEvent(completion_requested=tab))]

    return at


@pytest.mark.parametrize(
    ("marked", "first"),
    [
        ("select srca| from flows", ["srcaddr", "pkt_srcaddr"]),
        ("select f.srcp| from flows f", ["srcport"]),
        ("from fl|", ["flows"]),
        ("select * from flows where action = |", ["'ACCEPT'", "'REJECT'"]),
        ("select * from flows where action = 'R|", ["'REJECT'"]),
        ("select * from flows where action = rej|", ["'REJECT'"]),
        ("select * from flows where dstport = |", ["22", "443"]),
        ("select * from flows where dstport = https|", ["443"]),
        ("select * from flows where protocol = tc|", ["6"]),
        ("select * from flows where protocol_name = '|", ["'tcp'"]),
        ("select * from flows where vpc_id = '|", ["'vpc-0abc'"]),
        ("select * from flows where srcaddr in ('10.0.0.1', '|", ["'10.0.0.0'", "'10.0.0.1'"]),
        ("select en| from records", ['"end"']),
        ("select * from conversations where outcome = |", ["'answered'", "'silent'"]),
        ("select * from conversations where server_addr = |", ["'10.9.0.1'"]),
        ("select * from conversations where server_port = |", ["22", "443"]),
        ("select * from flows where src_scope <> '|", ["'vpc'", "'private'"]),
        ("with mine as (select 1 as one) select | from mine", ["one", "mine"]),
        ("select protocol_na| from records", ["protocol_name("]),
        ("SELE|", ["SELECT"]),
        (".wind|", [".window"]),
        (".run top by=po|", ["by=port"]),
        (".run rejected-by-p|", ["rejected-by-port"]),
        (".scope vpc=|", ["vpc=vpc-0abc"]),
        (".sc|", [".scope", ".schema"]),
        (".format ndj|", ["ndjson"]),
        (".schema rec|", ["records"]),
        (".fields pkt-s|", ["pkt-srcaddr", "pkt-src-aws-service"]),
        (".chart spark |", ["bars"]),
    ],
)
def test_first_of_the_menu(menu, marked: str, first: list[str]) -> None:
    assert menu(marked)[: len(first)] == first


def test_nothing_is_offered_where_nothing_fits(menu) -> None:
    assert menu("select 1 -- sr|") == []
    assert menu("select 'x|") == []
    assert menu("select 1 |", tab=False) == []
    assert menu(".nosuch a|") == []


def test_names_of_the_session_are_offered(menu, shell) -> None:
    shell.run("create temp table mine as select 1 as only_here; create macro my_macro(x) as x;")
    assert menu("select only_| from mine") == ["only_here"]
    assert "my_macro(" in menu("select my_m|")


def test_reading_names_makes_no_view_nor_reads_a_record(menu, shell) -> None:
    assert menu("from fl|")[:1] == ["flows"]
    made = "select view_name from duckdb_views() where database_name = 'memory' and not internal"
    basic = {"records", "loads", "segments", "objects", "flow_logs", "rejects"}
    assert {name for (name,) in shell.shell.session.rows(made)} == basic
    assert (
        shell.shell.session.rows("select table_name from duckdb_tables() where database_name = 'memory'")
        == []
    )


def test_all_columns_of_flows_fit_into_the_menu(menu, shell) -> None:
    offered = menu("select f.| from flows f")
    shell.run("select * from flows limit 0;")
    assert len(offered) == len(shell.shell.columns_of_answer())


def test_values_of_view_columns_are_those_that_the_views_write() -> None:
    columns = {column for view in VIEWS for column in re.findall(r"\w+", view.sql)}
    written = " ".join([*(view.sql for view in VIEWS), *macro_statements()])
    for column, values in VIEW_VALUES.items():
        assert column in columns
        assert [value for value in values if f"'{value}'" not in written] == []


def test_files_are_offered(menu, home) -> None:
    (home / "logs").mkdir()
    (home / "logs" / "a.gz").touch()
    assert menu(f".load {home}/lo|") == [f"{home}/logs/"]
    assert menu(f".load {home}/logs/|") == [f"{home}/logs/a.gz"]


def test_hostile_values_are_shown_harmlessly(tmp_path, home, capsys) -> None:
    from flowsql.cli.main import main

    log = tmp_path / "hostile.log"
    log.write_text("srcaddr dstaddr action\n10.0.0.1\x1b[31m 10.0.0.2 AC'CEPT\n")
    main(["load", str(log), "--store", str(tmp_path / "store")])
    from flowsql.repl.completion import _matching, _values
    from flowsql.repl.sql_context import context_at
    from flowsql.repl.vocabulary import Vocabulary, read_values
    from flowsql.workspace import Workspace

    vocabulary = Vocabulary(values=read_values(Workspace(tmp_path / "store").store.catalog))
    context = context_at("select 1 from flows where srcaddr = '", 37, {})
    (found,) = _matching(context.word, [list(_values(context, vocabulary))])
    assert "\x1b" not in found.display_text
    context = context_at("select 1 from flows where action = 'AC'", 38, {})
    assert "'AC''CEPT'" in [c.text for c in _values(context, vocabulary)]
