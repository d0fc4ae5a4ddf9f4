from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from flowsql.store.records import RECORD_COLUMNS
from flowsql.views.known import empty_relations
from flowsql.views.reading import ANYTHING, reading_of
from flowsql.views.views import (
    RELATIONS,
    VIEWS,
    View,
    macro_statements,
    view_statement,
    views_read,
)
from flowsql.workspace import Workspace


def create_statements() -> list[str]:
    """The macros, then the views; none names a schema."""
    return [*macro_statements(), *map(view_statement, VIEWS)]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        columns = ", ".join(f'"{name}" {kind}' for name, kind in RECORD_COLUMNS)
        connection.execute(f"create table records ({columns})")
        for statement in create_statements():
            connection.execute(statement)
        yield connection


def views_named(sql: str, known: dict[str, str] | None = None) -> list[View]:
    with duckdb.connect() as parser:
        return views_read(reading_of(parser, sql, RELATIONS), known)


def test_statements_can_be_run_again(con: duckdb.DuckDBPyConnection) -> None:
    for statement in create_statements():
        con.execute(statement)
    assert con.execute("select count(*) from flows").fetchall() == [(0,)]


def test_each_statement_begins_with_what_it_creates() -> None:
    kinds = [" ".join(statement.split()[:4]) for statement in create_statements()]
    assert kinds == ["create or replace macro"] * len(macro_statements()) + ["create or replace view"] * len(
        VIEWS
    )


def test_every_view_says_what_a_row_is() -> None:
    assert [view.name for view in VIEWS if not view.about.startswith("One row is ")] == []


def test_flows_has_the_columns_of_records_first(con: duckdb.DuckDBPyConnection) -> None:
    described = con.execute("describe flows").fetchall()
    assert [(name, kind.lower()) for name, kind, *_ in described[: len(RECORD_COLUMNS)]] == list(
        RECORD_COLUMNS
    )
    assert [(name, kind) for name, kind, *_ in described[len(RECORD_COLUMNS) :]] == [
        ("start_time", "TIMESTAMP WITH TIME ZONE"),
        ("end_time", "TIMESTAMP WITH TIME ZONE"),
        ("protocol_name", "VARCHAR"),
        ("flags", "VARCHAR"),
        ("flag_role", "VARCHAR"),
        ("is_tgw", "BOOLEAN"),
        ("path_name", "VARCHAR"),
        ("reject_kind", "VARCHAR"),
        ("is_health_check", "BOOLEAN"),
        ("direction", "VARCHAR"),
        ("local_addr", "VARCHAR"),
        ("local_port", "INTEGER"),
        ("remote_addr", "VARCHAR"),
        ("remote_port", "INTEGER"),
        ("local_evidence", "VARCHAR"),
        ("src_scope", "VARCHAR"),
        ("dst_scope", "VARCHAR"),
        ("may_be_twice", "BOOLEAN"),
        ("second_view_of", "VARCHAR"),
        ("counted", "BOOLEAN"),
    ]


@pytest.mark.parametrize(
    ("log_status", "is_flow"),
    [("OK", True), (None, True), ("NODATA", False), ("SKIPDATA", False)],
)
def test_flows_are_the_records_that_describe_one(
    con: duckdb.DuckDBPyConnection, log_status: str | None, is_flow: bool
) -> None:
    con.execute("insert into records (log_status) values (?)", [log_status])
    assert con.execute("select count(*) from flows").fetchall() == [(int(is_flow),)]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({}, (None, None, None, None, None, False)),
        (
            {"start": 1_700_000_000, "end": 1_700_000_060, "protocol": 6, "tcp_flags": 18},
            ("2023-11-14 22:13:20+00", "2023-11-14 22:14:20+00", "tcp", "SYN,ACK", "server", False),
        ),
        ({"protocol": 6, "tcp_flags": 18, "tgw_id": "tgw-1"}, (None, None, "tcp", "SYN,ACK", None, True)),
        ({"resource_type": "TransitGateway"}, (None, None, None, None, None, True)),
        ({"tgw_attachment_id": "tgw-attach-1"}, (None, None, None, None, None, True)),
    ],
    ids=["nothing logged", "vpc", "transit gateway", "its type only", "its attachment only"],
)
def test_flows_adds_what_people_read(
    con: duckdb.DuckDBPyConnection, values: dict[str, object], shown: tuple[object, ...]
) -> None:
    columns = {"log_status": "OK", **values}
    names = ", ".join(f'"{name}"' for name in columns)
    con.execute(
        f"insert into records ({names}) values ({', '.join('?' * len(columns))})", list(columns.values())
    )
    assert con.execute(
        "select start_time::varchar, end_time::varchar, protocol_name, flags, flag_role, is_tgw from flows"
    ).fetchall() == [shown]


