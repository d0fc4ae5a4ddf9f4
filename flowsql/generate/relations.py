"""Who talks to whom: pairs of hosts with a service between them, and the legs on which AWS sees them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from flowsql.generate.filters import Refusal
from flowsql.generate.kinds import Kind
from flowsql.generate.paths import End, Hop
from flowsql.generate.services import Profile, Service
from flowsql.generate.topology import Interface


class Outcome(Enum):
    """What became of a connection."""

    ANSWERED = "answered"
    REFUSED_BY_HOST = "refused-by-host"
    SILENT = "silent"
    REJECTED = "rejected"
    REPLY_REJECTED = "reply-rejected"
    DROPPED_BY_NAT = "dropped-by-nat"
    NO_ROUTE = "no-route"
    BACKSCATTER = "backscatter"


@dataclass(frozen=True, slots=True, eq=False)
class Leg:
    """One direction of a relation at one interface: all that its records have in common.

    `hop` is None in the legs of NODATA and SKIPDATA records, which are no flows. A port is None where
    every connection has its own. `lost` packets find no route at the transit gateway. `copied` records
    stand in the second flow log, too; `copy_only` ones in no other. A transit gateway (`by_gateway`) shows
    packets as they are.
    """

    interface: Interface
    status: str = "OK"
    hop: Hop | None = None
    srcport: int | None = None
    dstport: int | None = None
    protocol: int = 0
    ipv6: bool = False
    accepted: bool = True
    lost: bool = False
    copied: bool = False
    copy_only: bool = False
    by_gateway: bool = False

    @property
    def shown(self) -> tuple[str, str]:
        """Source and destination address in its records."""
        assert self.hop is not None
        if self.by_gateway:
            return self.hop.src.address, self.hop.dst.address
        return self.hop.srcaddr, self.hop.dstaddr

    @property
    def egress(self) -> bool:
        """Whether the interface sends the packets."""
        return self.hop is not None and self.hop.egress


@dataclass(slots=True)
class Ports:
    """Ports that are given out one after the other, in steps, for connections with the same other end.

    `busy` ones are left out: their connections go on. `once` says that none is given out again.
    """

    ports: Sequence[int]
    used: int
    step: int = 1
    once: bool = False
    busy: set[int] = field(default_factory=set)

    def next(self) -> int:
        """The port for the next connection."""
        self.used += self.step
        while (port := self.ports[self.used % len(self.ports)]) in self.busy:
            self.used += self.step
        return port

    @property
    def exhausted(self) -> bool:
        """Whether all ports of a sweep have been tried."""
        return self.once and self.used + 1 >= len(self.ports)


class Burst(NamedTuple):
    """Relations of a kind that connect in one part of the time only, and their share of all connections."""

    kind: Kind
    share: float
    relations: list[Relation]


@dataclass(slots=True, eq=False)
class Relation:
    """An opener, a server and a service that connect over and over, always with the same outcome.

    `sent`, `replied` and `strays` are the legs by direction and by whether the packets belong to a tracked
    connection: for each the number of its interface, its place in the list of all legs, and whether
    its port is `nat_ports`', as the NAT gateway translates it. `ports` are the opener's, or the server's if
    the kind sweeps them. `sizes` are the numbers of records that one interval of each way leaves,
    `size` that of the first interval at most. `refused` is by what, where
    and on which way (request, reply or stray).
    """

    number: int
    kind: Kind
    service: Service
    opener: End
    server: End
    outcome: Outcome
    profiles: Callable[[], Sequence[Profile]]
    sent: Sequence[tuple[int, int, bool]]
    replied: Sequence[tuple[int, int, bool]]
    strays: Sequence[tuple[int, int, bool]]
    sizes: tuple[int, int, int]
    ports: Ports | None
    nat_ports: Ports | None
    refused: tuple[Refusal, Interface, str] | None
    interfaces: frozenset[int]
    by_transit: bool
    size: int

    @property
    def is_standing(self) -> bool:
        """Whether all it says is one conversation, since its ports are always the same."""
        return self.ports is None


@dataclass(slots=True)
class Relations:
    """The relations of a network: `drawn` at random by `weights`, and those of `clockwork` and `bursts`.

    `legs` holds every leg: first NODATA, then SKIPDATA, then NODATA in the second flow log of each
    interface by its number, then those of the relations. `points` are the interfaces that are logged,
    `covered` those that a second flow log covers, with its rejected records only.
    """

    legs: list[Leg]
    points: list[Interface]
    covered: list[Interface]
    all: list[Relation] = field(default_factory=list)
    drawn: list[Relation] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    clockwork: list[Relation] = field(default_factory=list)
    bursts: list[Burst] = field(default_factory=list)

    fillers: list[Relation] = field(default_factory=list)

    @property
    def probes(self) -> list[Relation]:
        """The relations that leave a single record and fill the last gaps; there are always some."""
        return [relation for relation in self.drawn if relation.size == 1] or self.fillers
