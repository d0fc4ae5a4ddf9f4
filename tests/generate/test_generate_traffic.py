"""The records themselves: do they tell of connections that could have happened?"""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsql.generate.relate import Wanted, build_relations
from flowsql.generate.relations import Leg, Relations
from flowsql.generate.schedule import Schedule
from flowsql.generate.services import ICMP, ICMPV6, TCP, UDP
from flowsql.generate.topology import build_network
from flowsql.generate.traffic import Finished, Record, Traffic

START, MINUTES, PER_MINUTE = 1_700_000_100, 20, 3_000
NETWORK = build_network(Random(5))


class Sink(list[Finished]):
    def add(self, finished: Finished) -> None:
        self.append(finished)


def relations_of(
    records: int, *, transit: bool = False, overlap: bool = False, interval_s: int = 60
) -> Relations:
    wanted = Wanted(interval_s, transit, {}, overlap, most_profiles=300, most_relations=max(100, records))
    return build_relations(NETWORK, 5, wanted)


def schedule_of(records: int, duration_s: int, interval_s: int = 60) -> Schedule:
    return Schedule.of(
        records,
        start=START,
        interval_s=interval_s,
        duration_s=duration_s,
        missing_files=0,
        late_files=0,
        rng=Random(1),
    )


RELATIONS = relations_of(PER_MINUTE * MINUTES)


@pytest.fixture(scope="module")
def runs() -> list[tuple[int, list[list[Record]]]]:
    """The start of the interval and the runs, batch by batch."""
    schedule = schedule_of(PER_MINUTE * MINUTES, MINUTES * 60)
    traffic = Traffic(RELATIONS, Random(7), interval_s=60, intervals=schedule.intervals)
    return [(interval.start, runs) for interval in schedule for _, runs in traffic.interval(interval)]


@pytest.fixture(scope="module")
def records(runs: list[tuple[int, list[list[Record]]]]) -> list[tuple[Leg, Record]]:
    return [(RELATIONS.legs[r[0]], r) for _, batch in runs for run in batch for r in run]


@given(
    st.integers(1, 30_000),
    st.sampled_from([60, 600]),
    st.sampled_from([1, 2, 7]),
    st.booleans(),
    st.booleans(),
    st.integers(),
)
@settings(max_examples=12, deadline=None)
def test_every_batch_has_exactly_its_records(
    count: int, interval_s: int, intervals: int, transit: bool, overlap: bool, seed: int
) -> None:
    interval_s = 60 if transit else interval_s
    relations = relations_of(500, transit=transit, overlap=overlap and not transit, interval_s=interval_s)
    sink = Sink()
    schedule = schedule_of(count, intervals * 600, interval_s)
    traffic = Traffic(relations, Random(seed), interval_s=interval_s, intervals=schedule.intervals, sink=sink)
    copied = [leg.copied for leg in relations.legs]
    for interval in schedule:
        for batch, runs in traffic.interval(interval):
            assert sum(1 + copied[record[0]] for run in runs for record in run) == batch.size
    traffic.finish()
    assert all(finished.first <= finished.last for finished in sink)


def test_a_run_is_of_one_interface_and_within_its_interval(
    runs: list[tuple[int, list[list[Record]]]],
) -> None:
    for start, batch in runs:
        for run in batch:
            assert len({RELATIONS.legs[record[0]].interface for record in run}) == 1
            assert all(start <= r[4] <= r[5] < start + 60 for r in run)


def test_silent_interfaces_have_nodata_and_no_other_records(
    runs: list[tuple[int, list[list[Record]]]],
) -> None:
    for start in range(START // 300 * 300, START // 300 * 300 + MINUTES * 60, 60):
        speaking, idle = set(), []
        for leg in (RELATIONS.legs[r[0]] for at, batch in runs if at == start for run in batch for r in run):
            if leg.status == "NODATA":
                idle.append(leg.interface.number)
            else:
                speaking.add(leg.interface.number)
        assert sorted([*speaking, *idle]) == [i.number for i in RELATIONS.points]


def test_shares_of_the_traffic(records: list[tuple[Leg, Record]]) -> None:
    total = len(records)
    flows = [leg for leg, _ in records if leg.status == "OK"]
    assert 0.7 < sum(leg.accepted for leg in flows) / total < 0.9
    assert 0.1 < sum(not leg.accepted for leg in flows) / total < 0.2
    assert 0.02 < sum(leg.ipv6 for leg in flows) / total < 0.07
    assert {leg.protocol for leg in flows} == {ICMP, TCP, UDP, ICMPV6}
    statuses = Counter(leg.status for leg, _ in records)
    assert 0 < statuses["SKIPDATA"] < statuses["NODATA"] < total / 50
    # A tenth of the pairs of hosts have more than half of the records.
    pairs = Counter(frozenset((leg.hop.src.address, leg.hop.dst.address)) for leg in flows if leg.hop)
    busiest = sorted(pairs.values(), reverse=True)[: len(pairs) // 10]
    assert sum(busiest) > total / 2


def test_bytes_are_possible_for_the_packets(records: list[tuple[Leg, Record]]) -> None:
    for leg, (_, _, packets, size, start, end, _) in records:
        if leg.status == "OK":
            assert packets >= 1
            assert packets * (40 if leg.ipv6 else 20) <= size <= packets * 1_520
            assert packets > 1 or start == end


def test_no_flow_is_recorded_twice_in_an_interval(runs: list[tuple[int, list[list[Record]]]]) -> None:
    seen = Counter(
        (start, *record[:2]) for start, batch in runs for run in batch for record in run if record[1]
    )
    standing = [key for key, times in seen.items() if times > 1]
    # Only what has no ports of its own comes in every batch.
    assert all(RELATIONS.legs[leg].srcport == RELATIONS.legs[leg].dstport for _, leg, _ in standing)


@pytest.mark.parametrize("transit", [False, True])
def test_there_are_relations_that_leave_a_single_record(transit: bool) -> None:
    relations = relations_of(100, transit=transit)
    assert relations.probes
    assert len(relations.weights) == len(relations.drawn)
