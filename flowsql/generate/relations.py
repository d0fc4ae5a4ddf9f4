"""Who talks to whom: pairs of hosts with a service between them, and the legs on which AWS sees them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random

from flowsql.generate.kinds import KINDS, Kind
from flowsql.generate.services import Outcome, Profile, Service, profiles_of
from flowsql.generate.topology import Host, Interface, Network

_TOP_FLATTENING = 5
_FIRST_EPHEMERAL_PORT, _EPHEMERAL_PORTS = 32768, 28232  # Linux's range


@dataclass(frozen=True, slots=True, eq=False)
class Leg:
    """One direction of a relation at one interface: all that its records have in common.

    `src` and `dst` are None in the legs of NODATA and SKIPDATA records, which are no flows. A port
    is None where it is the opener's ephemeral port, which every connection chooses anew.
    """

    interface: Interface
    status: str = "OK"
    src: Host | None = None
    dst: Host | None = None
    srcport: int | None = None
    dstport: int | None = None
    protocol: int = 0
    ipv6: bool = False
    accepted: bool = True

    @property
    def egress(self) -> bool:
        """Whether the interface sends the packets."""
        return self.src is self.interface


@dataclass(slots=True, eq=False)
class Relation:
    """An opener, a server and a service that connect over and over, always with the same outcome.

    `sent` and `replied` are the legs in each direction: for each the number of its interface, and
    its place in the list of all legs.
    """

    opener: Host
    server: Host
    service: Service
    outcome: Outcome
    profiles: Sequence[Profile]
    sent: Sequence[tuple[int, int]]
    replied: Sequence[tuple[int, int]]
    ports_used: int

    @property
    def size(self) -> int:
        """How many records one connection leaves in a minute."""
        return len(self.sent) + len(self.replied)

    def next_port(self) -> int:
        """The opener's port for its next connection; one tuple is never in use twice at a time."""
        if self.service.opener_port is not None:
            return self.service.opener_port
        # Like Linux, which takes every other port towards one destination.
        self.ports_used += 2
        return _FIRST_EPHEMERAL_PORT + self.ports_used % _EPHEMERAL_PORTS


@dataclass(slots=True)
class Relations:
    """The relations of a network: `drawn` at random by `weights`, `steady` ones once a minute.

    `legs` holds every leg: first NODATA, then SKIPDATA of each interface by its number, then those
    of the relations. `probes` are the drawn relations that leave a single record.
    """

    legs: list[Leg]
    drawn: list[Relation] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    steady: list[Relation] = field(default_factory=list)

    @property
    def probes(self) -> list[Relation]:
        """The drawn relations that leave a single record; there are always some (scanners)."""
        return [relation for relation in self.drawn if relation.size == 1]


def build_relations(network: Network, rng: Random, *, between_vpcs: bool) -> Relations:
    """The relations of `network`; only those that cross VPCs if `between_vpcs`, as a transit gateway sees."""
    idle = [Leg(interface, status) for status in ("NODATA", "SKIPDATA") for interface in network.interfaces]
    built = Relations(idle)
    profiles: dict[tuple[Service, Outcome, bool], list[Profile]] = {}
    for kind in KINDS:
        for service in kind.services:
            key = service, kind.outcome, kind.ipv6
            profiles.setdefault(key, profiles_of(*key, rng))
        for (opener, server, service), weight in zip(
            _pairs(kind, network, rng), _weights(kind), strict=False
        ):
            if between_vpcs and opener.vpc is server.vpc:
                continue
            shapes = profiles[service, kind.outcome, kind.ipv6]
            ports_used = rng.randrange(_EPHEMERAL_PORTS)
            legs = _numbered_legs(kind, opener, server, service, built.legs)
            relation = Relation(opener, server, service, kind.outcome, shapes, *legs, ports_used)
            if weight:
                built.drawn.append(relation)
                built.weights.append(weight)
            else:
                built.steady.append(relation)
    return built


def _weights(kind: Kind) -> Iterator[float]:
    """Zipf's law, a little flattened at the top: a few pairs talk most, most talk hardly at all."""
    total = sum(1 / (rank + _TOP_FLATTENING) for rank in range(kind.relations))
    return (kind.share / total / (rank + _TOP_FLATTENING) for rank in count())


def _pairs(kind: Kind, network: Network, rng: Random) -> Iterator[tuple[Host, Host, Service]]:
    """Opener, server and service of each relation, each triple once."""
    openers, servers = network.hosts_of(kind.openers), network.hosts_of(kind.servers)
    seen: set[tuple[str, str, int]] = set()
    for _ in range(kind.relations):
        opener, server, service = rng.choice(openers), rng.choice(servers), rng.choice(kind.services)
        key = opener.ipv4, server.ipv4, service.port
        if key not in seen:
            seen.add(key)
            yield opener, server, service


def _numbered_legs(
    kind: Kind, opener: Host, server: Host, service: Service, legs: list[Leg]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The legs there and back, now added to `legs`: interface number and place in `legs` of each."""

    def add(interface: Host, *, back: bool = False, accepted: bool = True) -> list[tuple[int, int]]:
        if not isinstance(interface, Interface):
            return []
        src, dst = (server, opener) if back else (opener, server)
        srcport, dstport = service.opener_port, service.port
        if back:
            srcport, dstport = dstport, srcport
        protocol, ipv6 = service.protocol, kind.ipv6
        legs.append(Leg(interface, "OK", src, dst, srcport, dstport, protocol, ipv6, accepted))
        return [(interface.number, len(legs) - 1)]

    reached, let_out = kind.outcome is not Outcome.BLOCKED, kind.outcome is not Outcome.REPLY_BLOCKED
    sent = add(opener) + add(server, accepted=reached)
    if not kind.outcome.has_reply:
        return sent, []
    replied = add(server, back=True, accepted=let_out)
    return sent, replied + (add(opener, back=True) if let_out else [])
