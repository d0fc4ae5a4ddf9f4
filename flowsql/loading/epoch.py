"""What a load has written since its last commit."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from flowsql.errors import StoreError
from flowsql.store.catalog import DROPPED, store_error
from flowsql.store.commit import Sighting, commit
from flowsql.store.counts import Counts
from flowsql.store.ledger import Load
from flowsql.store.rejects_file import RejectsFile
from flowsql.store.segments import SegmentSet, counts_of
from flowsql.store.staging import Staging
from flowsql.store.store import Store

# A commit is due about every million records, or every half minute; while the one before is going on, with so
# many times as many.
_DUE_RECORDS, _PATIENCE = 1_000_000, 2
_DUE_S = 30.0
# Each taking waits for the commit that is going on.
_IDS_AT_ONCE = 5_000


class Epoch(Protocol):
    """Takes the records of one object after the other, and commits finished objects together."""

    @property
    def is_due(self) -> bool: ...  # noqa: D102
    def expect(self, loads: int) -> None: ...  # noqa: D102
    def next_load_id(self) -> int: ...  # noqa: D102
    def add(self, table: pa.Table, load: Load, flow_log_id: str | None) -> Counts: ...  # noqa: D102
    def add_rejects(self, load: Load, rejects: Sequence[tuple[int, str, int, str]]) -> None: ...  # noqa: D102
    def finish(self, load: Load) -> None: ...  # noqa: D102
    def saw(self, sighting: Sighting) -> None: ...  # noqa: D102
    def drop(self, load: Load) -> None: ...  # noqa: D102
    def commit(self) -> list[Load]: ...  # noqa: D102
    def settle(self) -> list[Load]: ...  # noqa: D102
    def abandon(self) -> list[Load]: ...  # noqa: D102
    def write_error(self, error: OSError) -> StoreError: ...  # noqa: D102


@dataclass(slots=True)
class _Batch:
    """What goes into one commit."""

    segments: SegmentSet
    rejects: RejectsFile
    finished: list[Load] = field(default_factory=list)
    dropped: list[Load] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)

    def discard(self) -> None:
        self.segments.discard()
        self.rejects.clear()


class StoreEpoch:
    """An Epoch that writes segments into the store's staging folder and publishes them.

    A commit goes on in the background while the next objects are read; so does giving the store its views,
    if it `lacks_views`. Use it as a context manager: a commit that has begun is finished before the staging
    folder goes.
    """

    def __init__(self, store: Store, staging: Staging, *, lacks_views: bool = False) -> None:
        self._store = store
        self._staging = staging
        self._lacks_views = lacks_views
        self._encoder = ThreadPoolExecutor(2, "encode")
        self._committer = ThreadPoolExecutor(1, "commit")
        self._batch = self._new_batch()
        # The finished loads of the commit that is going on.
        self._committing: tuple[list[Load], Future[list[Load]]] | None = None
        self._ids = range(0)
        self._expected_loads = 0

    def __enter__(self) -> StoreEpoch:
        return self

    def __exit__(self, *exc: object) -> None:
        self._committer.shutdown()
        self._encoder.shutdown()

    def _new_batch(self) -> _Batch:
        return _Batch(SegmentSet(self._staging.path, self._encoder), RejectsFile(self._staging.path))

    @property
    def is_due(self) -> bool:
        """Whether enough was written for a commit, which need not wait for the one before."""
        is_committing = self._committing is not None and not self._committing[1].done()
        return (
            self._batch.segments.records >= _DUE_RECORDS * (_PATIENCE if is_committing else 1)
            or self._batch.segments.has_many_writers
            or time.monotonic() - self._batch.begun >= _DUE_S
        )

    def expect(self, loads: int) -> None:
        """So many loads more are about to want an id."""
        self._expected_loads += loads

    def next_load_id(self) -> int:
        """An id that no other load has or gets; taken from the store a few at a time."""
        if not self._ids:
            number = max(1, min(self._expected_loads, _IDS_AT_ONCE))
            first = self._store.reserve_load_ids(number)
            self._ids = range(first, first + number)
            self._complete_store()
        first, self._ids = self._ids[0], self._ids[1:]
        self._expected_loads -= 1
        return first

    def _complete_store(self) -> None:
        """Begins to give a store that was just made its views, as a commit of its own.

        Once there are load ids to go on with: to get them takes waiting for commits.
        """
        if self._lacks_views:
            self._lacks_views = False
            self._committing = [], self._committer.submit(self._add_views)

    def _add_views(self) -> list[Load]:
        self._store.upgrade()
        return []

    def add(self, table: pa.Table, load: Load, flow_log_id: str | None) -> Counts:
        """Writes records of the load, and of that flow log. Raises OSError when the disk is full."""
        return self._batch.segments.add(table, load.load_id, flow_log_id)

    def add_rejects(self, load: Load, rejects: Sequence[tuple[int, str, int, str]]) -> None:
        """Writes rejects of the load. Raises OSError when the disk is full."""
        self._batch.rejects.add(load.load_id, rejects)

    def finish(self, load: Load) -> None:
        """The load is complete and goes into the next commit."""
        self._batch.finished.append(load)

    def saw(self, sighting: Sighting) -> None:
        """Notes that a known load's content has another name, or a new modification time."""
        self._batch.sightings.append(sighting)

    def drop(self, load: Load) -> None:
        """The load was not read to its end: its records are not to count."""
        load.state = DROPPED
        self._batch.dropped.append(load)

    def commit(self) -> list[Load]:
        """Begins to publish what is finished, once the commit before is done.

        Returns the loads of that one which another writer had done meanwhile. Raises its StoreError; nothing
        of it, nor of what came after, is in the store then.
        """
        self._complete_store()
        lost = self.settle()
        batch, self._batch = self._batch, self._new_batch()
        self._committing = batch.finished, self._committer.submit(self._publish, batch)
        return lost

    def settle(self) -> list[Load]:
        """Returns, and raises, what `commit` does, for the last commit that was begun."""
        if self._committing is None:
            return []
        lost = self._committing[1].result()
        self._committing = None
        return lost

    def _publish(self, batch: _Batch) -> list[Load]:
        try:
            # A name without a version tag says nothing the next time: it is no reason to publish.
            sightings = [s for s in batch.sightings if s.version_tag or s.replaces]
            if not (batch.finished or sightings):
                return []
            described = {load.load_id: load.described() for load in [*batch.finished, *batch.dropped]}
            return commit(
                self._store,
                self._staging,
                batch.segments.finish(described),
                batch.finished,
                sightings,
                batch.rejects,
                [load.load_id for load in batch.dropped],
            )
        except OSError as error:
            raise self.write_error(error) from error
        finally:
            batch.discard()

    def abandon(self) -> list[Load]:
        """Deletes what is not in the store; returns the finished loads among it."""
        finished = self._batch.finished
        if self._committing is not None:
            begun, committing = self._committing
            self._committing = None
            if committing.exception() is not None:
                finished = [*begun, *finished]
        self._batch.discard()
        self._batch = self._new_batch()
        return finished

    def write_error(self, error: OSError) -> StoreError:
        """What a failed write means to the user."""
        return store_error(error, self._store.folder)


