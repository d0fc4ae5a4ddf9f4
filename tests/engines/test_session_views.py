"""The views of a session are made as a statement needs them: its answer is as if all were there in full."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsql.engines import session_views
from flowsql.engines.duckdb_engine import Session
from flowsql.engines.view_making import GATHERED
from flowsql.errors import QueryError
from flowsql.query_options import QueryOptions
from flowsql.views.views import RELATIONS, VIEWS
from flowsql.workspace import Workspace

LOG = """\
version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status \
tcp-flags vpc-id
2 123456789012 eni-1 10.0.0.1 10.0.0.2 50000 443 6 3 180 1700000000 1700000010 ACCEPT OK 2 vpc-1
2 123456789012 eni-1 10.0.0.2 10.0.0.1 443 50000 6 3 900 1700000000 1700000010 ACCEPT OK 18 vpc-1
2 123456789012 eni-1 10.0.0.1 10.0.0.9 50001 443 6 1 40 1700000020 1700000030 REJECT OK 0 vpc-1
2 123456789012 eni-2 10.0.0.1 10.0.0.2 50000 443 6 3 180 1700000000 1700000010 ACCEPT OK 2 vpc-1
2 123456789012 eni-2 10.0.0.7 10.0.0.2 50000 53 17 1 60 1700000000 1700000010 ACCEPT OK 0 vpc-1
"""
# A statement that makes all views, with all columns, stay.
EVERYTHING = "create or replace macro any_of_them(t) as table from query_table(t)"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("views")
    (folder / "a.log").write_text(LOG)
    with Workspace(folder / "store") as workspace:
        workspace.load([folder / "a.log"])
        yield workspace


@pytest.fixture(scope="module")
def lean(stored: Workspace) -> Iterator[Session]:
    with stored.session(QueryOptions()) as session:
        yield session


@pytest.fixture(scope="module")
def full(stored: Workspace) -> Iterator[Session]:
    with stored.session(QueryOptions()) as session:
        _answer(session, EVERYTHING)
        yield session


def _answer(session: Session, sql: str) -> tuple[list[str], list[str]]:
    """The columns of the last statement's rows, and the rows in an order of their own."""
    result = None
    for statement in session.statements(sql):
        result = session.execute(statement, {})
        rows = result.read_all().to_pylist()
    assert result is not None
    return result.schema.names, sorted(map(repr, rows))


@pytest.mark.parametrize(
    "sql",
    [
        "from records",
        "select r from records r",
        "select count(*), max(tcp_flags) from records",
        "select bytes from records where region is null",
        "from flows",
        "select f from flows f",
        "select * exclude (bytes) from tcp_directions",
        "select columns('.*_addr') from flows",
        "select a.bytes from flows a natural join flows b",
        "select bytes from flows join (select true as counted) using (counted)",
        "select a from flows f(a, b)",
        "describe flows",
        "select * from (summarize flows)",
        "pivot flows on direction using sum(bytes)",
        "select counted, evidence from tcp_directions",
        "select other_interface from conversations",
        "from conversations",
        "select count(*) from information_schema.columns where table_schema = 'main'",
        "from query('select second_view_of from flows')",
        "create or replace temp view mine as select counted, bytes from flows; select sum(bytes) from flows; from mine",
        "create or replace macro sides() as table select direction from flows; select bytes from flows; from sides()",
        "create or replace temp table kept as select src_scope from flows; select bytes from flows; from kept",
        "prepare p as select max(counted) from flows; select bytes from flows",
    ],
)
def test_answers_are_those_of_the_whole_views(stored: Workspace, full: Session, sql: str) -> None:
    with stored.session(QueryOptions()) as session:
        assert _answer(session, sql) == _answer(full, sql)


def test_a_view_over_one_that_was_made_anew_is_made_anew(lean: Session) -> None:
    queries = [
        "select evidence from tcp_directions",
        "select counted from flows",
        "select direction, evidence from tcp_directions",
        "select evidence from tcp_directions",
        "select * from tcp_directions",
        "select bytes from flows",
    ]
    assert [len(_answer(lean, sql)[1]) for sql in queries] == [4, 5, 4, 4, 4, 5]


def _tables(session: Session) -> set[str]:
    """What of the views is a table: it has been looked up."""
    names = {name for (name,) in session.rows("select table_name from duckdb_tables() where not temporary")}
    return names & RELATIONS


