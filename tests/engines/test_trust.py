from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path

import duckdb
import pytest

from flowsql.query_options import QueryOptions
from flowsql.trust import Slots, Trust
from flowsql.workspace import Workspace

T = 1_700_006_400  # 2023-11-15 00:00:00 UTC
SINCE, UNTIL = "2023-11-15T00:00Z", "2023-11-15T00:10Z"
HEADER = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end"
    " action log-status\n"
)


def line(
    minute: int, *, interface: str = "eni-1", ends: str = "10.0.0.1 10.0.0.2", action: str = "ACCEPT"
) -> str:
    start = T + 60 * minute
    return f"2 123456789012 {interface} {ends} 50000 443 6 3 180 {start} {start + 59} {action} OK"


def silent(minute: int, kind: str = "NODATA") -> str:
    start = T + 60 * minute
    return f"2 123456789012 eni-1 - - - - - - - {start} {start + 59} - {kind}"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace(tmp_path / "store") as workspace:
        yield workspace


def load(workspace: Workspace, name: str, lines: Sequence[str]) -> None:
    path = workspace.store.folder.parent / name
    path.write_text(HEADER + "".join(f"{text}\n" for text in lines))
    workspace.load([path])


def trust(workspace: Workspace, sql: str = "select count(*) from flows", **options: str) -> Trust:
    told = workspace.sql(sql, **options).trust
    assert told is not None
    return told


def test_slots_of_a_window(workspace: Workspace) -> None:
    load(workspace, "a.log", [*map(line, (0, 1, 2, 5, 12)), silent(3), silent(4, "SKIPDATA"), line(-9)])
    told = trust(workspace, since=SINCE, until=UNTIL)
    assert told.slots == Slots(covered=4, idle=1, partial=1, gap=4, unknown=0, capture_points=1)
    assert (told.records, told.nodata, told.skipdata, told.sums_are_lower_bounds) == (6, 1, 1, True)


def test_what_is_younger_than_the_lag_is_unknown(workspace: Workspace) -> None:
    load(workspace, "a.log", [*map(line, (0, 1, 2, 3, 9))])
    window = {"since": SINCE, "until": UNTIL}
    told = trust(workspace, now="2023-11-15T00:22:00Z", **window)
    assert told.slots == Slots(covered=5, gap=2, unknown=3, capture_points=1)  # 16 minutes of lag
    told = trust(workspace, now="2023-11-15T00:22:00Z", lag="14m", **window)
    assert told.slots == Slots(covered=5, gap=4, unknown=1, capture_points=1)
    assert trust(workspace, **window).slots == Slots(covered=5, gap=5, capture_points=1)


def test_the_lag_of_the_store_is_learned_from_names_and_times(workspace: Workspace) -> None:
    folder = workspace.store.folder.parent / "logs"
    folder.mkdir()
    for number in range(20):
        slot = T + 300 * number
        clock = f"{number * 5 // 60:02}{number * 5 % 60:02}"
        path = folder / f"123456789012_vpcflowlogs_us-east-1_fl-1_20231115T{clock}Z_{number:08x}.log"
        path.write_text(HEADER + "".join(line(5 * number + m) + "\n" for m in range(5) if number != 4))
        if number == 4:
            path.write_text(HEADER + line(20) + "\n")
        os.utime(path, (slot + 2400, slot + 2400))
    workspace.load([folder])
    assert trust(workspace).slots == Slots(covered=96, gap=4, capture_points=1)
    told = trust(workspace, now="2023-11-15T01:02:00Z")
    assert told.slots == Slots(covered=96, gap=1, unknown=3, capture_points=1)


def test_narrowing_by_address_is_no_gap(workspace: Workspace) -> None:
    load(
        workspace,
        "a.log",
        [line(n, ends="10.0.0.1 10.0.0.3" if n % 2 else "10.0.0.1 10.0.0.2") for n in range(10)],
    )
    told = trust(workspace, ip="10.0.0.3")
    assert (told.records, told.slots) == (5, Slots(covered=10, capture_points=1))


def test_scope_of_interfaces(workspace: Workspace) -> None:
    load(workspace, "a.log", [line(n, interface=f"eni-{i}") for i in (1, 2) for n in range(10) if n != 5])
    assert trust(workspace, interface="eni-2").slots == Slots(covered=9, gap=1, capture_points=1)
    assert trust(workspace, interface="eni-3", since=SINCE).slots == Slots()
    assert trust(workspace, account="123456789012").slots == Slots(covered=18, gap=2, capture_points=2)


@pytest.mark.parametrize(
    ("actions", "one_kind"),
    [("RRR", "REJECT"), ("RRA", ""), ("A" * 20, "ACCEPT"), ("AA", "")],
)
def test_logs_of_one_action_are_announced(workspace: Workspace, actions: str, one_kind: str) -> None:
    kinds = {"A": "ACCEPT", "R": "REJECT"}
    load(workspace, "a.log", [line(n, action=kinds[kind]) for n, kind in enumerate(actions)])
    told = trust(workspace)
    assert told.one_kind == one_kind
    assert ("looks" in told.line()) == bool(one_kind)


