"""A small `records` for the views, and a way to ask them about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from flowsql.store.records import RECORD_COLUMNS
from flowsql.views.reading import reading_of
from flowsql.views.views import LOOKED_UP, RELATIONS, macro_statements, view_statement, views_read

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
def _con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        columns = ", ".join(f'"{name}" {kind}' for name, kind in RECORD_COLUMNS)
        con.execute(f"create table records ({columns})")
        for statement in macro_statements():
            con.execute(statement)
        yield con


@pytest.fixture
def known() -> dict[str, str]:
    """Name -> SELECT of the views that are to be made otherwise."""
    return {}


@pytest.fixture
def ask(_con: duckdb.DuckDBPyConnection, known: dict[str, str]) -> Ask:
    """Asks the views about some records; without a store behind them, these are all that is known."""
    schema = _con.sql("from records").to_arrow_table().schema

    def run(sql: str, records: Iterable[Record]) -> list[tuple[Any, ...]]:
        _con.execute("delete from records")
        _con.register("given", pa.Table.from_pylist(list(records), schema=schema))
        _con.execute("insert into records from given")
        for view in views_read(reading_of(_con, sql, RELATIONS), known):
            statement = view_statement(view)
            # Bound once each, as in a session.
            _con.execute(statement.replace(" view ", " table ", 1) if view.name in LOOKED_UP else statement)
        return _con.execute(sql).fetchall()

    return run


@pytest.fixture
def window(known: dict[str, str]) -> Callable[..., None]:
    """Sets what `query_window` says, in Unix seconds: since, until, arrived, lag."""

    def set_window(
        since: int | None = None, until: int | None = None, arrived: int | None = None, lag: int | None = None
    ) -> None:
        given = {"since_s": since, "until_s": until, "arrived_s": arrived, "lag_s": lag}
        columns = ", ".join(
            f"cast({'null' if value is None else value} as bigint) as {name}" for name, value in given.items()
        )
        known["query_window"] = f"select {columns}"

    return set_window


@pytest.fixture
def store_times(known: dict[str, str]) -> Callable[[dict[str, tuple[int, int]]], None]:
    """Sets when the whole store's capture points have their first and last record, in Unix seconds."""

    def set_times(times: dict[str, tuple[int, int]]) -> None:
        rows = ", ".join(f"('{point}', {first}, {last})" for point, (first, last) in times.items())
        known["interface_times"] = f"from (values {rows}) as times(capture_point, first_s, last_s)"

    return set_times
