"""What is counted of each segment's live records, for views and completion that must not read them all.

It begins with groups of the records. A writer finds them on the way (segment_groups.py); where it did not, or
some of the records are dead by now, DuckDB finds the same in the finished file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa

from flowsql.store.catalog import engine_connection, quoted
from flowsql.store.records import RECORD_COLUMNS
from flowsql.store.segment_groups import (
    ALL_EXCHANGES_UP_TO,
    MOST_VALUES,
    PAIR,
    POINTS,
    PROFILE,
    TGW,
    VALUE_COLUMNS,
)

# The tables of the catalogue that these statistics fill.
TABLES = (
    *("segment_addresses", "segment_interfaces", "segment_services", "segment_endpoints"),
    "segment_values",
)
# The tables of groups.sql, and column_values.
_GROUPS = ("profile", "pairs", "families", "sides", "services", "ends", "column_values")
_USED = (*PROFILE, *PAIR, "srcport", "tcp_flags", "start", "end")
# Both ways of a connection have the same sum of ports. The upper bits of its product with an odd number tell
# sums apart as well where all clients take even ports.
_SOME_EXCHANGES = "((cast(srcport as bigint) + dstport) * 40503) & 57344 = 0"
_ENDS = "vpc_id, protocol, srcaddr, srcport, dstaddr, dstport"
# Distinct pairs of addresses may be as many as the records; beyond this they are sorted out on disk.
_MEMORY = "400MB"


@dataclass(frozen=True, slots=True)
class Counted:
    """A segment file whose records are to be counted, all but those of the `dead` loads.

    `groups` are the relations of groups.sql, if it is known how all these records group.
    """

    segment_id: str
    file: Path
    columns: tuple[str, ...]
    dead: Collection[int] = ()
    groups: Mapping[str, pa.Table] | None = None


@dataclass(slots=True)
class Statistics:
    """Rows for the catalogue's statistics tables: table name -> Arrow tables."""

    rows: dict[str, list[pa.Table]] = field(default_factory=lambda: {name: [] for name in TABLES})

    def insert_into(self, con: duckdb.DuckDBPyConnection) -> None:
        """Adds the rows to the tables of the catalogue that `con` has as its current database."""
        for name, tables in self.rows.items():
            if tables:
                con.register("arriving", pa.concat_tables(tables))
                con.execute(f"insert into {name} by name select * from arriving")
                con.unregister("arriving")


def statistics_of(segments: Iterable[Counted], scratch: Path) -> Statistics:
    """The statistics of these segments; `scratch` is a folder for what does not fit into memory.

    Raises duckdb.Error for a file that cannot be read.
    """
    segments = list(segments)
    if not segments:
        return Statistics()
    with _counting(scratch) as con:
        return _counted(con, segments)


def statistics_of_groups(con: duckdb.DuckDBPyConnection, segments: Iterable[Counted]) -> Statistics:
    """The statistics of segments whose groups are known, which takes little time. `con` lends its engine."""
    with con.cursor() as aside:
        return _counted(aside, segments)


def _counted(con: duckdb.DuckDBPyConnection, segments: Iterable[Counted]) -> Statistics:
    statistics = Statistics()
    for segment in segments:
        _count(con, segment)
        for name in TABLES:
            table = con.sql(f"from {name}").to_arrow_table()
            ids = pa.repeat(pa.scalar(segment.segment_id), table.num_rows)
            statistics.rows[name].append(table.append_column("segment_id", ids))
    return statistics


def remove_statistics(con: duckdb.DuckDBPyConnection, segment_ids: Sequence[str]) -> None:
    """Removes the rows of these segments from the catalogue that `con` has as its current database."""
    for name in TABLES:
        con.execute(
            f"delete from {name} where segment_id in (select unnest($ids))", {"ids": list(segment_ids)}
        )


def remove_unlisted_statistics(con: duckdb.DuckDBPyConnection) -> None:
    """Removes the rows of segments that are not listed in the catalogue, `con`'s current database."""
    for name in TABLES:
        con.execute(f"delete from {name} where segment_id not in (select segment_id from segments)")


