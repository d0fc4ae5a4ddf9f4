"""A small `records` for the views, and a way to ask them about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from flowsql.store.records import RECORD_COLUMNS
from flowsql.views.views import create_statements

Record = dict[str, Any]
# SQL, the records -> its rows.
Ask = Callable[[str, Iterable[Record]], list[tuple[Any, ...]]]
# 'client:port > server:port' and what else a record has -> the record.
Flow = Callable[..., Record]

T0 = 1_700_006_400  # 2023-11-15 00:00:00 UTC


@pytest.fixture
def flow() -> Flow:
    """Makes a record of 'a:port > b:port' that begins `at` seconds into the day and lasts `lasts`."""

    def make(ends: str, at: int = 0, lasts: int = 50, **more: Any) -> Record:
        (srcaddr, srcport), (dstaddr, dstport) = (end.rsplit(":", 1) for end in ends.split(" > "))
        return {
            "interface_id": "eni-a",
            "srcaddr": srcaddr,
            "dstaddr": dstaddr,
            "srcport": int(srcport),
            "dstport": int(dstport),
            "protocol": 6,
            "packets": 4,
            "bytes": 400,
            "start": T0 + at,
            "end": T0 + at + lasts,
            "action": "ACCEPT",
            "log_status": "OK",
            **more,
        }

    return make


@pytest.fixture(scope="session")
def _views() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        columns = ", ".join(f'"{name}" {kind}' for name, kind in RECORD_COLUMNS)
        con.execute(f"create table records ({columns})")
        for statement in create_statements():
            con.execute(statement)
        yield con


@pytest.fixture
def ask(_views: duckdb.DuckDBPyConnection) -> Ask:
    """Asks the views about some records; without a store behind them, these are all that is known."""
    schema = _views.sql("from records").to_arrow_table().schema

    def run(sql: str, records: Iterable[Record]) -> list[tuple[Any, ...]]:
        _views.execute("delete from records")
        _views.register("given", pa.Table.from_pylist(list(records), schema=schema))
        _views.execute("insert into records from given")
        return _views.execute(sql).fetchall()

    return run


def _restore(con: duckdb.DuckDBPyConnection) -> None:
    for statement in create_statements():
        if "view query_window" in statement or "view interface_times" in statement:
            con.execute(statement)


@pytest.fixture
def window(_views: duckdb.DuckDBPyConnection) -> Iterator[Callable[..., None]]:
    """Sets what `query_window` says, in Unix seconds: since, until, arrived, lag."""

    def set_window(
        since: int | None = None, until: int | None = None, arrived: int | None = None, lag: int | None = None
    ) -> None:
        given = {"since_s": since, "until_s": until, "arrived_s": arrived, "lag_s": lag}
        columns = ", ".join(
            f"cast({'null' if value is None else value} as bigint) as {name}" for name, value in given.items()
        )
        _views.execute(f"create or replace view query_window as select {columns}")

    yield set_window
    _restore(_views)


@pytest.fixture
def store_times(_views: duckdb.DuckDBPyConnection) -> Iterator[Callable[[dict[str, tuple[int, int]]], None]]:
    """Sets when the whole store's capture points have their first and last record, in Unix seconds."""

    def set_times(times: dict[str, tuple[int, int]]) -> None:
        rows = ", ".join(f"('{point}', {first}, {last})" for point, (first, last) in times.items())
        _views.execute(
            "create or replace view interface_times as"
            f" from (values {rows}) as times(capture_point, first_s, last_s)"
        )

    yield set_times
    _restore(_views)
