from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from flowsql.views.reading import ANYTHING, NOTHING, Reading, lasts, reading_of

RELATIONS = frozenset({"flows", "records"})


@pytest.fixture(scope="module")
def parser() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        yield con


@pytest.mark.parametrize(
    ("sql", "relations", "columns"),
    [
        ("select 1", "", ""),
        ("select bytes from flows", "flows", "bytes"),
        ('select "Bytes" from "FLOWS"', "flows", "bytes"),
        ("from memory.main.flows select bytes", "flows", "bytes"),
        ("select bytes from 'flows'", "flows", "bytes"),
        ("select f.bytes from flows f", "flows", "f bytes"),
        ("select count(*), count() from flows", "flows", ""),
        ("select bytes * 2 from flows group by all order by all", "flows", "bytes"),
        ("select sum(bytes) filter (counted) from flows", "flows", "bytes counted"),
        ("select sum(bytes) over w from flows window w as (order by start)", "flows", "bytes start"),
        ("select bytes from flows qualify rank() over (order by start) = 1", "flows", "bytes start"),
        ("select distinct on (action) bytes from flows", "flows", "action bytes"),
        (
            "select bytes from flows where exists (select 1 from records where port = x)",
            "flows records",
            "bytes port x",
        ),
        ("select bytes from flows join records using (start)", "flows records", "bytes start"),
        ("select bytes from flows limit (select max(a) from records)", "flows records", "bytes a"),
        ("with f as (select bytes from flows) select * from f", "flows", "bytes"),
        ("select * from (select bytes from flows) f where bytes > 1", "flows", "bytes"),
        ("select f from (select bytes from flows) f", "flows", "f bytes"),
        ("select bytes from flows union by name select a from records", "flows records", "bytes a"),
        (
            "with recursive r as (select a from flows union all select a + 1 from r) select a from r",
            "flows",
            "a",
        ),
        ("select list_transform([1], lambda z: z + bytes) from flows", "flows", "z bytes"),
        ("select {'k': bytes} from flows where a = $x", "flows", "bytes a"),
        ("-- counted\nselect bytes /* , * */ from flows", "flows", "bytes"),
        ("explain select bytes from flows", "flows", "bytes"),
        ("explain analyze /* a */ select bytes from flows", "flows", "bytes"),
        ("explain (format json) select bytes from flows", "flows", "bytes"),
        ("select * from loads", "", ""),
        ("select * from duckdb_settings()", "", ""),
        # All columns, as they can be seen.
        ("from flows", "flows", None),
        ("table flows", "flows", None),
        ("select * from flows", "flows", None),
        ("select * exclude (counted) from flows", "flows", None),
        ("select * replace (1 as bytes) from flows", "flows", None),
        ("select flows.* from flows, loads", "flows", None),
        ("select a.* from (select 1) a, flows", "flows", None),
        ("select (select row(f.*)) from flows f", "flows", None),
        ("select columns('b.*') from flows", "flows", None),
        ("select max(columns(*)) from flows", "flows", None),
        ("select bytes from flows order by columns('b.*')", "flows", None),
        ("select f from flows f", "flows", None),
        ("select flows from flows", "flows", None),
        ("select main.flows from flows", "flows", None),
        ("select to_json(f) from flows f", "flows", None),
        ("select f['bytes'], (f).bytes from flows f", "flows", None),
        ("select j from (flows f join loads on true) j", "flows", None),
        ("select #1 from flows", "flows", None),
        ("select a from flows f(a, b)", "flows", None),
        ("select bytes from flows natural join loads", "flows", None),
        ("with f as (from flows) select bytes from f", "flows", None),
        ("describe flows", "flows", None),
        ("summarize flows", "flows", None),
        ("select count(*) from (describe flows)", "flows", None),
        ("pivot flows on action using sum(bytes)", "flows", None),
        ("unpivot flows on bytes into name n value v", "flows", None),
        ("select 1 from flows unpivot (v for n in (bytes))", "flows", None),
        # Whatever is no SELECT.
        ("create table t as select bytes from flows", "flows", None),
        ("copy (select bytes from flows) to 'x.csv'", "flows", None),
        ("prepare p as select bytes from flows", "flows", None),
        ("create macro m() as (select max(bytes) from flows)", "flows", None),
        ("set variable x = (select max(bytes) from FLOWS)", "flows", None),
        ("explain create table t as select bytes from flows", "flows", None),
    ],
)
def test_a_statement_reads_what_its_syntax_tree_names(
    parser: duckdb.DuckDBPyConnection, sql: str, relations: str, columns: str | None
) -> None:
    seen = None if columns is None else frozenset(columns.split())
    assert reading_of(parser, sql, RELATIONS) == Reading(frozenset(relations.split()), seen)


@pytest.mark.parametrize(
    ("sql", "relations"),
    [
        ("show tables", ""),
        ("show flows", ""),
        ("describe", ""),
        ("select * from information_schema.columns", ""),
        ("select count(*) from duckdb_views()", ""),
        ("from sqlite_master", ""),
        ("select bytes from flows, duckdb_tables()", "flows"),
        ("pragma table_info('flows')", "flows"),
        ("call pragma_table_info('flows')", "flows"),
        ("create view v as from duckdb_views()", ""),
    ],
)
def test_what_lists_relations_reads_only_those_that_it_names(
    parser: duckdb.DuckDBPyConnection, sql: str, relations: str
) -> None:
    reading = reading_of(parser, sql, RELATIONS)
    assert (reading.relations, reading.lists) == (frozenset(relations.split()), True)


@pytest.mark.parametrize(
    "sql",
    [
        "from query('select bytes from ' || 'flows')",
        "from query_table($name)",
        "create macro m(t) as table from query_table(t)",
        "select * from pragma_storage_info('flows')",
    ],
)
def test_what_makes_up_the_names_of_relations_reads_anything(
    parser: duckdb.DuckDBPyConnection, sql: str
) -> None:
    assert reading_of(parser, sql, RELATIONS) == ANYTHING


@pytest.mark.parametrize(
    ("sql", "is_lasting"),
    [
        ("select bytes from flows", False),
        ("create temp table t as from flows", False),
        ("create or replace temp view v as from flows", True),
        ("create macro m() as table from flows", True),
        ("create function m() as (select 1)", True),
        ("PREPARE p as from flows", True),
    ],
)
def test_what_can_be_read_by_another_name_lasts(sql: str, is_lasting: bool) -> None:
    assert lasts(sql) == is_lasting


def test_readings_add_up() -> None:
    one, other = (
        Reading(frozenset({"flows"}), frozenset({"a"})),
        Reading(frozenset({"records"}), frozenset({"b"})),
    )
    assert one | NOTHING == one
    assert one | other == Reading(frozenset({"flows", "records"}), frozenset({"a", "b"}))
    assert one | ANYTHING == ANYTHING
    assert (ANYTHING.reads("flows"), ANYTHING.shown({"a"})) == (True, {"a"})
    assert (one.reads("records"), one.shown({"a", "b"})) == (False, {"a"})
