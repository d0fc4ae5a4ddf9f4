"""The records themselves: do they tell of connections that could have happened?"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsql.generate.relations import Leg, Relations, build_relations
from flowsql.generate.services import ICMP, ICMPV6, TCP, UDP, Outcome
from flowsql.generate.topology import Network, build_network
from flowsql.generate.traffic import Record, Traffic

START, MINUTES, PER_MINUTE = 1_700_000_000, 20, 3_000
OPENINGS, ANSWERS, CLOSINGS = {2, 3, 6, 7}, {18, 19, 22, 23}, {1, 4, 5}

NETWORK = build_network(Random(5))
RELATIONS = build_relations(NETWORK, Random(5), between_vpcs=False)


def generated(relations: Relations = RELATIONS, network: Network = NETWORK) -> list[list[list[Record]]]:
    """Runs by minute."""
    traffic = Traffic(network, relations, Random(5))
    return [list(traffic.minute(START + 60 * i, PER_MINUTE)) for i in range(MINUTES)]


@pytest.fixture(scope="module")
def minutes() -> list[list[list[Record]]]:
    return generated()


@pytest.fixture(scope="module")
def records(minutes: list[list[list[Record]]]) -> list[tuple[Leg, Record]]:
    return [(RELATIONS.legs[r[0]], r) for runs in minutes for run in runs for r in run]


@given(st.integers(1, 12_000), st.integers(1, 3), st.integers())
@settings(max_examples=25, deadline=None)
def test_every_minute_has_exactly_its_records(count: int, minutes: int, seed: int) -> None:
    traffic = Traffic(NETWORK, RELATIONS, Random(seed))
    for i in range(minutes):
        # Counts of consecutive minutes differ by one at most.
        wanted = count - i % 2
        assert sum(map(len, traffic.minute(START + 60 * i, wanted))) == wanted


@given(st.integers(), st.booleans())
@settings(max_examples=3, deadline=None)
def test_any_seed_makes_distinct_addresses_and_single_record_relations(seed: int, between_vpcs: bool) -> None:
    network = build_network(Random(seed))
    relations = build_relations(network, Random(seed), between_vpcs=between_vpcs)
    addresses = [a for i in network.interfaces for a in (i.ipv4, i.ipv6, i.interface_id)]
    assert len(set(addresses)) == len(addresses)
    assert relations.probes
    assert len(relations.weights) == len(relations.drawn)
    crossing = [relation.opener.vpc is not relation.server.vpc for relation in relations.drawn]
    assert all(crossing) if between_vpcs else not all(crossing)


def test_a_run_is_of_one_interface_and_within_its_minute(minutes: list[list[list[Record]]]) -> None:
    for i, runs in enumerate(minutes):
        for run in runs:
            assert len({RELATIONS.legs[record[0]].interface for record in run}) == 1
            assert all(START + 60 * i <= r[4] <= r[5] < START + 60 * (i + 1) for r in run)


def test_busy_minutes_interleave_the_interfaces() -> None:
    runs = list(Traffic(NETWORK, RELATIONS, Random(1)).minute(START, 20_000))
    interfaces = [RELATIONS.legs[run[0][0]].interface.number for run in runs]
    assert max(Counter(interfaces).values()) == 4


def test_silent_interfaces_have_nodata_and_no_other_records(minutes: list[list[list[Record]]]) -> None:
    for runs in minutes:
        speaking, idle = set(), []
        for leg in (RELATIONS.legs[record[0]] for run in runs for record in run):
            if leg.status == "NODATA":
                idle.append(leg.interface.number)
            else:
                speaking.add(leg.interface.number)
        assert sorted([*speaking, *idle]) == [i.number for i in NETWORK.interfaces]


def test_shares_of_the_traffic(records: list[tuple[Leg, Record]]) -> None:
    total = len(records)
    flows = [leg for leg, _ in records if leg.status == "OK"]
    assert 0.7 < sum(leg.accepted for leg in flows) / total < 0.9
    assert 0.1 < sum(not leg.accepted for leg in flows) / total < 0.2
    assert 0.03 < sum(leg.ipv6 for leg in flows) / total < 0.07
    assert {leg.protocol for leg in flows} == {ICMP, TCP, UDP, ICMPV6}
    statuses = Counter(leg.status for leg, _ in records)
    assert 0 < statuses["SKIPDATA"] < statuses["NODATA"] < total / 50
    # A tenth of the pairs of hosts have more than half of the records.
    pairs = Counter(frozenset((id(leg.src), id(leg.dst))) for leg in flows)
    busiest = sorted(pairs.values(), reverse=True)[: len(pairs) // 10]
    assert sum(busiest) > total / 2


def test_bytes_are_possible_for_the_packets(records: list[tuple[Leg, Record]]) -> None:
    for leg, (_, _, packets, size, start, end, _) in records:
        if leg.status == "OK":
            assert packets >= 1
            assert packets * (40 if leg.ipv6 else 20) <= size <= packets * 1_520
            assert packets > 1 or start == end


def test_flags_of_openers_and_servers(records: list[tuple[Leg, Record]]) -> None:
    seen: dict[str, set[int]] = defaultdict(set)
    for leg, record in records:
        if leg.protocol == TCP:
            from_opener = leg.srcport is None
            seen["opener" if from_opener else "server"].add(record[6])
        elif leg.status == "OK":
            assert record[6] == 0
    assert seen["opener"] == OPENINGS | {0, 1, 4}
    assert seen["server"] == ANSWERS | {0, 1, 4, 5}


def test_flags_tell_the_life_of_each_connection(records: list[tuple[Leg, Record]]) -> None:
    """At every interface and in each direction: opening first, nothing between, closing last."""
    lives: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for leg, (number, port, _, _, start, _, flags) in records:
        if leg.protocol == TCP and leg.accepted:
            lives[number, port].append((start, flags))
    long_lives = 0
    for (number, _), life in lives.items():
        life.sort()
        leg, flags = RELATIONS.legs[number], [f for _, f in life]
        assert flags[0] in (OPENINGS if leg.srcport is None else ANSWERS | {4})
        assert set(flags[1:-1]) <= {0}
        assert len(flags) == 1 or flags[-1] in CLOSINGS | {0}
        assert all(later - earlier < 120 for (earlier, _), (later, _) in pairwise(life))
        long_lives += len(flags) > 2
    assert long_lives > 100


def test_no_flow_is_recorded_twice_in_a_minute(minutes: list[list[list[Record]]]) -> None:
    for runs in minutes:
        flows = [record[:2] for run in runs for record in run]
        assert len(set(flows)) == len(flows)


def seen_at(leg: Leg, opener: object) -> str:
    side = "opener" if leg.interface is opener else "server"
    return f"{side} {'ACCEPT' if leg.accepted else 'REJECT'}"


@pytest.mark.parametrize(
    ("outcome", "sent", "replied"),
    [
        (Outcome.ANSWERED, ["opener ACCEPT", "server ACCEPT"], ["server ACCEPT", "opener ACCEPT"]),
        (Outcome.REFUSED, ["opener ACCEPT", "server ACCEPT"], ["server ACCEPT", "opener ACCEPT"]),
        (Outcome.BLOCKED, ["opener ACCEPT", "server REJECT"], []),
    ],
    ids=lambda value: value.value if isinstance(value, Outcome) else None,
)
def test_what_the_interfaces_see_inside_the_network(
    outcome: Outcome, sent: list[str], replied: list[str]
) -> None:
    inside = [r for r in RELATIONS.drawn if r.outcome is outcome and r.size == len(sent + replied)]
    assert inside
    for relation in inside:
        legs = RELATIONS.legs
        assert [seen_at(legs[n], relation.opener) for _, n in relation.sent] == sent
        assert [seen_at(legs[n], relation.opener) for _, n in relation.replied] == replied
        assert all(legs[n].interface.number == number for number, n in [*relation.sent, *relation.replied])


@pytest.mark.parametrize(
    ("outcome", "accepted"),
    [(Outcome.SILENT, [True]), (Outcome.BLOCKED, [False]), (Outcome.REPLY_BLOCKED, [True, False])],
    ids=lambda value: value.value if isinstance(value, Outcome) else None,
)
def test_what_one_interface_sees_of_failures(outcome: Outcome, accepted: list[bool]) -> None:
    seen = [
        [RELATIONS.legs[n].accepted for _, n in [*relation.sent, *relation.replied]]
        for relation in RELATIONS.drawn
        if relation.outcome is outcome and relation.size == len(accepted)
    ]
    assert seen
    assert all(row == accepted for row in seen)


def test_a_pair_and_service_has_one_outcome() -> None:
    outcomes = defaultdict(set)
    for relation in RELATIONS.drawn:
        outcomes[id(relation.opener), id(relation.server), relation.service.port].add(relation.outcome)
    assert {len(of_pair) for of_pair in outcomes.values()} == {1}
