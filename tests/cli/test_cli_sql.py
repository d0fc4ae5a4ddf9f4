"""`flowsql sql`, its window, scope and output."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

Flowsql = Callable[..., Any]


def test_several_statements_share_a_session(flowsql: Flowsql, store: Path) -> None:
    text = "create temp table t as select 7 as x; set variable v = 3; select x + getvariable('v') as y from t"
    done = flowsql("sql", text, "--store", store)
    assert (done.code, done.out) == (0, "y\n10\n")


def test_sql_of_a_file(flowsql: Flowsql, store: Path, tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text("select 1 as a;\nselect 2 as b;\n")
    assert flowsql("sql", "-f", tmp_path / "q.sql", "--store", store).out == "a\n1\nb\n2\n"


def test_sql_error_points_at_the_place(flowsql: Flowsql, store: Path) -> None:
    done = flowsql("sql", "select 1,\n  nope from records", "--store", store)
    assert done.code == 1
    assert "LINE 2:   nope from records\n          ^^^^" in done.err


@pytest.mark.parametrize(
    ("options", "records"),
    [
        ("", 3),
        ("--since 2015-01-01", 1),
        ("--until 2015-01-01", 2),
        ("--since 2014-12-14T04:06:50Z --until 2014-12-14T04:06:51Z", 2),
        ("--since 2014-12-14T04:06:51Z --until 2015-01-01", 0),
        ("--around 2014-12-14T04:10Z/5m", 2),
        ("--now 2014-12-14T05:00Z --since 1h", 3),
        ("--now 2014-12-14T05:00Z --since 1h --until now", 2),
        ("--account 123456789010", 3),
        ("--account 1", 0),
        ("--ip 172.31.9.12", 1),
        ("--ip 172.31.9.12 --ip 172.31.16.21", 2),
        ("--cidr 172.31.16.0/20", 1),
        ("--cidr 172.31.0.0/16", 2),
        ("--cidr 2001:db8::/32", 0),
        ("--port 22", 1),
        ("--port 22 --port 3389", 2),
        ("--interface eni-1235b8ca123456789 --port 22", 1),
        ("--vpc vpc-1", 0),
    ],
)
def test_window_and_scope(flowsql: Flowsql, store: Path, options: str, records: int) -> None:
    done = flowsql("sql", "select count(*) as n from records", "--store", store, *options.split())
    assert (done.code, done.out) == (0, f"n\n{records}\n")
    assert f": {records} record" in done.err or f" {records} records" in done.err


def test_where_filters_the_result(flowsql: Flowsql, store: Path) -> None:
    text = "select dstport, bytes from flows order by dstport"
    done = flowsql("sql", text, "--store", store, "--where", "dstport > 1000")
    assert done.out == "dstport,bytes\n3389,4249\n"
    assert flowsql("sql", text, "--store", store, "--where", "true; select 1").code == 1
    assert flowsql("sql", "select 1; select 2", "--store", store, "--where", "true").code == 2


def test_trust_line(flowsql: Flowsql, store: Path) -> None:
    done = flowsql("sql", "select 1 as a", "--store", store)
    assert done.err == (
        "all records: 3 records, 1 NODATA, no line rejected; 3 of 212,516 slots covered, 212,513 gap\n"
    )
    assert flowsql("sql", "select 1 as a", "--store", store, "--quiet").err == ""


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [
        ("csv", "a,b\n1,x\n"),
        ("tsv", "a\tb\n1\tx\n"),
        ("ndjson", '{"a": 1, "b": "x"}\n'),
        ("md", None),
        ("txt", None),
    ],
)
def test_output_to_a_file_equals_stdout(
    flowsql: Flowsql, store: Path, tmp_path: Path, suffix: str, expected: str | None
) -> None:
    path = tmp_path / f"out.{suffix}"
    done = flowsql("sql", "select 1 as a, 'x' as b", "--store", store, "-o", path)
    assert (done.code, done.out) == (0, "")
    name = {"md": "markdown", "txt": "table"}.get(suffix, suffix)
    shown = flowsql("sql", "select 1 as a, 'x' as b", "--store", store, "--format", name).out
    assert path.read_text() == shown
    if expected is not None and suffix != "ndjson":
        assert shown == expected
    if suffix == "ndjson":
        assert json.loads(shown) == {"a": 1, "b": "x"}


def test_parquet_output(flowsql: Flowsql, store: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    assert flowsql("sql", "from records", "--store", store, "-o", path).code == 0
    assert pq.read_table(path).num_rows == 3


def test_existing_file_is_not_overwritten_by_accident(flowsql: Flowsql, store: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("precious")
    done = flowsql("sql", "select 1 as a", "--store", store, "-o", path)
    assert done.code == 1
    assert "--overwrite" in done.err
    assert path.read_text() == "precious"
    assert flowsql("sql", "select 1 as a", "--store", store, "-o", path, "--overwrite").code == 0
    assert path.read_text() == "a\n1\n"


def test_failed_query_leaves_no_file(flowsql: Flowsql, store: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    assert flowsql("sql", "select error('no') from range(3)", "--store", store, "-o", path).code == 1
    assert list(tmp_path.glob("*out*")) == []


def test_max_rows_is_never_silent(flowsql: Flowsql, store: Path) -> None:
    done = flowsql("sql", "from range(5)", "--store", store, "--max-rows", "2")
    assert done.out == "range\n0\n1\n"
    assert "only the first 2 rows" in done.err
    assert "only the first" not in flowsql("sql", "from range(2)", "--store", store, "--max-rows", "2").err


def test_several_results_do_not_fit_one_file(flowsql: Flowsql, store: Path, tmp_path: Path) -> None:
    done = flowsql("sql", "select 1; select 2", "--store", store, "-o", tmp_path / "x.csv")
    assert done.code == 2
    assert not (tmp_path / "x.csv").exists()


def test_timeout(flowsql: Flowsql, store: Path) -> None:
    slow = "select count(*) from range(100000000) a, range(1000) b where (a.range * b.range) % 7 = 3"
    done = flowsql("sql", slow, "--store", store, "--timeout", "1s")
    assert done.code == 4
    assert "stopped after 1 s" in done.err


def test_store_cannot_be_written_by_sql(flowsql: Flowsql, store: Path) -> None:
    for text in ("delete from catalog.loads", "drop table catalog.loads", "create table catalog.x (i int)"):
        assert flowsql("sql", text, "--store", store).code == 1
    assert flowsql("sql", "select count(*) as n from loads", "--store", store).out == "n\n1\n"


@pytest.mark.parametrize("text", ["-- How many?\nselect count(*) as n from records", "--\nselect 3 as n"])
def test_sql_may_begin_with_a_comment(flowsql: Flowsql, store: Path, text: str) -> None:
    assert flowsql("sql", text, "--store", store).out == "n\n3\n"


def test_python_variables_are_no_tables(flowsql: Flowsql, store: Path) -> None:
    assert flowsql("sql", "from session", "--store", store).code == 1


def test_logs_are_queried_and_not_kept(flowsql: Flowsql, log: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("FLOWSQL_STORE", str(tmp_path / "none"))
    done = flowsql("sql", "select count(*) as n from records", "--logs", log)
    assert (done.code, done.out) == (0, "n\n3\n")
    assert not (tmp_path / "none").exists()
    assert flowsql("sql", "select 1", "--logs", log, "--store", tmp_path / "s").code == 3


def test_published_catalogue_is_for_any_client(store: Path) -> None:
    import duckdb

    con = duckdb.connect(str(store / "flowsql.duckdb"), read_only=True)
    assert con.execute("select count(*) from records").fetchall() == [(3,)]
    assert con.execute("select count(*), min(flag_role) from flows").fetchall() == [(2, None)]
    con.close()