def test_second_views_are_told_where_totals_leave_them_out(workspace: Workspace) -> None:
    flow = "10.0.0.1 10.0.0.2"
    both = [line(0, interface=name, ends=flow) for name in ("eni-1", "eni-2")]
    peers = [
        line(0, interface="eni-1", ends="10.0.0.1 192.0.2.1"),
        line(0, interface="eni-2", ends="10.0.0.2 192.0.2.1"),
    ]
    load(workspace, "a.log", [*both, *peers])
    assert trust(workspace, "select sum(bytes) from flows").second_views is None
    assert trust(workspace, "select sum(bytes) filter (counted) from flows").second_views == 1
    told = workspace.run("traffic-summary").trust
    assert told is not None
    assert told.line().endswith("1 record left out of totals as second views")


def test_what_may_be_in_totals_twice_is_told(workspace: Workspace) -> None:
    counted = "select sum(bytes) filter (counted) from flows"
    peers = [
        line(0, interface=f"eni-{n}", ends=f"10.0.0.{n} 192.0.2.{peer}") for n in (1, 2) for peer in (1, 2)
    ]
    load(workspace, "a.log", peers)
    assert trust(workspace, counted).bytes_maybe_twice == 0
    # A private address that no interface has may be a pod's, logged as its node's.
    load(workspace, "b.log", [line(0, interface="eni-1", ends="10.0.7.7 10.0.0.1")])
    told = trust(workspace, counted)
    assert told.bytes_maybe_twice > 0
    assert f"up to {told.bytes_maybe_twice:,} bytes may be counted twice" in told.line()
    assert trust(workspace, counted, interface="eni-1").bytes_maybe_twice == 0
    assert trust(workspace, "select sum(bytes) from flows").bytes_maybe_twice == 0


def test_two_flow_logs_that_nothing_tells_apart_are_told(workspace: Workspace) -> None:
    counted = "select sum(bytes) filter (counted) from flows"
    lines = [line(n % 5, ends=f"10.0.0.1 192.0.2.{n}") for n in range(250)]
    load(workspace, "a.log", lines[:200])
    load(workspace, "b.log", lines[200:])
    assert "two flow logs" not in trust(workspace, counted).line()
    load(workspace, "copy.log", lines[:160])
    assert "are in two objects: two flow logs of one format?" in trust(workspace, counted).line()


def test_the_context_is_told_where_it_was_looked_at(workspace: Workspace) -> None:
    load(workspace, "a.log", [line(n) for n in range(5)])
    window = {"since": SINCE, "until": UNTIL}
    for what, context_s in (
        ("count(*) from conversations", 3600),
        ("count(sender_role) from tcp_directions", 3600),
        ("count(*) from tcp_directions", 0),
        ("count(*) from flows", 0),
    ):
        assert trust(workspace, f"select {what}", **window).context_s == context_s
    assert trust(workspace, "select count(*) from conversations", context="5m", **window).context_s == 300
    assert trust(workspace, "select count(*) from conversations").context_s == 0


def test_objects_that_came_late_are_counted(workspace: Workspace) -> None:
    load(workspace, "a.log", [line(0), line(9)])
    load(workspace, "b.log", [line(1), line(2)])
    options = {"since": SINCE, "until": UNTIL}
    assert trust(workspace, **options).late_objects == 0
    with duckdb.connect(str(workspace.store.catalog.path)) as con:
        con.execute("update loads set loaded_at = loaded_at + 7200 where name like '%b.log'")
    assert trust(workspace, **options).late_objects == 1
    assert trust(workspace, since=UNTIL).late_objects == 0


def test_packets_without_bytes_make_sums_lower_bounds(workspace: Workspace) -> None:
    load(workspace, "a.log", [line(0), line(1).replace(" 180 ", " - ")])
    assert trust(workspace, since=SINCE).without_bytes == 1


def test_queries_about_absence_tell_what_is_not_decidable(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "queries"
    folder.mkdir()
    (folder / "unused.sql").write_text(
        "-- What is unused?\n-- absence: yes\nselect count(*) as n from flows\n"
    )
    load(workspace, "a.log", [line(n) for n in range(10) if n not in (4, 5)])
    told = Workspace(workspace.store.folder, queries=folder).run("unused").trust
    assert told is not None
    assert told.absence
    assert told.line().endswith("8 of 10 slots covered, 2 gap; not decidable in 2 slots (20 %)")


def test_trust_can_be_asked_before_the_rows_are_read(workspace: Workspace) -> None:
    load(workspace, "a.log", [line(n) for n in range(10)])
    for result in workspace.iterate_sql("select * from flows, range(30000)", {}, QueryOptions(max_rows=3)):
        assert next(iter(result)).num_rows == 3
        assert result.trust is not None
        assert result.trust.records == 10


def test_every_figure_is_a_field(workspace: Workspace) -> None:
    load(workspace, "a.log", [line(0)])
    told = trust(workspace)
    assert {field.name for field in fields(told)} >= {
        "window",
        "records",
        "slots",
        "second_views",
        "late_objects",
    }
