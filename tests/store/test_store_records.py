"""`records`: one relation over segments of different column sets, cut to a window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flowsql.store.catalog import engine_connection
from flowsql.store.records import RECORD_COLUMNS, live_segments, records_sql, touching
from flowsql.workspace import Workspace

DAY = 86_400
NOON = 1_795_392_000 + DAY // 2  # 2026-11-23

# (number, start, end) of every record, by the object that has it; None: null, or no such field.
OBJECTS: dict[str, list[tuple[int, int | None, int | None]]] = {
    "start end packets": [(1, NOON, NOON + 60), (2, NOON + 60, NOON + 90), (3, NOON + DAY, NOON + DAY)],
    "packets end start": [(4, None, NOON + 30), (5, None, None), (6, NOON + 2 * DAY, NOON + 2 * DAY + 5)],
    "end packets srcaddr": [(7, None, NOON + 60), (8, None, NOON + 3 * DAY)],
    "start packets dstaddr": [(9, NOON + 59, None), (10, None, None)],
    "packets srcaddr dstaddr": [(11, None, None)],
}
TIMES = {
    number: start if start is not None else end
    for records in OBJECTS.values()
    for number, start, end in records
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("windows")
    for names, records in OBJECTS.items():
        lines = [names]
        for number, start, end in records:
            values = {"packets": number, "start": start, "end": end, "srcaddr": "10.0.0.1"}
            lines.append(" ".join(str(v) if (v := values.get(n)) is not None else "-" for n in names.split()))
        (folder / f"{names.replace(' ', '-')}.log").write_text("\n".join(lines) + "\n")
    workspace = Workspace(folder / "store")
    report = workspace.load([str(folder / "*.log")])
    assert (report.records, report.problems) == (11, [])
    return workspace.store.folder


@pytest.fixture(scope="module")
def con(store: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    con = engine_connection()
    con.execute(f"attach '{store / 'flowsql.duckdb'}' as catalog (read_only)")
    yield con
    con.close()


BOUNDS = (
    st.none()
    | st.integers(NOON - 100, NOON + 4 * DAY)
    | st.sampled_from([time + moved for time in TIMES.values() if time is not None for moved in (-1, 0, 1)])
)


@given(since=BOUNDS, until=BOUNDS)
@example(since=None, until=None)
@example(since=NOON + 60, until=NOON + 61)
def test_window(store: Path, con: duckdb.DuckDBPyConnection, since: int | None, until: int | None) -> None:
    """since <= start < until; without `start`, `end` decides; with neither, only no bounds at all."""
    sql = records_sql(live_segments(con), store, since=since, until=until, dead_loads="catalog.dead_loads")
    found = [row[0] for row in con.execute(f"select packets from ({sql}) order by 1").fetchall()]
    assert found == [
        number
        for number, time in TIMES.items()
        if (since is None and until is None)
        or (time is not None and (since is None or time >= since) and (until is None or time < until))
    ]


@pytest.mark.parametrize(
    ("since", "until", "segments"),
    [
        (None, None, 9),
        (NOON + DAY, NOON + DAY + 1, 1),
        (NOON + 59, NOON + 61, 3),
        (NOON + 3 * DAY, None, 1),
        (None, NOON - 1000, 0),
        (NOON + 4 * DAY, None, 0),
    ],
    ids=["unbounded", "one record", "inside a day", "from the last one on", "before all", "after all"],
)
def test_only_segments_that_touch_the_window_are_read(
    store: Path, con: duckdb.DuckDBPyConnection, since: int | None, until: int | None, segments: int
) -> None:
    inside = touching(live_segments(con), since, until)
    sql = records_sql(live_segments(con), store, since=since, until=until, dead_loads="catalog.dead_loads")
    assert sql.count(".parquet") == len(inside) == segments
    assert all(str(store / segment.path) in sql for segment in inside)


def test_columns_and_types_are_those_of_records_whatever_is_read(
    store: Path, con: duckdb.DuckDBPyConnection
) -> None:
    for window in ({}, {"since": NOON + 3 * DAY}, {"until": 0}):
        sql = records_sql(live_segments(con), store, dead_loads="catalog.dead_loads", **window)
        described = con.execute(f"describe {sql}").fetchall()
        assert [(row[0], row[1].lower()) for row in described] == list(RECORD_COLUMNS)


def test_missing_fields_are_null(store: Path, con: duckdb.DuckDBPyConnection) -> None:
    sql = records_sql(live_segments(con), store, dead_loads="catalog.dead_loads")
    rows = con.execute(
        f'select start, "end", srcaddr, tcp_flags, extra, flow_log_id from ({sql}) where packets = 7'
    ).fetchall()
    assert rows == [(None, NOON + 60, "10.0.0.1", None, None, None)]


def test_unknown_fields_are_kept_as_extra(tmp_path: Path, workspace: Workspace) -> None:
    source = tmp_path / "a.log"
    source.write_text("srcaddr brand-new-field bytes\n10.0.0.1 7 40\n10.0.0.2 - 41\n")
    report = workspace.load([source])
    assert "unknown field, kept as text in the column extra: brand-new-field" in report.notices[0]
    rows = workspace.sql("select extra, bytes from records order by bytes").read_all().to_pylist()
    assert rows == [{"extra": '{"brand-new-field": "7"}', "bytes": 40}, {"extra": None, "bytes": 41}]