@pytest.mark.parametrize(
    "listing",
    [
        "show tables",
        "from duckdb_views()",
        "describe",
        "from information_schema.columns",
        "pragma show_tables",
    ],
)
def test_a_list_of_all_relations_looks_nothing_up(stored: Workspace, full: Session, listing: str) -> None:
    sql = "select counted, direction, evidence from tcp_directions"
    with stored.session(QueryOptions()) as session:
        _, rows = _answer(session, listing)
        for relation in RELATIONS:
            assert any(f"'{relation}'" in row for row in rows), relation
        assert _tables(session) == set()
        assert _answer(session, sql) == _answer(full, sql)
        looked_up = _tables(session)
        assert looked_up
        _answer(session, listing)
        assert _tables(session) == looked_up
        _answer(session, "show tables; from flows")
        session.renew(QueryOptions.parse(since="1700000020"))
        assert _answer(session, f"{listing}; select bytes from flows")[1] == ["{'bytes': 40}"]


def test_a_list_of_columns_has_them_all(lean: Session, full: Session) -> None:
    sql = "select table_name, column_name, data_type from duckdb_columns() where table_name = 'flows'"
    assert _answer(lean, sql) == _answer(full, sql)


def test_views_of_the_user_follow_a_renewal(stored: Workspace) -> None:
    with stored.session(QueryOptions()) as session:
        _answer(session, "create temp view mine as select counted from flows; from mine")
        _answer(session, "select evidence from tcp_directions")
        session.renew(QueryOptions.parse(since="1700000020"))
        assert _answer(session, "from mine") == (["counted"], ["{'counted': True}"])


# Of one session, one after the other.
IN_SCOPE = [
    "select bytes from flows",
    "select counted, evidence from tcp_directions",
    "select * from tcp_directions",
    "from conversations",
    "from rejections",
    "from coverage",
    "from records",
    "select region from records",
]


@pytest.mark.parametrize("since", [None, "1700000020"])
@pytest.mark.parametrize(
    ("scope", "is_gathered"),
    [
        ({"interface": ["eni-1"]}, True),
        ({"interface": ["eni-1", "eni-2"], "ip": ["10.0.0.2"]}, True),
        ({"interface": ["eni-9"]}, True),
        ({"ip": ["10.0.0.1"]}, True),
        ({"vpc": ["vpc-1"], "port": ["443"]}, True),
        ({}, False),
    ],
    ids=str,
)
def test_what_is_in_the_scope_is_read_once(
    stored: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    scope: dict[str, list[str]],
    is_gathered: bool,
    since: str | None,
) -> None:
    options = QueryOptions.parse(since=since, **scope)  # type: ignore[arg-type]
    monkeypatch.setattr(session_views, "_SMALL_PART", 1)
    with stored.session(options) as session:
        gathered = [_answer(session, sql) for sql in IN_SCOPE]
        trust = session.trust(IN_SCOPE[1])
        tables = {name for (name,) in session.rows("select table_name from duckdb_tables()")}
        assert (GATHERED in tables) == is_gathered
        session.renew(QueryOptions())
        assert len(_answer(session, "from records")[1]) == 5
    monkeypatch.setattr(session_views, "_MOST_GATHERED", -1)
    with stored.session(options) as session:
        assert [_answer(session, sql) for sql in IN_SCOPE] == gathered
        assert session.trust(IN_SCOPE[1]) == trust
        assert GATHERED not in {name for (name,) in session.rows("select table_name from duckdb_tables()")}


FIELDS = "interface-id resource-id vpc-id srcaddr dstaddr srcport dstport protocol packets bytes start end action tcp-flags"


def _flow(point: str, vpc: str, source: str, target: str, flags: int = 2, ports: str = "40000 443") -> str:
    return f"{point} {vpc} {source} {target} {ports} 6 3 180 1700000000 1700000010 ACCEPT {flags}"


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([_flow("eni-1 -", "vpc-1", "10.0.0.1", "10.0.0.2")], id="one VPC"),
        pytest.param(
            [
                *(_flow("eni-1 -", "vpc-1", "10.0.0.1", f"10.9.0.{n}") for n in (2, 3)),
                *(_flow("eni-2 -", "vpc-2", "10.0.0.1", f"10.9.0.{n}") for n in (2, 3)),
                _flow("eni-2 -", "vpc-2", "10.9.0.2", "10.0.0.1", 18, "443 40000"),
                _flow("eni-1 -", "vpc-1", "10.9.0.2", "10.0.0.1", 18, "443 40000"),
            ],
            id="two VPCs",
        ),
        pytest.param(
            [
                _flow("- nat-1", "vpc-1", "10.0.0.1", "203.0.113.5"),
                _flow("- nat-1", "vpc-1", "203.0.113.5", "10.0.0.1", 16, "443 40000"),
            ],
            id="no interface",
        ),
    ],
)
def test_answers_are_those_of_the_published_catalogue(tmp_path: Path, records: list[str]) -> None:
    (tmp_path / "a.log").write_text("\n".join([FIELDS, *records]))
    statements = [
        "select srcaddr, dstaddr, interface_id, counted, second_view_of from flows",
        "select srcaddr, dstaddr, interface_id, sender_role, evidence from tcp_directions",
        "select client_addr, server_addr, interface_id, outcome from conversations",
    ]
    with Workspace(tmp_path / "store") as workspace:
        workspace.load([tmp_path / "a.log"])
        with workspace.session(QueryOptions()) as session:
            answers = [_answer(session, sql) for sql in statements]
        with duckdb.connect(str(tmp_path / "store" / "flowsql.duckdb"), read_only=True) as con:
            for sql, (columns, rows) in zip(statements, answers, strict=True):
                told = con.execute(sql).fetchall()
                assert rows == sorted(repr(dict(zip(columns, row, strict=True))) for row in told)


