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


def _lower(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else min(a, b)


def _higher(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else max(a, b)
