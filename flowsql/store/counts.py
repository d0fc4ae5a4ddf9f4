"""How many records of which kind, from when to when."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """Records of some kind, and the span of their times (Unix seconds; None where none is known)."""

    records: int = 0
    nodata: int = 0
    skipdata: int = 0
    without_start: int = 0
    without_time: int = 0
    min_start: int | None = None
    max_start: int | None = None
    min_end: int | None = None
    max_end: int | None = None

    def add(self, other: Counts) -> None:
        """Adds the other's records to these."""
        self.records += other.records
        self.nodata += other.nodata
        self.skipdata += other.skipdata
        self.without_start += other.without_start
        self.without_time += other.without_time
        self.min_start = _lower(self.min_start, other.min_start)
        self.max_start = _higher(self.max_start, other.max_start)
        self.min_end = _lower(self.min_end, other.min_end)
        self.max_end = _higher(self.max_end, other.max_end)

    def lies_before(self, moment: int) -> bool:
        """Whether there are records, and the time of every one (`start`, else `end`) is before `moment`."""
        times = [self.max_start, self.max_end if self.without_start else None]
        known = [time for time in times if time is not None]
        return self.records > 0 and not self.without_time and bool(known) and max(known) < moment


def _lower(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else min(a, b)


def _higher(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else max(a, b)
