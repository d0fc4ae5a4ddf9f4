"""The plan of a run: how many records are written when, and into the files of which slot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from flowsql.errors import UsageError

SLOT_S = 300  # AWS publishes files for every five minutes
MOST_RECORDS_PER_FILE = 500_000
_FEWEST_RECORDS_PER_FILE, _SLOTS_AT_LEAST = 50, 6
# A busy network writes its records several times in an interval.
_BATCH_RECORDS, _MOST_BATCHES = 5_000, 4
# Beyond this a pair of hosts would run out of ports for its connections.
_MOST_RECORDS_PER_S = 10_000


class Batch(NamedTuple):
    """Records that are written in one go: `size` of them, into the files of `slot`, if `logged` at all.

    `starts` and `ends` are when they may start and end, in Unix seconds; the second bound is left out.
    """

    slot: int
    size: int
    logged: bool
    starts: tuple[int, int]
    ends: tuple[int, int]


class Interval(NamedTuple):
    """An aggregation interval from `start` (Unix seconds), with its batches."""

    number: int
    start: int
    batches: tuple[Batch, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """All intervals of a run; `late` slots have a part of their records in files that come later."""

    start: int
    interval_s: int
    intervals: int
    records: int
    missing: frozenset[int]
    late: frozenset[int]

    @classmethod
    def of(
        cls,
        records: int,
        *,
        start: int,
        interval_s: int,
        duration_s: int | None,
        missing_files: int,
        late_files: int,
        rng: Random,
    ) -> Schedule:
        """The plan for so many records. Raises UsageError for what cannot be."""
        if records < 1:
            raise UsageError(f"{records} records cannot be generated", remedy="ask for at least 1")
        step = max(interval_s, SLOT_S)
        if duration_s is None:
            slots = max(
                -(-records // MOST_RECORDS_PER_FILE),
                min(-(-records // _FEWEST_RECORDS_PER_FILE), _SLOTS_AT_LEAST),
            )
            # Whoever wants files to be missing or late wants others around them.
            slots = max(slots, missing_files + late_files + 2 if missing_files + late_files else 1)
            duration_s = slots * SLOT_S
        duration_s = -(-duration_s // step) * step
        if records > duration_s * _MOST_RECORDS_PER_S:
            raise UsageError(
                f"{records:,} records do not fit into {duration_s:,} seconds",
                remedy=f"give a --duration of {-(-records // _MOST_RECORDS_PER_S // 3600)}h or more",
            )
        slots = duration_s // SLOT_S
        # The first and the last slot stay whole: a gap has something on either side.
        chosen = _some(range(1, slots - 1), missing_files + late_files, rng)
        return cls(
            start - start % step,
            interval_s,
            duration_s // interval_s,
            records,
            frozenset(chosen[:missing_files]),
            frozenset(chosen[missing_files:]),
        )

    def __iter__(self) -> Iterator[Interval]:
        times = self._batch_times()
        total = self._logged_batches(times)
        done = 0
        for number in range(self.intervals):
            start = self.start + number * self.interval_s
            batches = []
            for starts, ends in times:
                slot = (start + ends[0] - self.start) // SLOT_S
                logged = slot not in self.missing
                # A lost batch is as large as any other.
                count = self.records * (done + 1) // total - self.records * done // total
                done += logged and done + 1 < total
                batches.append(Batch(slot, count, logged, _moved(starts, start), _moved(ends, start)))
            yield Interval(number, start, tuple(batches))

    def slot_start(self, slot: int) -> int:
        """When a slot begins, in Unix seconds."""
        return self.start + slot * SLOT_S

    def _batch_times(self) -> list[tuple[tuple[int, int], tuple[int, int]]]:
        """When the records of each batch of an interval may start and end, in seconds from its start."""
        count = self.records // self.intervals
        batches = max(1, min(count // _BATCH_RECORDS, _MOST_BATCHES))
        if self.interval_s <= 60:
            return [((0, 25), (35, 60))] * batches
        # All records of one batch end in one slot.
        halves = [((0, 90), (200, 300)), ((0, 250), (310, 600))]
        return [halves[i // (batches // 2 or 1)] for i in range(max(2, batches // 2 * 2))]

    def _logged_batches(self, times: list[tuple[tuple[int, int], tuple[int, int]]]) -> int:
        return sum(
            (number * self.interval_s + ends[0]) // SLOT_S not in self.missing
            for number in range(self.intervals)
            for _, ends in times
        )


def _moved(times: tuple[int, int], by: int) -> tuple[int, int]:
    return times[0] + by, times[1] + by


def _some(slots: range, count: int, rng: Random) -> list[int]:
    if count > len(slots):
        raise UsageError(
            f"{count} files cannot be missing or late in {len(slots) + 2} five-minute slots",
            remedy="give a longer --duration; the first and the last slot stay whole",
        )
    return rng.sample(slots, count)
