"""Stores that a process makes after its first: copies of a blank catalogue."""

from __future__ import annotations

from pathlib import Path

import duckdb

from flowsql.store.blank import is_made, make_blank
from flowsql.views.views import published_statements
from flowsql.workspace import Workspace


def views_of(store: Path) -> list[tuple[str, str]]:
    with duckdb.connect(str(store / "flowsql.duckdb"), read_only=True) as con:
        return con.execute(
            "select view_name, sql from duckdb_views() where not internal order by all"
        ).fetchall()


def test_stores_are_alike_but_for_who_they_are(tmp_path: Path) -> None:
    assert is_made(published_statements)
    identities = set()
    for name in ("a", "b"):
        with Workspace(tmp_path / name) as workspace:
            assert workspace.store.create()
            assert not workspace.store.create()
        with duckdb.connect(str(tmp_path / name / "flowsql.duckdb"), read_only=True) as con:
            identities.update(con.execute("select store_id from store_info").fetchall())
            assert con.execute("select count(*) from flows").fetchall() == [(0,)]
    assert len(identities) == 2
    assert views_of(tmp_path / "a") == views_of(tmp_path / "b")


def test_the_first_blank_and_its_copies_are_one(tmp_path: Path) -> None:
    def no_views(con: duckdb.DuckDBPyConnection) -> list[str]:
        return ["create macro one() as 1"]

    for name in ("first", "second"):
        assert is_made(no_views) == (name == "second")
        make_blank(tmp_path / name, no_views)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    with duckdb.connect(str(tmp_path / "second"), read_only=True) as con:
        assert con.execute("select one(), count(*) from store_info").fetchall() == [(1, 0)]


def test_records_are_those_of_the_store_itself(tmp_path: Path) -> None:
    for name, bytes_ in (("a", 180), ("b", 7)):
        log = tmp_path / f"{name}.log"
        log.write_text(f"srcaddr dstaddr bytes\n10.0.0.1 10.0.0.2 {bytes_}\n")
        with Workspace(tmp_path / name) as workspace:
            workspace.load([log])
        with duckdb.connect(str(tmp_path / name / "flowsql.duckdb"), read_only=True) as con:
            assert con.execute("select sum(bytes) from records").fetchall() == [(bytes_,)]
