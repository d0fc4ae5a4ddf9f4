from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flowsql.errors import UsageError
from flowsql.store.catalog import engine_connection
from flowsql.store.flow_logs import FlowLog, find, register, registered, unregister
from flowsql.store.store import Store
from flowsql.workspace import Workspace

A = FlowLog(
    "fl-1",
    "${srcaddr}",
    "s3",
    name="prod",
    tags={"Name": "prod"},
    tag_keys={"asg_tag": "team"},
    interval_s=60,
)
B = FlowLog("fl-2", "${dstaddr}", "cloud-watch-logs", name="prod", log_group="/g", created_at=7)
C = FlowLog("fl-3", "${bytes}", "s3")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Workspace(tmp_path / "store").store


def test_what_is_registered_is_there(store: Store) -> None:
    assert register(store, [C, B, A]) == 3
    assert registered(store) == [A, B, C]


def test_the_last_description_counts(store: Store) -> None:
    register(store, [A, B])
    changed = replace(A, name="test", tags={})
    assert register(store, [changed, C]) == 1
    assert registered(store) == [B, changed, C]


def test_nothing_registered(store: Store) -> None:
    assert register(store, []) == 0
    assert registered(store) == []


def test_forgetting_one(store: Store) -> None:
    register(store, [A, B, C])
    assert unregister(store, "fl-3") == C
    assert registered(store) == [A, B]
    with pytest.raises(UsageError, match="fl-3: no flow log of that name or id is registered"):
        unregister(store, "fl-3")


def test_one_is_found_by_name_or_id() -> None:
    assert find([A, C], "prod") == A
    assert find([A, B, C], "fl-2") == B
    with pytest.raises(UsageError) as caught:
        find([A, B], "prod")
    assert caught.value.remedy == "name one by its id: fl-1, fl-2"
    with pytest.raises(UsageError) as caught:
        find([A, C], "prd")
    assert "'prod'" in caught.value.remedy


def test_a_store_of_schema_version_2_is_migrated(store: Store) -> None:
    register(store, [A])
    with store.staging() as staging, store.catalog.change(staging.path, store.view_statements, 9) as con:
        con.execute("drop table flow_logs")
        con.execute("update store_info set schema_version = 2")
    con = engine_connection()
    assert store.catalog.attach_as_it_is(con) == 2
    con.close()
    assert registered(store) == []
    register(store, [B])
    assert registered(store) == [B]


def test_a_store_of_schema_version_3_is_migrated(store: Store) -> None:
    register(store, [A])
    with store.staging() as staging, store.catalog.change(staging.path, store.view_statements, 9) as con:
        con.execute("insert into objects values ('/a', 1, 'mtime:1700000000999999999', 1, null)")
        con.execute("insert into objects values ('s3://b/a', 1, 'etag:\"x\"', 2, null)")
        con.execute("alter table objects drop column modified_at")
        con.execute("alter table flow_logs drop column delivery_problem")
        con.execute("drop view event_arrivals")
        con.execute("drop table event_lags")
        con.execute("update store_info set schema_version = 3")
    con = engine_connection()
    assert store.catalog.attach_as_it_is(con) == 3
    con.execute("detach catalog")
    store.catalog.attach(con)
    rows = con.execute("select name, modified_at from catalog.objects order by name").fetchall()
    assert rows == [("/a", 1_700_000_000), ("s3://b/a", None)]
    con.close()
    assert registered(store) == [A]
