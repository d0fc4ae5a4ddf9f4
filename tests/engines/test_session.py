"""A session that is renewed: what stays, what follows the store."""

from __future__ import annotations

import pytest

from flowsql.errors import StoreError
from flowsql.query_options import QueryOptions


def _rows(session, sql: str) -> list[tuple[object, ...]]:
    rows = []
    for statement in session.statements(sql):
        rows = [tuple(row.values()) for row in session.execute(statement, {}).read_all().to_pylist()]
    return rows


def test_renewal_keeps_what_statements_made_and_follows_the_store(workspace, tmp_path, log_text) -> None:
    (tmp_path / "a.log").write_bytes(log_text(range(1, 4)))
    (tmp_path / "b.log").write_bytes(log_text(range(4, 6), start=1_795_500_000))
    workspace.load([tmp_path / "a.log"])
    with workspace.session(QueryOptions()) as session:
        _rows(session, "create temp table t as select 1 as a; create macro m(x) as x + 1; set variable v = 5")
        assert session.trust().records == 3
        workspace.load([tmp_path / "b.log"])
        assert _rows(session, "select count(*) from records") == [(3,)]
        session.renew(QueryOptions())
        assert _rows(session, "select count(*) from records") == [(5,)]
        assert session.trust().records == 5
        session.renew(QueryOptions.parse(since="1795500000"))
        assert _rows(session, "select count(*), min($since), m(1), getvariable('v') from flows, t") == [
            (2, 1_795_500_000, 2, 5)
        ]
        assert session.trust(notes=["a note"]).notes == ("a note",)
        assert session.trust().notes == ()


def test_a_statement_split_before_a_renewal_reads_the_views_of_the_session(
    workspace, tmp_path, log_text
) -> None:
    (tmp_path / "a.log").write_bytes(log_text(range(1, 4)))
    workspace.load([tmp_path / "a.log"])
    with workspace.session(QueryOptions()) as session:
        (statement,) = session.statements("select count(*) as n from flows")
        for renewed, expected in (("1600000000", 3), ("1900000000", 0)):
            session.renew(QueryOptions.parse(since=renewed))
            assert session.execute(statement, {}).read_all().to_pylist() == [{"n": expected}]
            views = "select view_name from duckdb_views() where database_name = 'memory' and not internal"
            assert ("flows",) in session.rows(views)


def test_renewal_that_fails_can_be_tried_again(workspace, tmp_path, log_text) -> None:
    (tmp_path / "a.log").write_bytes(log_text(range(1, 4)))
    workspace.load([tmp_path / "a.log"])
    with workspace.session(QueryOptions()) as session:
        _rows(session, "create temp table t as select 1 as a")
        published = workspace.store.catalog.path
        published.rename(published.with_suffix(".away"))
        with pytest.raises(StoreError):
            session.renew(QueryOptions())
        published.with_suffix(".away").rename(published)
        session.renew(QueryOptions())
        assert _rows(session, "select count(*) from records, t") == [(3,)]


def test_progress_is_a_share(workspace, tmp_path, log_text) -> None:
    (tmp_path / "a.log").write_bytes(log_text(range(1, 4)))
    workspace.load([tmp_path / "a.log"])
    with workspace.session(QueryOptions()) as session:
        assert session.progress() == 0
        _rows(session, "select sum(range) from range(1000000)")
        assert 0 <= session.progress() <= 1
