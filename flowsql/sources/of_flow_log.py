"""The log objects of one flow log, where several deliver to one place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flowsql.sources.source import History, LogObject, Source


class OfFlowLog:
    """Of another source those objects that AWS's file name says are of this flow log."""

    def __init__(self, source: Source, flow_log_id: str) -> None:
        self._source = source
        self._mark = f"_{flow_log_id}_"

    def find(self, history: History, tell: Callable[[str], None]) -> Iterator[LogObject]:
        """Its objects; where they begin depends on what is known of this flow log. Raises as the source."""
        found = self._source.find(_HistoryOf(history, self._mark), tell)
        return (log_object for log_object in found if self._mark in log_object.file_name)


@dataclass(frozen=True, slots=True)
class _HistoryOf:
    """What is known of the objects that have the mark in their names."""

    history: History
    mark: str

    def newest(self, prefix: str, mark: str = "") -> str | None:
        return self.history.newest(prefix, mark or self.mark)

    def least_ending(self, prefix: str) -> str | None:
        return self.history.least_ending(prefix)

    def unfinished(self, prefix: str) -> list[str]:
        return [name for name in self.history.unfinished(prefix) if self.mark in name]