def test_a_filter_on_start_reaches_the_scan_and_other_columns_are_not_read(tmp_path: Path) -> None:
    columns = ", ".join(f'cast(i as {kind}) as "{name}"' for name, kind in RECORD_COLUMNS)
    with duckdb.connect() as con:
        con.execute(f"copy (select {columns} from range(9) t(i)) to '{tmp_path}/records.parquet'")
        con.execute(f"create view records as from '{tmp_path}/records.parquet'")
        for statement in create_statements():
            con.execute(statement)
        for view in views_named('select "start" from flows'):
            con.execute(view_statement(view))
        query = 'explain select "start" from flows where "start" >= 5'
        plan = " ".join(con.execute(query).fetchall()[0][1].replace("│", " ").split())
    assert "Projections: start Filters: start >= 5" in plan
    assert "to_timestamp" not in plan


@pytest.mark.parametrize(
    ("sql", "sees"),
    [
        ("select sum(bytes), count(*) from flows where bytes > 5", False),
        ("select srcaddr from flows order by srcaddr desc", False),
        ("from flows select srcaddr", False),
        ("select count( * ) as records from FLOWS", False),
        ("select sum(bytes) filter (counted) from flows", True),
        ("select COUNTED from flows", True),
        ("select * from flows", True),
        ("select flows.* from flows", True),
        ("with f as (from flows) select 1 from f", True),
        ("from flows limit 3", True),
        ("select columns('c.*') from flows", True),
        ("describe flows", True),
        ("summarize flows", True),
        ("create table t as from flows", True),
        ("select sum(bytes) * 100 / (2 *(3 * $top)) from flows", False),
        ("select 3 * $top, flows . * from flows", True),
        ("select distinct on (srcaddr) * from flows", True),
        ("select * exclude (srcaddr) from flows", True),
        ("-- counted, * of flows\nselect bytes from flows", False),
    ],
)
def test_other_records_are_looked_at_only_for_columns_that_can_be_seen(sql: str, sees: bool) -> None:
    names = [view.name for view in views_named(sql)]
    assert names[-1] == "flows"
    assert ("own_addresses" in names) == sees


def test_views_that_are_named_come_with_those_they_read() -> None:
    assert [view.name for view in views_named("select 1 from rejects")] == []
    assert [view.name for view in views_named('select state from "Coverage"')] == [
        "logged_records",
        "query_window",
        "interface_times",
        "coverage",
    ]
    assert views_read(ANYTHING) == list(VIEWS)


def test_a_view_that_is_known_otherwise_comes_with_what_it_reads_then() -> None:
    known = {"nat_points": "select 'a' as point where false"}
    assert [view.name for view in views_named("select point from nat_points")] == [
        "logged_records",
        "records_in_context",
        "nat_points",
    ]
    (view,) = views_named("select point from nat_points", known)
    assert view.sql == known["nat_points"]


def test_views_without_rows_have_the_columns_of_those_with_rows(con: duckdb.DuckDBPyConnection) -> None:
    for name, sql in empty_relations(set()).items():
        assert con.execute(f"describe {sql}").fetchall() == con.execute(f"describe {name}").fetchall()
        assert con.execute(sql).fetchall() == []


@pytest.mark.parametrize(
    ("logged", "empty"),
    [
        (
            {"srcaddr", "bytes"},
            {
                *("told_addresses", "crossings", "passed_pairs", "entrances"),
                *("nat_points", "address_subnets", "let_out", "told_legs"),
            },
        ),
        ({"pkt_srcaddr"}, {"crossings", "entrances", "nat_points", "address_subnets", "let_out"}),
        ({"pkt_dstaddr", "vpc_id"}, {"entrances", "address_subnets"}),
        ({"flow_direction", "resource_id"}, {"crossings", "entrances", "address_subnets", "let_out"}),
        (
            {"flow_direction", "tgw_attachment_id", "subnet_id"},
            {"crossings", "passed_pairs", "nat_points", "let_out", "told_legs"},
        ),
        ({column for column, _ in RECORD_COLUMNS}, set()),
    ],
)
def test_views_without_rows_are_those_whose_fields_no_record_has(logged: set[str], empty: set[str]) -> None:
    assert set(empty_relations(logged)) == empty


def test_any_duckdb_can_read_the_published_catalogue(tmp_path: Path) -> None:
    log = tmp_path / "one.log"
    log.write_text(
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end"
        " action log-status\n"
        "2 123456789012 eni-1 10.0.0.1 10.0.0.2 50000 443 6 3 180 1700000000 1700000010 ACCEPT OK\n"
        "2 123456789012 eni-1 - - - - - - - 1700000000 1700000060 - NODATA\n"
    )
    with Workspace(tmp_path / "store") as workspace:
        workspace.load([str(log)])
    with duckdb.connect() as con:
        con.execute(f"attach '{tmp_path}/store/flowsql.duckdb' as shop (read_only)")
        assert con.execute("select count(*) from shop.records").fetchall() == [(2,)]
        assert con.execute("select srcaddr, protocol_name, bytes from shop.flows").fetchall() == [
            ("10.0.0.1", "tcp", 180)
        ]
    with duckdb.connect(str(tmp_path / "store" / "flowsql.duckdb"), read_only=True) as con:
        assert con.execute("select count(*) from flows where in_cidr(srcaddr, '10.0.0.0/30')").fetchall() == [
            (1,)
        ]
