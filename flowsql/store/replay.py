"""The ledger as it must have been, from the descriptions of loads that segments keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flowsql.store.catalog import DROPPED, EXPIRED, FORGOTTEN, INCOMPLETE, LIVE, REPLACED

COUNTING = (LIVE, INCOMPLETE)


@dataclass(slots=True)
class KnownLoad:
    """A load in the ledger, as far as others depend on it.

    `expected` are its records, and the NODATA and SKIPDATA ones among them.
    """

    identity: str
    content_hash: str
    state: str
    expected: tuple[int, int, int]
    replaced_by: int | None = None

    @property
    def counts(self) -> bool:
        """Whether its records count."""
        return self.state in COUNTING


@dataclass(slots=True)
class Replay:
    """Commits loads once more, in their order, by the rules by which they were committed the first time.

    `known` is the ledger before and after; `added` are the described loads that became part of it.
    """

    known: dict[int, KnownLoad]
    added: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    _by_identity: dict[str, set[int]] = field(default_factory=dict)
    _twins: dict[int, int] = field(default_factory=dict)
    _claimed: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        for load_id, load in self.known.items():
            self._by_identity.setdefault(load.identity, set()).add(load_id)

    def commit(self, loads: Iterable[Mapping[str, Any]]) -> None:
        """Takes the loads, but for those never finished and those that lost a race."""
        for load in loads:
            # Before there was a state for it, a load that was not read to its end had no hash of its content.
            is_dropped = load["state"] == DROPPED or (load["state"] == LIVE and not load["content_hash"])
            if is_dropped:
                continue
            if load["load_id"] in self.known:
                self._learn(load)
            elif load["state"] in COUNTING:
                self._commit_one(load)
            else:  # A compaction knew what had become of it.
                self._add(load)

    def _learn(self, load: Mapping[str, Any]) -> None:
        """A compaction after the ledger was written may know that a load does not count any more."""
        known = self.known[load["load_id"]]
        if known.counts and load["state"] not in COUNTING:
            known.state = load["state"]

    def _commit_one(self, load: Mapping[str, Any]) -> None:
        load_id = load["load_id"]
        old = {self._twins.get(i, i) for i in load["replaces"]}
        rivals = self._by_identity.get(load["identity"], set()) - old
        alive = {i for i in rivals if self.known[i].counts}
        twin = next((i for i in sorted(alive) if self.known[i].content_hash == load["content_hash"]), None)
        if twin is not None:
            self._twins[load_id] = twin
            self._give_way({i for i in old if i in self.known and self.known[i].counts}, twin)
        elif not any(map(self._is_taken, old)) and not any(map(self._is_gone, rivals)):
            self._add(load)
            self._give_way(old | alive | set(filter(self._is_orphan, rivals)), load_id)

    def _is_taken(self, old: int) -> bool:
        """Whether another load has replaced that one already; it may be one of which nothing is left."""
        return self.known[old].replaced_by is not None if old in self.known else old in self._claimed

    def _is_orphan(self, rival: int) -> bool:
        """Whether a load is known to be replaced, but not by which."""
        return self.known[rival].state == REPLACED and self.known[rival].replaced_by is None

    def _is_gone(self, rival: int) -> bool:
        return self.known[rival].state in (EXPIRED, FORGOTTEN)

    def _give_way(self, load_ids: set[int], to: int) -> None:
        self._claimed |= load_ids
        for load_id in load_ids & self.known.keys():
            self.known[load_id].state = REPLACED
            self.known[load_id].replaced_by = to

    def _add(self, load: Mapping[str, Any]) -> None:
        load_id = load["load_id"]
        expected = (load["records"], load["nodata"], load["skipdata"])
        self.known[load_id] = KnownLoad(load["identity"], load["content_hash"], load["state"], expected)
        self.added[load_id] = load
        self._by_identity.setdefault(load["identity"], set()).add(load_id)


def replace_superseded_parts(replay: Replay) -> None:
    """Makes incomplete loads give way that begin like a whole one and are no longer than it.

    Such an object was found whole under a name of its own: only the catalogue knew that, and no record is to
    come twice.
    """
    whole: dict[str, tuple[int, int]] = {}
    for load_id, load in replay.added.items():
        if replay.known[load_id].state == LIVE:
            size = load["content_bytes"]
            whole[load["head_sha256"]] = max(whole.get(load["head_sha256"], (0, 0)), (size, load_id))
    for load_id, load in replay.added.items():
        size, by = whole.get(load["head_sha256"], (0, 0))
        if replay.known[load_id].state == INCOMPLETE and 0 < load["content_bytes"] <= size:
            replay.known[load_id].state, replay.known[load_id].replaced_by = REPLACED, by
