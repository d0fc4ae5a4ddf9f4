"""What a load has written since its last commit."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa

from flowsql.errors import StoreError
from flowsql.store.catalog import store_error
from flowsql.store.commit import Sighting, commit
from flowsql.store.counts import Counts
from flowsql.store.ledger import Load
from flowsql.store.rejects_file import RejectsFile
from flowsql.store.segments import SegmentSet, counts_of
from flowsql.store.staging import Staging
from flowsql.store.store import Store

# A commit is due about every million records, or every half minute.
_DUE_RECORDS = 1_000_000
_DUE_S = 30.0
_IDS_AT_ONCE = 64


class Epoch(Protocol):
    """Takes the records of one object after the other, and commits finished objects together."""

    @property
    def is_due(self) -> bool: ...  # noqa: D102
    def next_load_id(self) -> int: ...  # noqa: D102
    def add(self, table: pa.Table, load: Load) -> Counts: ...  # noqa: D102
    def add_rejects(self, load: Load, rejects: Sequence[tuple[int, str, int, str]]) -> None: ...  # noqa: D102
    def finish(self, load: Load) -> None: ...  # noqa: D102
    def saw(self, sighting: Sighting) -> None: ...  # noqa: D102
    def drop(self, load: Load) -> None: ...  # noqa: D102
    def commit(self) -> list[Load]: ...  # noqa: D102
    def abandon(self) -> list[Load]: ...  # noqa: D102
    def write_error(self, error: OSError) -> StoreError: ...  # noqa: D102


class StoreEpoch:
    """An Epoch that writes segments into the store's staging folder and publishes them."""

    def __init__(self, store: Store, staging: Staging, expected_loads: int) -> None:
        self._store = store
        self._staging = staging
        self._segments = SegmentSet(staging.path)
        self._rejects = RejectsFile(staging.path)
        self._finished: list[Load] = []
        self._dropped: list[Load] = []
        self._sightings: list[Sighting] = []
        self._begun = time.monotonic()
        self._ids = range(0)
        self._expected_loads = expected_loads

    @property
    def is_due(self) -> bool:
        """Whether enough was written for a commit."""
        return (
            self._segments.records >= _DUE_RECORDS
            or self._segments.has_many_writers
            or time.monotonic() - self._begun >= _DUE_S
        )

    def next_load_id(self) -> int:
        """An id that no other load has or gets; taken from the store a few at a time."""
        if not self._ids:
            number = max(1, min(self._expected_loads, _IDS_AT_ONCE))
            first = self._store.reserve_load_ids(number)
            self._ids = range(first, first + number)
        first, self._ids = self._ids[0], self._ids[1:]
        self._expected_loads -= 1
        return first

    def add(self, table: pa.Table, load: Load) -> Counts:
        """Writes records of the load. Raises OSError when the disk is full."""
        return self._segments.add(table, load.load_id, load.flow_log_id)

    def add_rejects(self, load: Load, rejects: Sequence[tuple[int, str, int, str]]) -> None:
        """Writes rejects of the load. Raises OSError when the disk is full."""
        self._rejects.add(load.load_id, rejects)

    def finish(self, load: Load) -> None:
        """The load is complete and goes into the next commit."""
        self._finished.append(load)

    def saw(self, sighting: Sighting) -> None:
        """Notes that a known load's content has another name, or a new modification time."""
        self._sightings.append(sighting)

    def drop(self, load: Load) -> None:
        """The load was not read to its end: its records are not to count."""
        self._dropped.append(load)

    def commit(self) -> list[Load]:
        """Publishes what is finished; returns the loads that another writer had done meanwhile.

        Raises StoreError; nothing of this epoch is in the store then.
        """
        if not (self._finished or self._sightings):
            return self.abandon()
        described = {load.load_id: load.described() for load in [*self._finished, *self._dropped]}
        try:
            segments = self._segments.finish(described)
        except OSError as error:
            raise self.write_error(error) from error
        lost = commit(
            self._store,
            self._staging,
            segments,
            self._finished,
            self._sightings,
            self._rejects,
            [load.load_id for load in self._dropped],
        )
        self._clear()
        return lost

    def abandon(self) -> list[Load]:
        """Deletes what was written since the last commit; returns the finished loads among it."""
        finished = self._finished
        self._segments.discard()
        self._clear()
        return finished

    def _clear(self) -> None:
        self._rejects.clear()
        self._finished, self._dropped, self._sightings = [], [], []
        self._begun = time.monotonic()

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

    def next_load_id(self) -> int:
        """An id that means nothing outside this run."""
        self._last_id -= 1
        return self._last_id

    def add(self, table: pa.Table, load: Load) -> Counts:
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

    def abandon(self) -> list[Load]:
        """Has nothing to undo."""
        return []

    def write_error(self, error: OSError) -> StoreError:
        """An I/O error without a store."""
        return StoreError(f"cannot read on: {error.strerror or error}")
