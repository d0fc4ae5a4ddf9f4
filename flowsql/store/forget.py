"""Forgetting: loads whose records count no more, and which no later load brings back by itself."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from flowsql.interrupts import Interrupts
from flowsql.store.catalog import EXPIRED, FORGOTTEN, REPLACED, engine_connection
from flowsql.store.choice import Choice, Staying, chosen, staying
from flowsql.store.commit import bury
from flowsql.store.publishing import publishing
from flowsql.store.store import Store

_SOME_NAMES = 10


@dataclass(frozen=True, slots=True)
class ForgetReport:
    """What was forgotten, or would be: log objects, their records, the names of the first few of them.

    `staying` are those that `before` does not choose though they may have older records.
    """

    objects: int
    records: int
    names: tuple[str, ...]
    staying: Staying


def forget(store: Store, choice: Choice, *, dry_run: bool = False) -> ForgetReport:
    """Takes the chosen loads out of what counts, all or none of them, and says which those were.

    A dry run only says it. With `before`, later loads leave out objects that are older than that.
    Raises UsageError for a load that is not there, StoreError when there is no store or it cannot be written.
    """
    con = engine_connection()
    try:
        store.catalog.attach(con)
        con.execute("use catalog")
        load_ids = chosen(con, choice)
        report = _report(con, choice, load_ids)
        is_news = bool(load_ids) or (choice.before is not None and _horizon(con) != choice.before)
    finally:
        con.close()
    if dry_run:
        return report
    with Interrupts(), store.staging() as staging:
        if is_news:
            with publishing(store, staging) as con:
                # Chosen anew: other writers may have come before this one in the queue.
                load_ids = chosen(con, choice)
                report = _report(con, choice, load_ids)
                _forget(con, choice, load_ids)
    return report


def _forget(con: duckdb.DuckDBPyConnection, choice: Choice, load_ids: Sequence[int]) -> None:
    """Sets the state of the loads and of those they replaced, which held the same records; drops rejects."""
    rows = con.execute(
        f"""
        with recursive gone(load_id) as (
            select unnest($ids)
            union
            select loads.load_id from loads join gone on loads.replaced_by = gone.load_id
            where loads.state = '{REPLACED}'
        )
        select load_id from gone
        """,
        {"ids": list(load_ids)},
    ).fetchall()
    these = [load_id for (load_id,) in rows]
    state = FORGOTTEN if choice.before is None else EXPIRED
    con.execute("update loads set state = ? where load_id in (select unnest(?))", [state, these])
    con.execute("delete from rejects where load_id in (select unnest(?))", [these])
    bury(con, load_ids)
    if choice.before is not None:
        con.execute("delete from retention")
        con.execute("insert into retention values (?, ?)", [choice.before, int(time.time())])


def _report(con: duckdb.DuckDBPyConnection, choice: Choice, load_ids: Sequence[int]) -> ForgetReport:
    rows = con.execute(
        "select name, records from loads where load_id in (select unnest(?)) order by load_id",
        [list(load_ids)],
    ).fetchall()
    names = tuple(name for name, _ in rows[:_SOME_NAMES])
    stays = Staying() if choice.before is None else staying(con, choice.before)
    return ForgetReport(len(rows), sum(records for _, records in rows), names, stays)


def _horizon(con: duckdb.DuckDBPyConnection) -> int | None:
    ((horizon,),) = con.execute("select max(horizon) from retention").fetchall()
    return None if horizon is None else int(horizon)
