"""The frame of every change to a store: the catalogue changed and published, statistics kept true."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

import duckdb

from flowsql.store.catalog import store_error
from flowsql.store.segments import Segment
from flowsql.store.staging import Staging
from flowsql.store.statistics import (
    Counted,
    refresh_statistics,
    remove_unlisted_statistics,
    statistics_of,
    statistics_of_groups,
)
from flowsql.store.store import Store
from flowsql.store.sweep import GRACE_S, remove_unlisted, sweep_replaced_hours, sweep_superseded


@contextmanager
def publishing(
    store: Store, staging: Staging, segments: Sequence[Segment] = (), dead: Collection[int] = frozenset()
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A change of the catalogue, published on exit, that may place and list these segments.

    Of `dead` loads it is known that their records in the segments will not count. The statistics follow what
    the change does to segments and dead loads. After an exception only those files stay that the published
    catalogue lists, whoever raised it and when.
    Raises StoreError for those of the disk, and when the queue of writers is too long.
    """
    paths = [segment.path for segment in segments]
    try:
        staging.intend(paths)
        counted = [_to_count(segment, dead) for segment in segments if segment.by_load.keys() - dead]
        # Counted in the staging folder: other writers need not wait for it.
        statistics = statistics_of([c for c in counted if c.groups is None], staging.path)
        with store.catalog.change(staging.path, store.view_statements, store.wait_s) as con:
            sweep_superseded(con, store.folder, GRACE_S)
            sweep_replaced_hours(con)
            before = _dead_loads(con)
            yield con
            statistics.insert_into(con)
            statistics_of_groups(con, [c for c in counted if c.groups is not None]).insert_into(con)
            remove_unlisted_statistics(con)
            left_out = {(c.segment_id, load_id) for c in counted for load_id in c.dead}
            buried = _dead_loads(con) - before - left_out
            refresh_statistics(con, store.folder, staging.path, sorted({segment for segment, _ in buried}))
    except BaseException as error:
        # Whatever went wrong, and when: what the catalogue lists stays, the rest was never committed.
        remove_unlisted(store.catalog, paths)
        if isinstance(error, (OSError, duckdb.Error)):
            raise store_error(error, store.folder) from error
        raise


def _to_count(segment: Segment, dead: Collection[int]) -> Counted:
    # How all the records group does not tell how those group that are left without some loads.
    groups = segment.groups if segment.by_load.keys().isdisjoint(dead) else None
    return Counted(segment.segment_id, segment.file, segment.columns, dead, groups)


def _dead_loads(con: duckdb.DuckDBPyConnection) -> set[tuple[str, int]]:
    return set(con.execute("select segment_id, load_id from dead_loads").fetchall())
