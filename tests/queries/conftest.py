"""A small `records` for the saved queries, and a way to run one on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pytest
from oracle import Logs, generated_logs

from flowsql.library.header import read_query
from flowsql.library.parameters import convert
from flowsql.store.records import RECORD_COLUMNS
from flowsql.views.reading import reading_of
from flowsql.views.views import LOOKED_UP, RELATIONS, macro_statements, view_statement, views_read

QUERIES = Path(__file__).resolve().parents[2] / "queries"
COLUMNS = tuple(name for name, _ in RECORD_COLUMNS)

Record = dict[str, object]
# Name of a query, its records, its parameters -> its rows.
Run = Callable[..., list[Record]]

HOUR = 1_700_006_400  # 2023-11-15 00:00:00 UTC
_OK: Record = {"log_status": "OK", "interface_id": "eni-a", "subnet_id": "subnet-a"}


def _record(
    addresses: str, ports: tuple[int, int], protocol: int, start: int, length: int, **more: object
) -> Record:
    srcaddr, dstaddr = addresses.split(" > ")
    times = {"start": HOUR + start, "end": HOUR + start + length}
    return {
        **_OK,
        "srcaddr": srcaddr,
        "dstaddr": dstaddr,
        "pkt_srcaddr": srcaddr,
        "pkt_dstaddr": dstaddr,
        "srcport": ports[0],
        "dstport": ports[1],
        "protocol": protocol,
        "action": "ACCEPT",
        **times,
        **more,
    }


# An HTTPS connection seen at both ends, one through a NAT gateway, DNS, scans and late rejects, ping, IPv6, a
# record with hardly anything logged, one that AWS gave no bytes, and what are records but no flows.
RECORDS: tuple[Record, ...] = (
    _record(
        "10.0.0.1 > 10.0.1.2", (50001, 443), 6, 10, 50, packets=10, bytes=1001, tcp_flags=3, instance_id="i-1"
    ),
    _record("10.0.1.2 > 10.0.0.1", (443, 50001), 6, 10, 50, packets=20, bytes=90_007, tcp_flags=19),
    _record(
        "10.0.0.1 > 10.0.1.2",
        (50001, 443),
        6,
        12,
        48,
        packets=10,
        bytes=1001,
        tcp_flags=3,
        interface_id="eni-b",
    ),
    _record(
        "10.0.0.9 > 93.0.0.1",
        (40000, 80),
        6,
        3590,
        47,
        packets=7,
        bytes=700,
        tcp_flags=2,
        pkt_srcaddr="10.0.0.1",
    ),
    _record(
        "10.0.0.1 > 10.0.0.2", (5353, 53), 17, 100, 0, packets=1, bytes=60, tcp_flags=0, instance_id="i-1"
    ),
    _record("10.0.0.2 > 10.0.0.1", (53, 5353), 17, 100, 600, packets=3, bytes=350, subnet_id="subnet-b"),
    _record(
        "198.51.100.7 > 10.0.0.1", (55555, 22), 6, 200, 5, packets=1, bytes=40, tcp_flags=2, action="REJECT"
    ),
    _record(
        "198.51.100.7 > 10.0.0.1", (55556, 3389), 6, 201, 5, packets=2, bytes=80, tcp_flags=2, action="REJECT"
    ),
    _record(
        "198.51.100.8 > 10.0.0.1",
        (55555, 22),
        6,
        7100,
        200,
        packets=3,
        bytes=120,
        tcp_flags=2,
        action="REJECT",
    ),
    _record(
        "93.0.0.1 > 10.0.0.9", (80, 40000), 6, 7200, 0, packets=4, bytes=None, tcp_flags=4, action="REJECT"
    ),
    _record("10.0.0.1 > 10.0.0.2", (0, 0), 1, -1, 7202, packets=11, bytes=924),
    _record("2001:db8::1 > 2001:db8::2", (51000, 443), 6, 3600, 3600, packets=5, bytes=5000, tcp_flags=18),
    {"log_status": None, "srcaddr": "10.9.9.9", "bytes": 5, "end": HOUR + 30},
    {**_OK, "log_status": "NODATA", "start": HOUR, "end": HOUR + 60},
    {**_OK, "log_status": "SKIPDATA", "start": HOUR + 60, "end": HOUR + 120, "bytes": 1_000_000},
)


@pytest.fixture
def records() -> tuple[Record, ...]:
    """The hand-made records."""
    return RECORDS


@pytest.fixture
def flows() -> tuple[Record, ...]:
    """Those of them that describe a flow, with every column."""
    return tuple(
        dict.fromkeys(COLUMNS) | record
        for record in RECORDS
        if record["log_status"] not in ("NODATA", "SKIPDATA")
    )


@pytest.fixture(scope="session")
def _con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        columns = ", ".join(f'"{column}" {kind}' for column, kind in RECORD_COLUMNS)
        con.execute(f"create table records ({columns})")
        for statement in macro_statements():
            con.execute(statement)
        yield con


@pytest.fixture
def run(_con: duckdb.DuckDBPyConnection) -> Run:
    """Runs a query on some records; its rows as dicts, with the times as Unix seconds."""
    schema = _con.sql("from records").to_arrow_table().schema

    def run_query(name: str, records: Iterable[Record] = RECORDS, **parameters: object) -> list[Record]:
        (path,) = QUERIES.glob(f"*/{name}.sql")
        query = read_query(path, topic=path.parent.name)
        _con.execute("delete from records")
        _con.register("given", pa.Table.from_pylist(list(records), schema=schema))
        _con.execute("insert into records from given")
        for view in views_read(reading_of(_con, query.sql, RELATIONS)):
            statement = view_statement(view)
            # Bound once each, as in a session.
            _con.execute(statement.replace(" view ", " table ", 1) if view.name in LOOKED_UP else statement)
        values = {
            p.name: convert(p, p.default, now=HOUR, tz=ZoneInfo("UTC"))
            for p in query.parameters
            if p.default is not None
        }
        table = _con.sql(query.sql, params={**values, **parameters} or None).to_arrow_table()
        rows: list[Record] = _with_unix_seconds(table).to_pylist()
        return rows

    return run_query


def _with_unix_seconds(table: pa.Table) -> pa.Table:
    for index, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            seconds = table.column(index).cast(pa.timestamp("s", "UTC")).cast(pa.int64())
            table = table.set_column(index, field.name, seconds)
    return table


EVERY_FIELD = "all"


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Logs:
    """Generated logs with every field, seen at all interfaces; 30 minutes."""
    return generated_logs(tmp_path_factory.mktemp("generated"), EVERY_FIELD, records=20_000)


@pytest.fixture(scope="session")
def generated_default(tmp_path_factory: pytest.TempPathFactory) -> Logs:
    """The same traffic in the default log format, without TCP flags."""
    return generated_logs(tmp_path_factory.mktemp("default"), "default", records=20_000)
