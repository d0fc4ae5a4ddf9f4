"""A `records` of hand-made records under the views."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from flowsql.store.records import RECORD_COLUMNS
from flowsql.views.views import create_statements

Record = dict[str, Any]
# Records, SQL -> its rows.
Ask = Callable[[Iterable[Record], str], list[tuple[Any, ...]]]


@pytest.fixture(scope="session")
def _over_records() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        columns = ", ".join(f'"{name}" {kind}' for name, kind in RECORD_COLUMNS)
        con.execute(f"create table records ({columns})")
        for statement in create_statements():
            con.execute(statement)
        yield con


@pytest.fixture
def ask(_over_records: duckdb.DuckDBPyConnection) -> Iterator[Ask]:
    """Asks the views over some records."""
    con = _over_records
    schema = con.sql("from records").to_arrow_table().schema

    def ask_views(records: Iterable[Record], sql: str) -> list[tuple[Any, ...]]:
        con.execute("delete from records")
        con.register("given", pa.Table.from_pylist(list(records), schema=schema))
        con.execute("insert into records from given")
        return con.sql(sql).fetchall()

    yield ask_views
    for statement in create_statements():
        if "view query_window" in statement or "view interface_times" in statement:
            con.execute(statement)


@pytest.fixture
def window(_over_records: duckdb.DuckDBPyConnection) -> Callable[..., None]:
    """Sets what `query_window` says, in Unix seconds: since, until, arrived, lag."""

    def set_window(
        since: int | None = None, until: int | None = None, arrived: int | None = None, lag: int | None = None
    ) -> None:
        given = {"since_s": since, "until_s": until, "arrived_s": arrived, "lag_s": lag}
        columns = ", ".join(
            f"cast({'null' if value is None else value} as bigint) as {name}" for name, value in given.items()
        )
        _over_records.execute(f"create or replace view query_window as select {columns}")

    return set_window


@pytest.fixture
def store_times(_over_records: duckdb.DuckDBPyConnection) -> Callable[[dict[str, tuple[int, int]]], None]:
    """Sets when the whole store's capture points have their first and last record, in Unix seconds."""

    def set_times(times: dict[str, tuple[int, int]]) -> None:
        rows = ", ".join(f"('{point}', {first}, {last})" for point, (first, last) in times.items())
        _over_records.execute(
            "create or replace view interface_times as"
            f" from (values {rows}) as times(capture_point, first_s, last_s)"
        )

    return set_times
