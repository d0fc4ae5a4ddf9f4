"""Who opened, in captures that mislead: a table of shapes, each with and without TCP flags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any, NamedTuple

import pytest

Record = dict[str, Any]
Ask = Callable[[str, Iterable[Record]], list[tuple[Any, ...]]]
Flow = Callable[..., Record]

SQL = "select bytes, sender_role, evidence from tcp_directions"
GUESSES = {"fan-in", "port-guess"}


class Opened(NamedTuple):
    """A connection: who opened it, when, the flags of both sides, slot by slot, and which of them are logged."""

    client: str
    server: str
    at: int = 0
    flags: tuple[tuple[int, int], ...] = ((3, 19),)
    logged: str = "both"


def _both_ephemeral(chance: Random) -> Iterator[Opened]:
    for n in range(200):
        yield Opened(f"10.0.0.1:{33000 + n}", f"10.0.1.{n % 9}:{chance.randrange(32768, 61000)}")


def _high_server(chance: Random) -> Iterator[Opened]:
    for n in range(200):
        yield Opened(f"10.0.0.{n % 5}:{chance.randrange(1024, 50000)}", "10.0.1.1:50051", at=n)


def _ftp_data(chance: Random) -> Iterator[Opened]:
    # Active FTP: the server opens, from port 20, to a port of the client.
    for n in range(100):
        client = f"10.0.0.{n % 7}"
        yield Opened(f"{client}:{40000 + n}", "10.0.1.21:21")
        yield Opened("10.0.1.21:20", f"{client}:{chance.randrange(50000, 60000)}", at=5)


def _peers(chance: Random) -> Iterator[Opened]:
    hosts = [f"10.0.0.{n}:6881" for n in range(12)]
    for n in range(200):
        one, other = chance.sample(hosts, 2)
        yield Opened(one.replace("6881", str(20000 + n)), other, at=chance.randrange(3000))


def _one_side_missing(chance: Random) -> Iterator[Opened]:
    for n in range(200):
        logged = "client" if n % 2 else "server"
        yield Opened(f"10.0.0.{n % 5}:{30000 + n}", f"10.0.1.1:{chance.randrange(1, 65000)}", logged=logged)


def _ports_used_again(chance: Random) -> Iterator[Opened]:
    for n in range(100):
        ends = f"10.0.0.1:{40000 + n % 10}", "10.0.1.1:8443"
        yield Opened(*ends, at=n * 120 + chance.randrange(30))


def _over_slots(chance: Random) -> Iterator[Opened]:
    for n in range(100):
        middle = ((0, 0),) * chance.randrange(1, 6)
        yield Opened(f"10.0.0.2:{30000 + n}", f"10.0.1.{n % 3}:9200", flags=((2, 18), *middle, (1, 1)))


def _skipped_opening(chance: Random) -> Iterator[Opened]:
    # AWS skipped the slot with the opening of some: nothing may be made up of the rest.
    for n in range(100):
        flags = ((0, 0), (1, 1)) if n % 10 == 0 else ((2, 18), (0, 0), (1, 1))
        yield Opened(f"10.0.0.{n % 4}:{30000 + n}", "10.0.1.1:5432", at=chance.randrange(600), flags=flags)


def _refused(chance: Random) -> Iterator[Opened]:
    for n in range(100):
        yield Opened(f"10.0.0.1:{30000 + n}", f"10.0.1.1:{chance.randrange(40000, 60000)}", flags=((2, 4),))


SHAPES = {
    "ephemeral ports on both sides": _both_ephemeral,
    "a server on a high port": _high_server,
    "FTP data": _ftp_data,
    "peers": _peers,
    "one side is missing": _one_side_missing,
    "ports are used again": _ports_used_again,
    "over several slots": _over_slots,
    "the opening was skipped": _skipped_opening,
    "refused": _refused,
}


def _records(opened: Iterable[Opened], flow: Flow, *, has_flags: bool) -> tuple[list[Record], dict[int, str]]:
    """The records, and the part of the sender of each, by its number of bytes, which no other has."""
    records: list[Record] = []
    truth: dict[int, str] = {}
    for one in opened:
        for slot, flags in enumerate(one.flags):
            ways = (("client", one.client, one.server), ("server", one.server, one.client))
            for (role, sender, receiver), own in zip(ways, flags, strict=True):
                if one.logged in ("both", role):
                    truth[1000 + len(records)] = role
                    more = {"tcp_flags": own if has_flags else None, "bytes": 1000 + len(records)}
                    records.append(flow(f"{sender} > {receiver}", at=one.at + 60 * slot, **more))
    return records, truth


@pytest.mark.parametrize("has_flags", [True, False], ids=["flags", "no flags"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_who_opened(
    ask: Ask, flow: Flow, shape: Callable[[Random], Iterator[Opened]], has_flags: bool
) -> None:
    records, truth = _records(shape(Random(7)), flow, has_flags=has_flags)
    told = ask(SQL, records)
    assert len(told) == len(records)
    wrong = [(role, evidence) for size, role, evidence in told if role is not None and role != truth[size]]
    assert {evidence for _, evidence in wrong} <= GUESSES
    decided = [evidence for _, _, evidence in told if evidence not in ("port-guess", "unknown")]
    if has_flags:
        assert len(decided) >= 0.995 * len(told)
        assert sum(evidence not in ("port-guess", "unknown") for _, evidence in wrong) <= 0.005 * len(decided)


def test_the_client_is_the_same_wherever_slots_are_cut(ask: Ask, flow: Flow) -> None:
    opened = list(_over_slots(Random(3)))
    for shift in (0, 31):
        records, truth = _records((o._replace(at=o.at + shift) for o in opened), flow, has_flags=True)
        assert all(role == truth[size] for size, role, _ in ask(SQL, records))
