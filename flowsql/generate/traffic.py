"""Connections -> the records of one interval, in runs of one interface each, and the truth about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from random import Random
from typing import NamedTuple, Protocol, TypeAlias

from flowsql.generate.relations import Relation, Relations
from flowsql.generate.schedule import SLOT_S, Batch, Interval
from flowsql.generate.services import ICMP, ICMPV6, Profile, Stage

# The place of its leg in Relations.legs, the port that is the connection's own, packets, bytes, start, end
# and tcp_flags. A bare tuple, since there are millions; all else about a record is the same for its leg.
Record: TypeAlias = tuple[int, int, int, int, int, int, int]
LEG, PORT, PACKETS, BYTES, START, END, FLAGS = range(7)

_SKIPDATA_SHARE, _FEWEST_FOR_SKIPDATA = 0.1, 100  # of the intervals, if they have so many records
_FEWEST_WITH_DATA = 4  # packets, beyond which some carry more than flags
_MOST_SIZE = 10  # records that a connection through all gateways leaves in an interval
_CLOCKWORK_PART = 6  # of the records of an interval, machines have one in so many at most
# Silence after which a conversation without ports of its own counts as another one, beside the interval.
_PING_SILENCE_S, _UDP_SILENCE_S = 60, 180
_NEVER = 1 << 62


class Finished(NamedTuple):
    """All that is known of a connection beside its relation; counts are of what happened, logged or not.

    `sent`, `replied` and `strays` are intervals, packets and bytes; `unlogged` are the intervals of each
    of the three in files that were never written; `skipped` those sent and replied that the interface
    `skipped_at` (None: none) left out, SKIPDATA telling of it. Strays are all later than `over`, unless they
    fall into one interval with the end.
    """

    relation: int
    port: int
    nat_port: int
    first: int
    last: int
    sent: tuple[int, int, int]
    replied: tuple[int, int, int]
    strays: tuple[int, int, int]
    unlogged: tuple[int, int, int] = (0, 0, 0)
    skipped_at: int | None = None
    skipped: tuple[int, int] = (0, 0)
    closed: bool = False
    reused: bool = False
    over: int | None = None
    stray_first: int | None = None


class Sink(Protocol):
    """Takes connections when they are over."""

    def add(self, finished: Finished) -> None:
        """Take one."""


_NONE = (0, 0, 0)


class _Life:
    """A connection that is not over: what it has done so far."""

    __slots__ = (
        "_counts",
        "_skipped",
        "_unlogged",
        "first",
        "last",
        "last_interval",
        "nat_port",
        "next",
        "over",
        "port",
        "profile",
        "relation",
        "reused",
        "skipped_at",
        "stray_first",
    )  # fmt: skip

    def __init__(
        self, relation: Relation, port: int, nat_port: int, profile: Profile, *, reused: bool = False
    ):
        self.relation, self.port, self.nat_port, self.profile = relation, port, nat_port, profile
        self.next, self.reused, self.last_interval = 0, reused, 0
        self.first, self.last = _NEVER, 0
        self._counts, self._unlogged, self._skipped = [0] * 9, [0] * 3, [0] * 2
        self.skipped_at: int | None = None
        self.over = 0
        self.stray_first: int | None = None

    def note(self, stage: Stage, sizes: tuple[int, int], times: tuple[int, int], logged: bool) -> None:
        """Count a stage, whose bytes each way are `sizes` and whose records lie between `times`."""
        counts = self._counts
        ways = ((0, stage.sent_packets, sizes[0]), (2 if stage.stray else 1, stage.reply_packets, sizes[1]))
        for way, packets, size in ways:
            if packets:
                counts[3 * way] += 1
                counts[3 * way + 1] += packets
                counts[3 * way + 2] += size
                self._unlogged[way] += not logged
        self.first, self.last = min(self.first, times[0]), max(self.last, times[1])
        if stage.stray:
            self.stray_first = times[0]
        else:
            self.over = max(self.over, times[1])

    def skip(self, interface: int, stage: Stage) -> None:
        """Note that the interface left the stage out of its records."""
        self.skipped_at = interface
        self._skipped[0] += stage.sent_packets > 0
        self._skipped[1] += stage.reply_packets > 0

    def finished(self) -> Finished:
        """What became of it."""
        counts, profile = self._counts, self.profile
        return Finished(
            self.relation.number, self.port, self.nat_port, self.first, self.last,
            (counts[0], counts[1], counts[2]),
            (counts[3], counts[4], counts[5]),
            (counts[6], counts[7], counts[8]),
            (self._unlogged[0], self._unlogged[1], self._unlogged[2]),
            self.skipped_at, (self._skipped[0], self._skipped[1]),
            profile.closed and self.next >= len(profile.intervals), self.reused, self.over, self.stray_first,
        )  # fmt: skip


class Traffic:
    """The traffic of a network, interval by interval: connections go on from one to the next."""

    def __init__(
        self, relations: Relations, rng: Random, *, interval_s: int, intervals: int, sink: Sink | None = None
    ) -> None:
        self._relations, self._rng, self._sink = relations, rng, sink
        self._drawn, self._cumulative_weights = relations.drawn, list(accumulate(relations.weights))
        self._probes = relations.probes
        weighed = zip(relations.drawn, relations.weights, strict=True)
        self._mean_size = sum(r.size * weight for r, weight in weighed) / (sum(relations.weights) or 1)
        self._covered = [interface.number for interface in relations.covered]
        self._interval_s, self._intervals = interval_s, intervals
        self._interfaces = len(relations.legs) and 1 + max(leg.interface.number for leg in relations.legs)
        self._is_copied = [leg.copied for leg in relations.legs]
        # Connections that speak again, by the interval in which they do.
        self._due: defaultdict[int, list[_Life]] = defaultdict(list)
        self._standing: dict[int, _Life] = {}
        self._burst_places = [0] * len(relations.bursts)
        self._interval, self._most_ongoing, self._logged = 0, 0, True

    def interval(self, interval: Interval) -> Iterator[tuple[Batch, list[list[Record]]]]:
        """Each batch of the interval with exactly its records, in runs: lists of records of one interface.

        An interface that is silent all the time has a NODATA record, unless there are too few records for
        them. To be asked for the intervals in their order.
        """
        self._interval = interval.number
        self._most_ongoing = sum(batch.size for batch in interval.batches) * 2 // 3 // _MOST_SIZE
        due = self._due.pop(interval.number, [])
        parts = len(interval.batches)
        spoken: set[int] = set()
        for i, planned in enumerate(interval.batches):
            self._logged, left = planned.logged, planned.size
            batch = _Runs(self._interfaces, planned, self._rng)
            if i == 0:
                left -= self._skip_data(batch, left)
            for life in due[len(due) * i // parts : len(due) * (i + 1) // parts]:
                left -= self._go_on(batch, life)
            if i == 0:
                left -= self._keep_up(batch, interval.start, left)
            points = len(self._relations.points) + len(self._relations.covered)
            reserved = min(left // 8, points) if i == parts - 1 else 0
            left = self._burst(batch, left - reserved)
            self._connect(batch, left)
            self._report_silence(batch, reserved, spoken)
            spoken |= batch.speakers(self._covered, self._is_copied)
            yield planned, batch.shuffled(self._rng)

    def finish(self) -> None:
        """Tell the sink of the connections that are still open, in the order in which they would go on."""
        for number in sorted(self._due):
            for life in self._due[number]:
                # One that was to reuse ports may not have begun.
                if life.last:
                    self._end(life)
        for key in sorted(self._standing):
            self._end(self._standing[key])
        self._due.clear()
        self._standing.clear()

    def _open(self, batch: _Runs, relation: Relation) -> int:
        """Add the first interval of a new connection; the number of its records."""
        profiles = relation.profiles()
        # int(random() * n) draws in a third of choice()'s time.
        profile = profiles[int(self._rng.random() * len(profiles))]
        ports = relation.ports
        if ports is None:
            return self._stand(batch, relation, profile)
        port = ports.next()
        nat_port = relation.nat_ports.next() if relation.nat_ports else 0
        intervals = profile.intervals
        simple = len(intervals) == 1 and len(intervals[0]) == 1 and not relation.kind.reuses_ports
        if not simple or not self._logged or batch.loses(relation, port):
            return self._go_on(batch, _Life(relation, port, nat_port, profile))
        stage = intervals[0][0]
        times, sizes = batch.add(relation, port, nat_port, stage)
        if self._sink:
            sent, replied = stage.sent_packets, stage.reply_packets
            self._sink.add(
                Finished(
                    relation.number, port, nat_port, *times,
                    (1, sent, sizes[0]) if sent else _NONE,
                    (1, replied, sizes[1]) if replied else _NONE,
                    _NONE,
                    closed=profile.closed,
                )
            )  # fmt: skip
        return (relation.sizes[0] if stage.sent_packets else 0) + (
            relation.sizes[1] if stage.reply_packets else 0
        )

    def _go_on(self, batch: _Runs, life: _Life) -> int:
        """Add the next interval of a connection, keep it if it goes on; the number of its records."""
        intervals, relation = life.profile.intervals, life.relation
        count = sum(self._speak(batch, life, stage) for stage in intervals[life.next])
        life.last_interval = self._interval
        silent, life.next = 1, life.next + 1
        while life.next < len(intervals) and not intervals[life.next]:
            silent, life.next = silent + 1, life.next + 1
        if life.next < len(intervals):
            if not self._wait(life, silent):
                self._end(life)
        else:
            self._end(life)
            if relation.kind.reuses_ports and not life.reused:
                profiles = relation.profiles()
                again = profiles[int(self._rng.random() * len(profiles))]
                self._wait(_Life(relation, life.port, life.nat_port, again, reused=True), 1)
        return count

    def _wait(self, life: _Life, intervals: int) -> bool:
        """Keep the connection until it speaks again, if there is room and time for it."""
        due = self._interval + intervals
        room = due < self._intervals and len(self._due[due]) < self._most_ongoing
        if room:
            self._due[due].append(life)
            if life.relation.ports:
                life.relation.ports.busy.add(life.port)
        return room

    def _stand(self, batch: _Runs, relation: Relation, profile: Profile) -> int:
        """Add to the only conversation of a relation with fixed ports, unless it was silent for long."""
        silence = _PING_SILENCE_S if relation.service.protocol in (ICMP, ICMPV6) else _UDP_SILENCE_S
        life = self._standing.get(relation.number)
        if life and (self._interval - life.last_interval - 1) * self._interval_s > silence:
            self._end(life)
            life = None
        if life is None:
            nat_port = relation.nat_ports.next() if relation.nat_ports else 0
            life = self._standing[relation.number] = _Life(
                relation, relation.service.opener_port or 0, nat_port, profile
            )
        life.last_interval = self._interval
        return sum(self._speak(batch, life, stage) for stage in profile.intervals[0])

    def _speak(self, batch: _Runs, life: _Life, stage: Stage) -> int:
        relation = life.relation
        sizes = relation.sizes
        count = sizes[0] if stage.sent_packets else 0
        if stage.reply_packets:
            count += sizes[2] if stage.stray else sizes[1]
        lossy = (
            batch.loses(relation, life.port) and life.skipped_at in (None, batch.lossy) and not stage.stray
        )
        if lossy:
            times, bytes_, dropped = batch.add_lossy(
                relation, life.port, life.nat_port, stage, self._is_copied
            )
            count -= dropped
            # What lies in a file that is never written misses there anyhow.
            if self._logged:
                life.skip(batch.lossy, stage)
        else:
            times, bytes_ = batch.add(relation, life.port, life.nat_port, stage)
        life.note(stage, bytes_, times, self._logged)
        return count

    def _end(self, life: _Life) -> None:
        if life.relation.ports:
            life.relation.ports.busy.discard(life.port)
        if self._sink:
            self._sink.add(life.finished())

    def _skip_data(self, batch: _Runs, left: int) -> int:
        """Add a SKIPDATA record in some intervals, whose interface then leaves some out; how many."""
        if left < _FEWEST_FOR_SKIPDATA or self._rng.random() >= _SKIPDATA_SHARE:
            return 0
        batch.lossy = self._rng.choice(self._relations.points).number
        batch.add_without_flow(self._interfaces + batch.lossy)
        return 1

    def _keep_up(self, batch: _Runs, start: int, left: int) -> int:
        """Add what machines say at their times, as far as a part of what is left has room; its records."""
        room = allowed = left // _CLOCKWORK_PART
        for place, relation in enumerate(self._relations.clockwork):
            period = relation.kind.period_s
            # Each at its own second of the period.
            offset = place * 7919 % period
            times = (start + self._interval_s + offset) // period - (start + offset) // period
            # What has one conversation at a time says all in one record.
            for _ in range(1 if times and relation.is_standing else times):
                if relation.size <= room:
                    room -= self._open(batch, relation)
        return allowed - room

    def _burst(self, batch: _Runs, left: int) -> int:
        """Add what falls into short parts of the time; how many records are left."""
        relations = self._relations
        for i, (kind, share, related) in enumerate(relations.bursts):
            assert kind.burst
            first, last = self._burst_of(kind.burst, share)
            if not first <= self._interval < last:
                continue
            # Its share of all connections, in its part of the time.
            wanted = share * left / self._mean_size * self._intervals / max(last - first, 1)
            room = left * 2 // 3
            members = [m for m in related if not (m.ports and m.ports.exhausted)]
            if not members:
                continue
            for _ in range(max(1, round(wanted))):
                relation = members[self._burst_places[i] % len(members)]
                self._burst_places[i] += 1
                if relation.size > room:
                    break
                if relation.ports and relation.ports.exhausted:
                    continue
                records = self._open(batch, relation)
                room, left = room - records, left - records
        return left

    def _burst_of(self, burst: tuple[float, float], share: float) -> tuple[int, int]:
        """The first interval of a burst and the one after its last: more of them for a large share."""
        first, last = (round(part * self._intervals) for part in burst)
        # It takes half of the connections at most.
        length = min(max(last - first, 1, round(2 * share * self._intervals)), self._intervals)
        return (
            (first, first + length)
            if first + length <= self._intervals
            else (self._intervals - length, self._intervals)
        )

    def _connect(self, batch: _Runs, left: int) -> None:
        """Add first intervals of new connections until exactly `left` records are there."""
        rng = self._rng
        while left > 0:
            drawn = rng.choices(self._drawn, cum_weights=self._cumulative_weights, k=left // 3 + 1)
            for relation in drawn:
                # The last gap may be too small for this one: a probe leaves a single record.
                fitting = relation if relation.size <= left else rng.choice(self._probes)
                left -= self._open(batch, fitting)
                if left <= 0:
                    break

    def _report_silence(self, batch: _Runs, left: int, spoken: set[int]) -> None:
        """Add exactly `left` records: NODATA of silent interfaces, and probes if there are too few."""
        while left > len(silent := self._silent(spoken | batch.speakers(self._covered, self._is_copied))):
            left -= self._open(batch, self._rng.choice(self._probes))
        for leg in self._rng.sample(silent, left):
            batch.add_without_flow(leg)

    def _silent(self, spoken: set[int]) -> list[int]:
        """The NODATA legs of interfaces without records, in each flow log."""
        relations, second = self._relations, 2 * self._interfaces
        legs = [i.number for i in relations.points] + [second + i.number for i in relations.covered]
        return [leg for leg in legs if leg not in spoken]


class _Runs:
    """Records that AWS writes in one go: a run for each interface, all of its records with the same times."""

    def __init__(self, interfaces: int, batch: Batch, rng: Random) -> None:
        self._run_of: list[list[Record]] = [[] for _ in range(interfaces)]
        self._starts = [rng.randrange(*batch.starts) for _ in range(interfaces)]
        self._ends = [rng.randrange(*batch.ends) for _ in range(interfaces)]
        # A single packet has one time, which decides of its file as the end of the others does.
        one_slot = batch.starts[0] // SLOT_S == (batch.ends[1] - 1) // SLOT_S
        self._single = self._starts if one_slot else self._ends
        self.lossy = -1

    def loses(self, relation: Relation, port: int) -> bool:
        """Whether the interface that is overloaded leaves out records of this connection."""
        return self.lossy >= 0 and port & 2 != 0 and self.lossy in relation.interfaces

    def add(
        self, relation: Relation, port: int, nat_port: int, stage: Stage
    ) -> tuple[tuple[int, int], tuple[int, int]]:
        """Add the records of a stage, on every leg both ways; first and last time, bytes each way."""
        packets, size, flags, reply_packets, reply_size, reply_flags, stray = stage
        # No two transfers are alike to the byte: connections of one profile differ by their ports' digits.
        if not relation.service.exact:
            if packets > _FEWEST_WITH_DATA:
                size += port % 251
            if reply_packets > _FEWEST_WITH_DATA:
                reply_size += port * 31 % 1021
        run_of, starts, ends = self._run_of, self._starts, self._ends
        first, last = _NEVER, 0
        if packets:
            if packets == 1:
                starts = ends = self._single
            for i, leg, translated in relation.sent:
                start, end = starts[i], ends[i]
                first, last = start if start < first else first, end if end > last else last
                run_of[i].append((leg, nat_port if translated else port, packets, size, start, end, flags))
        if reply_packets:
            starts, ends = (self._single, self._single) if reply_packets == 1 else (self._starts, self._ends)
            for i, leg, translated in relation.strays if stray else relation.replied:
                start, end = starts[i], ends[i]
                first, last = start if start < first else first, end if end > last else last
                run_of[i].append(
                    (
                        leg,
                        nat_port if translated else port,
                        reply_packets,
                        reply_size,
                        start,
                        end,
                        reply_flags,
                    )
                )
        if not last:
            # Where nobody logs it, it happened all the same.
            first = last = self._ends[0]
        return (first, last), (size, reply_size)

    def add_lossy(
        self, relation: Relation, port: int, nat_port: int, stage: Stage, is_copied: Sequence[bool]
    ) -> tuple[tuple[int, int], tuple[int, int], int]:
        """As `add`, without the records of the overloaded interface; also how many these were."""
        kept, self._run_of[self.lossy] = self._run_of[self.lossy], []
        times, sizes = self.add(relation, port, nat_port, stage)
        dropped = sum(1 + is_copied[record[LEG]] for record in self._run_of[self.lossy])
        self._run_of[self.lossy] = kept
        return times, sizes, dropped

    def add_without_flow(self, leg: int) -> None:
        """Add a NODATA or SKIPDATA record; such legs are in the order of the interfaces for each status."""
        i = leg % len(self._run_of)
        self._run_of[i].append((leg, 0, 0, 0, self._starts[i], self._ends[i], 0))

    def speakers(self, covered: Sequence[int], is_copied: Sequence[bool]) -> set[int]:
        """The NODATA legs that the interfaces with records have no need of, in each flow log."""
        second = 2 * len(self._run_of)
        speaking = {number for number, run in enumerate(self._run_of) if run}
        rejecting = {n for n in covered if any(is_copied[record[LEG]] for record in self._run_of[n])}
        return speaking | {second + number for number in rejecting}

    def shuffled(self, rng: Random) -> list[list[Record]]:
        """The runs that have records, in no order."""
        runs = [run for run in self._run_of if run]
        rng.shuffle(runs)
        return runs
