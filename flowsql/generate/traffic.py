"""Connections -> the records of one minute, in runs of one interface each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, cycle, islice
from random import Random
from typing import NamedTuple, TypeAlias

from flowsql.generate.relations import Relation, Relations
from flowsql.generate.services import Profile
from flowsql.generate.topology import Interface, Network

# The place of its leg in Relations.legs, the opener's port, packets, bytes, start, end and tcp_flags.
# A bare tuple, since there are millions; all else about a record is the same for its leg.
Record: TypeAlias = tuple[int, int, int, int, int, int, int]
LEG, PORT, PACKETS, BYTES, START, END, FLAGS = range(7)

INTERVAL_S = 60
# A busy network writes its records several times a minute.
_BATCH_RECORDS, _MOST_BATCHES = 5_000, 4
_SKIPDATA_SHARE, _FEWEST_FOR_SKIPDATA = 0.1, 100  # of the minutes, if they have so many records
_FEWEST_WITH_DATA = 4  # packets, beyond which some carry more than flags
_MOST_SIZE = 4  # records that a connection between two interfaces leaves in a minute


class Connection(NamedTuple):
    """One connection: who with whom and how it ends (`relation`), the opener's port, and its minutes."""

    relation: Relation
    port: int
    profile: Profile


class Traffic:
    """The traffic of a network, to be asked for minute by minute: connections go on from one to the next."""

    def __init__(self, network: Network, relations: Relations, rng: Random) -> None:
        self._interfaces = network.interfaces
        self._drawn, self._cumulative_weights = relations.drawn, list(accumulate(relations.weights))
        self._probes = relations.probes
        self._steady_count, self._steady = len(relations.steady), cycle(relations.steady)
        self._rng = rng
        # Connections that speak again in the next minute, each with the number of that minute.
        self._ongoing: list[tuple[Connection, int]] = []

    def minute(self, start: int, count: int) -> Iterator[list[Record]]:
        """Exactly `count` records whose `start` and `end` lie in the 60 s from `start` (Unix seconds).

        Every list is a run: records of one interface. `count` differs by at most one between minutes.
        An interface that is silent all minute has a NODATA record, unless `count` is too small for them.
        """
        batches = max(1, min(count // _BATCH_RECORDS, _MOST_BATCHES))
        ongoing, self._ongoing = self._ongoing, []
        most_ongoing = count * 2 // 3 // _MOST_SIZE
        spoken: set[int] = set()
        for i in range(batches):
            left = count * (i + 1) // batches - count * i // batches
            batch = _Batch(self._interfaces, start, self._rng)
            for connection, minute in ongoing[
                len(ongoing) * i // batches : len(ongoing) * (i + 1) // batches
            ]:
                left -= self._speak(batch, connection, minute, most_ongoing)
            if i == 0:
                left -= self._skip_data(batch, left)
                left -= self._keep_up(batch, left)
            reserved = min(left // 8, len(self._interfaces)) if i == batches - 1 else 0
            self._connect(batch, left - reserved, most_ongoing)
            self._report_silence(batch, reserved, spoken)
            spoken |= batch.speakers()
            yield from batch.runs(self._rng)

    def _speak(self, batch: _Batch, connection: Connection, minute: int, most_ongoing: int) -> int:
        """Add the records of one minute of a connection, keep it if it goes on; their number."""
        batch.add(connection, minute)
        if minute + 1 < len(connection.profile) and len(self._ongoing) < most_ongoing:
            self._ongoing.append((connection, minute + 1))
        return connection.relation.size

    def _skip_data(self, batch: _Batch, left: int) -> int:
        """Add a SKIPDATA record in some minutes; how many were added."""
        if left < _FEWEST_FOR_SKIPDATA or self._rng.random() >= _SKIPDATA_SHARE:
            return 0
        batch.add_without_flow(len(self._interfaces) + self._rng.randrange(len(self._interfaces)))
        return 1

    def _keep_up(self, batch: _Batch, left: int) -> int:
        """Add what machines say every minute (NTP, pings), at most a tenth of what is left; its records."""
        number = min(self._steady_count, left // 10 // _MOST_SIZE)
        return sum(
            self._speak(batch, self._new_connection(relation), 0, 0)
            for relation in islice(self._steady, number)
        )

    def _connect(self, batch: _Batch, left: int, most_ongoing: int) -> None:
        """Add first minutes of new connections until exactly `left` records are there."""
        rng = self._rng
        while left:
            drawn = rng.choices(self._drawn, cum_weights=self._cumulative_weights, k=left // 3 + 1)
            for relation in drawn:
                # The last gap may be too small for this one: a probe leaves a single record.
                fitting = relation if relation.size <= left else rng.choice(self._probes)
                left -= self._speak(batch, self._new_connection(fitting), 0, most_ongoing)
                if not left:
                    break

    def _report_silence(self, batch: _Batch, left: int, spoken: set[int]) -> None:
        """Add exactly `left` records: NODATA of silent interfaces, and probes if there are too few."""
        while left > len(silent := self._silent(spoken | batch.speakers())):
            left -= self._speak(batch, self._new_connection(self._rng.choice(self._probes)), 0, 0)
        for interface in self._rng.sample(silent, left):
            batch.add_without_flow(interface)

    def _silent(self, spoken: set[int]) -> list[int]:
        return [i.number for i in self._interfaces if i.number not in spoken]

    def _new_connection(self, relation: Relation) -> Connection:
        profiles = relation.profiles
        # int(random() * n) draws in a third of choice()'s time.
        return Connection(relation, relation.next_port(), profiles[int(self._rng.random() * len(profiles))])


class _Batch:
    """Records that AWS writes in one go: a run for each interface, all of its records with the same times."""

    def __init__(self, interfaces: Sequence[Interface], minute_start: int, rng: Random) -> None:
        self._run_of: list[list[Record]] = [[] for _ in interfaces]
        self._starts = [minute_start + rng.randrange(25) for _ in interfaces]
        self._ends = [minute_start + rng.randrange(35, INTERVAL_S) for _ in interfaces]

    def add(self, connection: Connection, minute: int) -> None:
        """Add the records of the connection's minute, on every leg in both directions."""
        relation, port, profile = connection
        packets, size, flags, reply_packets, reply_size, reply_flags = profile[minute]
        # No two transfers are alike to the byte: connections of one profile differ by their ports' digits.
        if packets > _FEWEST_WITH_DATA:
            size += port % 251
        if reply_packets > _FEWEST_WITH_DATA:
            reply_size += port * 31 % 1021
        run_of, starts, ends = self._run_of, self._starts, self._ends
        for i, leg in relation.sent:
            start = starts[i]
            run_of[i].append((leg, port, packets, size, start, ends[i] if packets > 1 else start, flags))
        for i, leg in relation.replied:
            start = starts[i]
            end = ends[i] if reply_packets > 1 else start
            run_of[i].append((leg, port, reply_packets, reply_size, start, end, reply_flags))

    def add_without_flow(self, leg: int) -> None:
        """Add a NODATA or SKIPDATA record; such legs are in the order of the interfaces for each status."""
        i = leg % len(self._run_of)
        self._run_of[i].append((leg, 0, 0, 0, self._starts[i], self._ends[i], 0))

    def speakers(self) -> set[int]:
        """The numbers of the interfaces that have records."""
        return {number for number, run in enumerate(self._run_of) if run}

    def runs(self, rng: Random) -> list[list[Record]]:
        """The runs that have records, in no order."""
        runs = [run for run in self._run_of if run]
        rng.shuffle(runs)
        return runs