def refresh_statistics(
    con: duckdb.DuckDBPyConnection, folder: Path, scratch: Path, segment_ids: Sequence[str]
) -> None:
    """Counts these segments of the catalogue anew, after some of their loads died. `folder` is the store's.

    A segment without any live load has no statistics, nor has one that cannot be read: `store check` names
    both it and what it lacks, and nothing else should fail for it.
    """
    if not segment_ids:
        return
    rows = con.execute(
        """
        select segment_id, path, columns, list(load_id) filter (is_dead)
        from (
            select segments.*, load_id, (segment_id, load_id) in (from dead_loads) as is_dead
            from segments join segment_loads using (segment_id)
            where segment_id in (select unnest($ids))
        )
        group by all
        having not bool_and(is_dead)
        order by segment_id
        """,
        {"ids": list(segment_ids)},
    ).fetchall()
    counted = [Counted(row[0], folder / row[1], tuple(row[2]), tuple(row[3] or ())) for row in rows]
    remove_statistics(con, segment_ids)
    for segment in counted:
        with contextlib.suppress(duckdb.Error):
            statistics_of([segment], scratch).insert_into(con)


@contextlib.contextmanager
def _counting(scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    con = engine_connection()
    try:
        # Loads do this beside reading and encoding: a second thread would only cost more.
        con.execute("set threads = 1")
        con.execute("set parquet_metadata_cache = true")
        con.execute(f"set memory_limit = '{_MEMORY}'")
        con.execute(f"set temp_directory = {quoted(str(scratch / 'counting'))}")
        yield con
    finally:
        con.close()


def _count(con: duckdb.DuckDBPyConnection, segment: Counted) -> None:
    """Makes the tables of statistics.sql."""
    with _grouped(con, segment):
        for statement in _statements("statistics.sql"):
            con.execute(statement)


@contextlib.contextmanager
def _grouped(con: duckdb.DuckDBPyConnection, segment: Counted) -> Iterator[None]:
    """The relations of groups.sql under their names."""
    if segment.groups is not None:
        for name, table in segment.groups.items():
            con.register(name, table)
        yield
        for name in segment.groups:
            con.unregister(name)
        return
    con.execute(f"create or replace temp view source as {_source_sql(segment)}")
    ((records,),) = con.execute("select count(*) from source").fetchall()
    some = f" where {_SOME_EXCHANGES}" if records > ALL_EXCHANGES_UP_TO else ""
    con.execute(f"create or replace temp table exchanges as select {_ENDS} from source{some}")
    for statement in _statements("groups.sql"):
        con.execute(statement)
    con.execute(f"create temp table column_values as {_values_sql(segment.columns)}")
    yield
    for name in _GROUPS:
        con.execute(f"drop table {name}")


@cache
def _statements(file_name: str) -> tuple[str, ...]:
    text = Path(__file__).with_name(file_name).read_text(encoding="utf-8")
    return tuple(statement for statement in text.split(";\n") if statement.strip())


def _source_sql(segment: Counted) -> str:
    present = set(segment.columns)
    types = dict(RECORD_COLUMNS)
    columns = [
        f'"{name}"' if name in present else f'cast(null as {types[name]}) as "{name}"'
        for name in dict.fromkeys((*_USED, *VALUE_COLUMNS))
    ]
    points = [name for name in POINTS if name in present]
    # A bare column keeps the file's dictionary, by which DuckDB groups three times as fast.
    point = f"coalesce({', '.join(points)})" if len(points) > 1 else (points or ["cast(null as varchar)"])[0]
    is_vpc_all = "vpc_id" in present and not points
    tgw = [name for name in TGW if name in present]
    is_tgw = f"coalesce({', '.join(tgw)}) is not null" if tgw else "false"
    columns += [
        f"{point} as point",
        f"{'vpc_id' if is_vpc_all else 'cast(null as varchar)'} as point_vpc",
        f"protocol = 6 and tcp_flags & 18 = 18 and not {is_tgw} as is_service",
    ]
    dead = ", ".join(map(str, sorted(segment.dead)))
    where = f" where load_id not in ({dead})" if dead else ""
    file = quoted(str(segment.file))
    return f"select {', '.join(columns)} from read_parquet({file}, hive_partitioning=false){where}"


def _values_sql(columns: Collection[str]) -> str:
    """The most frequent values of each column, from what is grouped already where it is a part of that."""
    nothing = (
        "select null::varchar as column_name, null::varchar as value, null::bigint as records where false"
    )
    parts = [nothing]
    for column in VALUE_COLUMNS:
        if column not in columns:
            continue
        is_grouped = column in (*PROFILE, *PAIR)
        source = "source" if not is_grouped else "pairs" if column in PAIR else "profile"
        parts.append(
            f"(select '{column}', cast({column} as varchar) as value,"
            f" cast({'sum(records)' if is_grouped else 'count(*)'} as bigint) as records"
            f" from {source} where {column} is not null"
            f" group by {column} order by records desc, value limit {MOST_VALUES})"
        )
    return "\nunion all\n".join(parts)