class DryRun:
    """An Epoch that only counts: nothing is written anywhere."""

    def __init__(self) -> None:
        self._last_id = 0

    @property
    def is_due(self) -> bool:
        """Never: there is nothing to commit."""
        return False

    def expect(self, loads: int) -> None:
        """Does nothing: ids cost nothing here."""

    def next_load_id(self) -> int:
        """An id that means nothing outside this run."""
        self._last_id -= 1
        return self._last_id

    def add(self, table: pa.Table, load: Load, flow_log_id: str | None) -> Counts:
        """Counts the records."""
        return counts_of(table)

    def add_rejects(self, load: Load, rejects: Sequence[tuple[int, str, int, str]]) -> None:
        """Does nothing: the report counts them."""

    def finish(self, load: Load) -> None:
        """Does nothing."""

    def saw(self, sighting: Sighting) -> None:
        """Does nothing."""

    def drop(self, load: Load) -> None:
        """Does nothing."""

    def commit(self) -> list[Load]:
        """Commits nothing."""
        return []

    def settle(self) -> list[Load]:
        """Has nothing to wait for."""
        return []

    def abandon(self) -> list[Load]:
        """Has nothing to undo."""
        return []

    def write_error(self, error: OSError) -> StoreError:
        """An I/O error without a store."""
        return StoreError(f"cannot read on: {error.strerror or error}")