def test_what_is_read_only_once_is_not_kept(stored: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_views, "_SMALL_PART", 1)
    with stored.session(QueryOptions.parse(interface=["eni-1"])) as session:
        _answer(session, "select action, sum(bytes) from flows group by action")
        assert (GATHERED,) not in session.rows("select table_name from duckdb_tables()")


@pytest.mark.parametrize(
    ("sql", "meant"),
    [("select tcp_flag from flows", "tcp_flags"), ("select subnet from records", "subnet_id")],
)
def test_an_error_names_columns_that_the_statement_does_not(lean: Session, sql: str, meant: str) -> None:
    with pytest.raises(QueryError, match=f'Candidate bindings: .*"{meant}"'):
        _answer(lean, sql)


COLUMNS = st.sampled_from(
    [
        "bytes",
        "tcp_flags",
        "region",
        "counted",
        "direction",
        "src_scope",
        "second_view_of",
        '"start"',
        "Local_Addr",
    ]
)
SHOWN = st.one_of(
    COLUMNS,
    COLUMNS.map("f.{}".format),
    COLUMNS.map("max({}) over ()".format),
    COLUMNS.map("(select max({}) from flows)".format),
    st.sampled_from(["f", "*", "f.*", "count(*) over ()", "columns('.*addr')", "7 as counted", "1 * 2"]),
)
FROM = st.one_of(
    st.sampled_from(
        ["flows f", "flows as f", '"Flows" f', "(from flows) f", "tcp_directions f", "(table flows) f"]
    ),
    COLUMNS.map("(select *, {} as more from flows) f".format),
    st.just("(from flows union all by name from records) f"),
    st.just("(select f.* from flows f semi join flows g using (counted)) f"),
)
TAIL = st.one_of(
    st.just(""),
    COLUMNS.map("where {} is not null".format),
    COLUMNS.map("where f.{} is null".format),
    COLUMNS.map("qualify row_number() over (order by {}, bytes, srcaddr) >= 1".format),
    st.just("order by all"),
)


def _statement(shown: list[str], source: str, tail: str, outside: bool) -> str:
    sql = f"select {', '.join(shown)} from {source} {tail}"
    return f"with q as ({sql}) select * from q" if outside else sql


STATEMENTS = st.builds(_statement, st.lists(SHOWN, min_size=1, max_size=3), FROM, TAIL, st.booleans())


@settings(max_examples=30)
@given(STATEMENTS)
def test_answers_do_not_depend_on_what_is_made(lean: Session, full: Session, sql: str) -> None:
    assert _answer(lean, sql) == _answer(full, sql)


@pytest.mark.long
@settings(max_examples=1_000)
@given(STATEMENTS)
def test_no_answer_depends_on_what_is_made(lean: Session, full: Session, sql: str) -> None:
    assert _answer(lean, sql) == _answer(full, sql)


@pytest.mark.parametrize(("logs", "left_out"), [(1, 0), (2, 2)], ids=["one flow log", "two"])
def test_second_logs_are_what_the_view_tells(tmp_path: Path, logs: int, left_out: int) -> None:
    header, _, records = LOG.partition("\n")
    # Of another log format: another flow log, of the same interfaces and hour.
    shorter = [line.rsplit(" ", 1)[0] for line in (header, *records.splitlines())]
    for number, text in enumerate([LOG, "\n".join(shorter) + "\n"][:logs]):
        (tmp_path / f"{number}.log").write_text(text)
    (sql,) = (view.sql for view in VIEWS if view.name == "second_logs")
    with Workspace(tmp_path / "store") as workspace:
        workspace.load(sorted(tmp_path.glob("*.log")))
        with workspace.session(QueryOptions()) as session:
            (statement,) = session.statements("from second_logs")
            made = session.execute(statement, {}).read_all()
            (looked_up,) = session.statements(sql)
            told = session.execute(looked_up, {}).read_all()
    assert made.schema == told.schema
    assert sorted(map(repr, made.to_pylist())) == sorted(map(repr, told.to_pylist()))
    assert made.num_rows == left_out
