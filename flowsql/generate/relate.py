"""Makes the relations of a network, kind by kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random

from flowsql.generate.kinds import KINDS, Kind
from flowsql.generate.paths import NAT_GATEWAY, TRANSIT_GATEWAY, End, Hop
from flowsql.generate.relations import Burst, Leg, Outcome, Ports, Relation, Relations
from flowsql.generate.services import PROFILES, UDP, Profile, Service, Shape, profiles_of
from flowsql.generate.topology import Host, Interface, Network, Subnet
from flowsql.generate.ways import NAT_PORTS, request_way, ways_of

_TOP_FLATTENING = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asked for: interval, whose logs, shares by the name of a kind, a second flow log.

    Few records need no more than `most_profiles` ways for a connection to go, and `most_relations` of a kind.
    """

    interval_s: int = 60
    transit: bool = False
    shares: Mapping[str, float] = field(default_factory=dict)
    overlap: bool = False
    most_profiles: int = PROFILES
    most_relations: int = 12_000


def build_relations(network: Network, seed: int, wanted: Wanted) -> Relations:
    """The relations of `network`; only those that a transit gateway sees if its logs are wanted."""
    return _Builder(network, seed, wanted).built


class _Builder:
    """Makes the relations, kind by kind."""

    def __init__(self, network: Network, seed: int, wanted: Wanted) -> None:
        self._network, self._seed, self._wanted = network, seed, wanted
        self._profiles: dict[Shape, list[Profile]] = {}
        self._opener_ports: dict[tuple[int, int, int, range], Ports] = {}
        self._nat_ports: dict[tuple[int, str, int, int], Ports] = {}
        self._named_ports = _named_ports(network)
        self._taken: set[tuple[str, int, str, int, int, range]] = set()
        interfaces = network.interfaces
        if wanted.transit:
            points = [i for i in interfaces if i.role.interface_type == TRANSIT_GATEWAY]
        else:
            points = [i for i in interfaces if i.vpc.logged]
        covered = [i for i in points if is_covered(i.subnet)] if wanted.overlap else []
        legs = [Leg(interface, status) for status in ("NODATA", "SKIPDATA") for interface in interfaces]
        legs += [Leg(interface, "NODATA", copy_only=True) for interface in interfaces]
        self.built = Relations(legs, points, covered)
        self._is_point = {i.number for i in points}
        self._is_covered = {i.number for i in covered}
        shares = _shares(wanted.shares)
        for number, kind in enumerate(KINDS):
            self._add_kind(kind, shares[number], Random(f"kind {number} {seed}"))
        if not self.built.probes:
            # Nobody wants such traffic, but exact numbers of records do.
            for number, kind in enumerate(KINDS):
                if kind.name in ("noise", "retry") and not self.built.fillers:
                    self._add_fillers(kind, Random(f"fillers {number} {seed}"))

    def _add_kind(self, kind: Kind, share: float, rng: Random) -> None:
        if not share and not kind.period_s:
            return
        if kind.period_s and self._wanted.shares.get(kind.name) == 0:
            return
        relations = []
        for pair in self._pairs(kind, rng):
            relations += self._relate(kind, *pair, rng)
        relations = [relation for relation in relations if relation.size]
        if kind.period_s:
            self.built.clockwork += relations
        elif relations:
            if kind.burst:
                self.built.bursts.append(Burst(kind, share, relations))
            else:
                self.built.drawn += relations
                self.built.weights += _weights(share, kind.relations, len(relations))
        for number, relation in enumerate(relations, len(self.built.all)):
            relation.number = number
        self.built.all += relations

    def _add_fillers(self, kind: Kind, rng: Random) -> None:
        related = [relation for pair in self._pairs(kind, rng) for relation in self._relate(kind, *pair, rng)]
        self.built.fillers = [relation for relation in related if relation.size == 1]
        for number, relation in enumerate(self.built.fillers, len(self.built.all)):
            relation.number = number
        self.built.all += self.built.fillers

    def _pairs(self, kind: Kind, rng: Random) -> Iterator[tuple[End, End, Service]]:
        """Opener, server and service of each relation, each once over all kinds."""
        network = self._network
        openers, servers = network.hosts_of(kind.openers), network.hosts_of(kind.servers)
        for _ in range(min(kind.relations, self._wanted.most_relations)):
            service = rng.choice(kind.services)
            opener, server = (_end(rng.choice(hosts), kind.ipv6, rng) for hosts in (openers, servers))
            # Behind a gateway two servers look alike: who always has the same port asks only one of them.
            one_server = service.opener_port and service.protocol == UDP
            key = (
                opener.address,
                opener.host.vpc.number if isinstance(opener.host, Interface) else -1,
                "" if one_server else server.address,
                service.port,
                service.protocol,
                kind.ports,
            )
            # What a host says to itself passes no interface.
            if key not in self._taken and opener.host is not server.host:
                self._taken.add(key)
                yield opener, server, service

    def _relate(self, kind: Kind, opener: End, server: End, service: Service, rng: Random) -> list[Relation]:
        """The relations of a pair: one, or one for each fate that its swept ports have."""
        if kind.swept is None:
            given = None if service.opener_port is not None else self._ports_of(kind, opener, service, rng)
            return [self._one(kind, opener, server, service, given, service.port)]
        fates: dict[object, list[int]] = {}
        fate: object = None
        for port in kind.swept:
            # Between the ports that rules name, all ports have one fate.
            if fate is None or port in self._named_ports:
                hops, refusal = request_way(self._network, opener, server, service.protocol, port)
                fate = len(hops), refusal
            fates.setdefault(fate, []).append(port)
        return [
            self._one(kind, opener, server, service, Ports(swept, -1, once=True), swept[0])
            for swept in fates.values()
        ]

    def _ports_of(self, kind: Kind, opener: End, service: Service, rng: Random) -> Ports:
        """An opener's ports for all servers that listen at one port.

        Where a gateway or a primary address stands for servers, records of two of them differ by these alone.
        """
        key = id(opener.host), service.protocol, service.port, kind.ports
        if key not in self._opener_ports:
            # Like Linux, which takes every other port.
            self._opener_ports[key] = Ports(kind.ports, rng.randrange(len(kind.ports)), step=2)
        return self._opener_ports[key]

    def _one(
        self, kind: Kind, opener: End, server: End, service: Service, given: Ports | None, port: int
    ) -> Relation:
        protocol, ports = service.protocol, kind.ports
        opener_ports = (ports[0], ports[-1]) if service.opener_port is None else (service.opener_port,) * 2
        ways = ways_of(self._network, kind.life, opener, server, protocol, opener_ports, port)
        swept = kind.swept is not None

        def legs(hops: Sequence[Hop], back: bool, refused: str) -> list[tuple[int, int, bool]]:
            return self._legs(hops, service, swept, back, ways.refused_on == refused, ways.outcome)

        sent = legs(ways.sent, False, "request")
        replied, strays = legs(ways.replied, True, "reply"), legs(ways.strays, True, "stray")
        at_once = not any(self.built.legs[leg].accepted for _, leg, _ in strays)
        shape = Shape(service, ways.life, kind.ipv6, self._wanted.interval_s, at_once, self._wanted.transit)
        translated = any(hop.translated for hop in [*ways.sent, *ways.replied])
        sizes = self._size(sent), self._size(replied), self._size(strays)
        numbers = [number for number, *_ in [*sent, *replied]]
        return Relation(
            number=-1,
            kind=kind,
            service=service,
            opener=opener,
            server=server,
            outcome=ways.outcome,
            profiles=lambda: self._profiles_of(shape),
            sent=sent,
            replied=replied,
            strays=strays,
            sizes=sizes,
            size=sizes[0] + sizes[1] + (sizes[2] if at_once else 0),
            ports=given,
            nat_ports=self._nat_ports_of(ways.sent, server, service) if translated else None,
            refused=ways.refused,
            interfaces=frozenset(numbers),
            by_transit=any(hop.across for hop in [*ways.sent, *ways.replied]),
        )

    def _size(self, legs: Sequence[tuple[int, int, bool]]) -> int:
        return len(legs) + sum(self.built.legs[leg].copied for _, leg, _ in legs)

    def _profiles_of(self, shape: Shape) -> list[Profile]:
        found = self._profiles.get(shape)
        if found is None:
            found = self._profiles[shape] = profiles_of(
                shape, Random(f"profiles {self._seed} {shape}"), self._wanted.most_profiles
            )
        return found

    def _nat_ports_of(self, sent: Sequence[Hop], server: End, service: Service) -> Ports:
        nat = next(hop.interface for hop in sent if hop.interface.role.interface_type == NAT_GATEWAY)
        key = nat.number, server.address, service.protocol, service.port
        if key not in self._nat_ports:
            self._nat_ports[key] = Ports(
                NAT_PORTS, Random(f"{key[1:]} {self._seed}").randrange(len(NAT_PORTS))
            )
        return self._nat_ports[key]

    def _legs(
        self, hops: Sequence[Hop], service: Service, swept: bool, back: bool, refused: bool, outcome: Outcome
    ) -> list[tuple[int, int, bool]]:
        """The legs of one way, now added to all legs; `refused` at the last hop."""
        added = []
        for hop in hops:
            if hop.interface.number not in self._is_point:
                continue
            opener_port = None if hop.translated else service.opener_port
            server_port = None if swept else service.port
            srcport, dstport = (server_port, opener_port) if back else (opener_port, server_port)
            accepted = not (refused and hop is hops[-1])
            leg = Leg(
                hop.interface,
                "OK",
                hop,
                srcport,
                dstport,
                service.protocol,
                ":" in hop.src.address,
                accepted,
                lost=outcome is Outcome.NO_ROUTE,
                copied=not accepted and hop.interface.number in self._is_covered,
                by_gateway=self._wanted.transit,
            )
            self.built.legs.append(leg)
            added.append((hop.interface.number, len(self.built.legs) - 1, hop.translated))
        return added


