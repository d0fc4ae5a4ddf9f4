"""What a window cuts off: nothing that tells who opened a conversation, or how it ended."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flowsql.errors import UsageError
from flowsql.query_options import QueryOptions
from flowsql.views.views import VIEWS
from flowsql.workspace import Workspace

NOON = 1_795_435_200  # 2026-11-23 12:00 UTC
THERE, BACK = "10.0.0.1 10.0.0.2 50000 60000", "10.0.0.2 10.0.0.1 60000 50000"
HEADER = "interface-id srcaddr dstaddr srcport dstport protocol packets bytes tcp-flags start end action log-status\n"
# A connection of an hour and a half, and one of another host meanwhile.
RECORDS = (
    (THERE, -2700, 2),
    (BACK, -2700, 18),
    (THERE, 0, 0),
    (BACK, 0, 0),
    (THERE, 2700, 1),
    (BACK, 2700, 1),
    ("10.0.0.3 10.0.0.2 50000 60000", 60, 3),
    ("10.0.0.2 10.0.0.3 60000 50000", 60, 19),
)
CONVERSATIONS = "select client_addr, records, evidence, opened_in_window, ends_in_window from conversations order by client_addr"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("context")
    lines = [
        f"eni-1 {ends} 6 4 400 {flags} {NOON + at} {NOON + at + 59} ACCEPT OK\n"
        for ends, at, flags in RECORDS
    ]
    (folder / "one.log").write_text(HEADER + "".join(lines))
    workspace = Workspace(folder / "store")
    workspace.load([folder / "one.log"])
    return workspace


def rows(workspace: Workspace, sql: str, **options: Any) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in workspace.sql(sql, **options).read_all().to_pylist()]


def window(since: int, until: int, **more: str) -> dict[str, str]:
    return {"since": str(NOON + since), "until": str(NOON + until), **more}


def test_records_are_those_of_the_window_and_conversations_whole(loaded: Workspace) -> None:
    around_noon = window(-300, 300)
    assert rows(loaded, "select count(*) from records", **around_noon) == [(4,)]
    assert rows(loaded, CONVERSATIONS, **around_noon) == [
        ("10.0.0.1", 6, "syn", False, False),
        ("10.0.0.3", 2, "syn", True, True),
    ]


@pytest.mark.parametrize(
    ("context", "known"),
    [("1h", ("paired", 6)), ("45m", ("paired", 6)), ("44m", (None, 2)), ("0s", (None, 2))],
)
def test_as_far_as_the_context_reaches(
    loaded: Workspace, context: str, known: tuple[str | None, int]
) -> None:
    at_noon = window(0, 10, context=context)
    (evidence,) = {row[0] for row in rows(loaded, "select evidence from tcp_directions", **at_noon)}
    assert evidence == (known[0] or "known-service")
    conversation, *_ = rows(loaded, CONVERSATIONS, **at_noon)
    assert conversation[1] == known[1]


def test_each_conversation_ends_in_one_of_adjacent_windows(loaded: Workspace) -> None:
    bounds = [-3600, -2700, -1000, 0, 30, 119, 2700, 2759, 4000]
    ended = [
        client
        for since, until in pairwise(bounds)
        for client, _, _, _, ends in rows(loaded, CONVERSATIONS, **window(since, until, context="3h"))
        if ends
    ]
    assert sorted(ended) == ["10.0.0.1", "10.0.0.3"]


@pytest.mark.parametrize("scope", [{"ip": "10.0.0.1"}, {"cidr": "10.0.0.1/32"}])
def test_addresses_keep_whole_conversations(loaded: Workspace, scope: dict[str, str]) -> None:
    assert [row[:2] for row in rows(loaded, CONVERSATIONS, **window(-300, 300), **scope)] == [("10.0.0.1", 6)]
    assert [row[1] for row in rows(loaded, CONVERSATIONS, **scope)] == [6]


def test_a_capture_point_is_narrowed_to(loaded: Workspace) -> None:
    assert len(rows(loaded, CONVERSATIONS, interface="eni-1")) == 2
    assert rows(loaded, CONVERSATIONS, interface="eni-2") == []


def test_a_statement_may_ask_for_more_columns_than_the_one_before(loaded: Workspace) -> None:
    sql = (
        "create temp table a as select client_addr from conversations;"
        "create temp table b as select srcaddr from flows;"
        "create temp table c as select counted from flows;"
        "select count(local_addr), count(counted), (select count(*) from conversations where other_interface is null)"
        " from flows"
    )
    assert rows(loaded, sql) == [(8, 8, 2)]


def test_the_context_is_a_span() -> None:
    assert QueryOptions.parse().context_s == 3600
    assert QueryOptions.parse(context="90m").context_s == 5400
    with pytest.raises(UsageError, match="--context"):
        QueryOptions.parse(context="wide")


def test_the_published_catalogue_has_every_view(loaded: Workspace) -> None:
    with duckdb.connect() as con:
        con.execute(f"attach '{loaded.store.catalog.path}' as shop (read_only)")
        con.execute("use shop")
        for view in VIEWS:
            con.execute(f"select count(*) from {view.name}")
        assert con.execute("select client_addr, records from conversations order by 1").fetchall() == [
            ("10.0.0.1", 6),
            ("10.0.0.3", 2),
        ]
        assert con.execute("select local_addr, count(*) from flows group by all").fetchall() == [
            ("10.0.0.2", 8)
        ]


def test_it_spills_rather_than_fails(loaded: Workspace, tmp_path: Path) -> None:
    lines = [
        f"eni-1 {a}.{n >> 8 & 255}.{n & 255}.1 {b} {n % 60000} 443 6 4 400 {flags} {NOON} {NOON + 59} ACCEPT OK\n"
        for n in range(30_000)
        for a, b, flags in (("10", "10.0.0.2", 3), ("11", "10.0.0.2", 2))
    ]
    (tmp_path / "many.log").write_text(HEADER + "".join(lines))
    with Workspace(tmp_path / "store") as workspace:
        workspace.load([tmp_path / "many.log"])
        sql = "select count(*), sum(records) from conversations"
        assert rows(workspace, sql, memory_limit="60MiB") == [(60_000, 60_000)]
