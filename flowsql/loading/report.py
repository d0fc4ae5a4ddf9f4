"""What a load did, object by object, and how far it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from flowsql.errors import FlowsqlError
from flowsql.store.catalog import EXPIRED, INCOMPLETE
from flowsql.store.ledger import Load

# Notices and examples beyond these are counted, not kept.
_MAX_EXAMPLES = 20


class Outcome(StrEnum):
    """What became of a log object."""

    LOADED = "loaded"
    REPLACED = "loaded in place of an older version"
    KNOWN = "known already"
    COPY = "same content as a loaded one"
    INCOMPLETE = "loaded in part"
    KNOWN_BAD = "known to be damaged"
    OUTSIDE = "outside the window"
    EXPIRED = "older than the store keeps (--again loads them)"
    FORGOTTEN = "forgotten (--again loads them)"
    NOT_LOGS = "not flow logs"
    FAILED = "not loaded"
    DROPPED = "dropped unfinished"


@dataclass(slots=True)
class Progress:
    """How far a load is; `bytes_*` are those of the objects as stored, totals those found so far."""

    objects_total: int = 0
    bytes_total: int = 0
    objects_done: int = 0
    bytes_done: int = 0
    records: int = 0


@dataclass(slots=True)
class LoadReport:
    """What a load did.

    `problems` are objects that could not be read, wholly or in part, for the first time; `notices` whole
    sentences; `reject_reasons` maps a reason to (lines, place of the first one).
    """

    objects: Counter[Outcome] = field(default_factory=Counter)
    lines: int = 0
    records: int = 0
    nodata: int = 0
    skipdata: int = 0
    rejects: int = 0
    reject_reasons: dict[str, tuple[int, str]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    problems: list[FlowsqlError] = field(default_factory=list)
    stopped_by: FlowsqlError | None = None
    elapsed_s: float = 0.0

    def notice(self, text: str) -> None:
        """Keeps a notice; of very many only the first."""
        if len(self.notices) < _MAX_EXAMPLES and text not in self.notices:
            self.notices.append(text)

    def count_reject(self, reason: str, where: str) -> None:
        """Counts a rejected line under its reason."""
        if reason not in self.reject_reasons and len(self.reject_reasons) >= _MAX_EXAMPLES:
            reason = "other reasons"
        lines, first = self.reject_reasons.get(reason, (0, where))
        self.reject_reasons[reason] = (lines + 1, first)

    def count(self, load: Load) -> None:
        """Counts a load that was read."""
        self.objects[outcome_of(load)] += 1
        self._add(load, 1)

    def take_back(self, load: Load, instead: Outcome) -> None:
        """Counts a load, counted before, as something else: its records are not from this command."""
        self.objects[outcome_of(load)] -= 1
        self.objects[instead] += 1
        self._add(load, -1)

    def _add(self, load: Load, sign: int) -> None:
        if load.state == EXPIRED:
            return
        self.lines += sign * load.lines
        self.records += sign * load.counts.records
        self.nodata += sign * load.counts.nodata
        self.skipdata += sign * load.counts.skipdata
        self.rejects += sign * load.rejects


def outcome_of(load: Load) -> Outcome:
    """What became of an object that has a load."""
    if load.identity.startswith("path:"):
        return Outcome.FAILED
    if load.state == EXPIRED:
        return Outcome.EXPIRED
    if load.state == INCOMPLETE:
        return Outcome.INCOMPLETE
    return Outcome.REPLACED if load.replaces else Outcome.LOADED