def is_covered(subnet: Subnet) -> bool:
    """Whether a second flow log, of rejected records only, covers the subnet."""
    return subnet.vpc.name == "prod" and subnet.tier == "data"


def _named_ports(network: Network) -> set[int]:
    """The ports at which any rule begins or has ended."""
    named: set[int] = set()
    for group in network.groups.values():
        for rule in (*group.inbound, *group.outbound):
            named |= {rule.first_port, rule.last_port + 1}
    for acl in network.acls:
        for entry in acl.entries:
            named |= {entry.first_port, entry.last_port + 1}
    return named


def _shares(wanted: Mapping[str, float]) -> list[float]:
    """The share of each row of KINDS: as wanted by name, the others scaled so that all is 1."""
    drawn = [0.0 if kind.period_s else kind.share for kind in KINDS]
    by_name: dict[str, float] = {}
    for kind, share in zip(KINDS, drawn, strict=True):
        by_name[kind.name] = by_name.get(kind.name, 0) + share
    others = sum(share for name, share in by_name.items() if name not in wanted)
    rest = 1 - sum(share for name, share in wanted.items() if by_name.get(name))
    return [
        share * (wanted[kind.name] / by_name[kind.name] if kind.name in wanted else rest / others)
        if share
        else 0.0
        for kind, share in zip(KINDS, drawn, strict=True)
    ]


def _weights(share: float, relations: int, made: int) -> list[float]:
    """Zipf's law, a little flattened at the top: a few pairs talk most, most talk hardly at all."""
    total = sum(1 / (rank + _TOP_FLATTENING) for rank in range(relations))
    weights = [
        share / total / (rank + _TOP_FLATTENING) for _, rank in zip(range(made), count(), strict=False)
    ]
    # What pairs that came twice would have had goes to the others.
    scale = share / sum(weights)
    return [weight * scale for weight in weights]


def _end(host: Host, ipv6: bool, rng: Random) -> End:
    """One of the host's addresses."""
    addresses = [host.address(ipv6)]
    if isinstance(host, Interface) and not ipv6:
        addresses += host.secondary
    return End(host, rng.choice(addresses))
