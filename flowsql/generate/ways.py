"""The ways of a connection's packets, how far the filters let them come, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flowsql.generate.filters import Refusal
from flowsql.generate.paths import NAT_GATEWAY, End, Hop, passed, refusal_of, reply_hops, request_hops
from flowsql.generate.relations import Outcome
from flowsql.generate.services import TCP, Life
from flowsql.generate.topology import Interface, Network, Remote

NAT_PORTS = range(1024, 65536)


@dataclass(frozen=True, slots=True)
class Ways:
    """The hops of all ways, how the connection goes, what becomes of it, and what refused its packets."""

    sent: Sequence[Hop]
    replied: Sequence[Hop]
    strays: Sequence[Hop]
    life: Life
    outcome: Outcome
    refused: tuple[Refusal, Interface, str] | None = None

    @property
    def refused_on(self) -> str | None:
        """The way on which a packet is refused."""
        return self.refused[2] if self.refused else None


def request_way(
    network: Network, opener: End, server: End, protocol: int, port: int
) -> tuple[Sequence[Hop], Refusal | None]:
    """The hops of the opener's packets, and what refuses them at the last, if anything does."""
    return passed(request_hops(network, opener, server), protocol, port, tracked=False)


def ways_of(  # noqa: PLR0911 - one fate a return
    network: Network,
    life: Life,
    opener: End,
    server: End,
    protocol: int,
    opener_ports: tuple[int, int],
    port: int,
) -> Ways:
    """How a connection of such a life goes; `opener_ports` are the first and the last that it may have."""
    if life is Life.FLOODED:
        hops, refusal = passed(reply_hops(network, opener, server), protocol, opener_ports[0], tracked=False)
        return Ways([], hops, [], life, Outcome.BACKSCATTER, _at(refusal, hops, "reply"))
    sent, refusal = request_way(network, opener, server, protocol, port)
    if refusal:
        life = life if life is Life.RETRIED else Life.TRIED
        return Ways(sent, [], [], life, Outcome.REJECTED, _at(refusal, sent, "request"))
    if isinstance(server.host, Remote) and server.host.lost:
        return Ways(sent, [], [], life, Outcome.NO_ROUTE)
    if isinstance(server.host, Interface) and server.host.role.interface_type == NAT_GATEWAY:
        return Ways(sent, [], [], Life.TRIED, Outcome.DROPPED_BY_NAT)
    if life in (Life.TRIED, Life.RETRIED):
        return Ways(sent, [], [], life, Outcome.SILENT)
    replied, refusal = _reply(network, opener, server, protocol, opener_ports)
    if refusal:
        return Ways(sent, replied, [], Life.UNHEARD, Outcome.REPLY_REJECTED, _at(refusal, replied, "reply"))
    outcome = Outcome.REFUSED_BY_HOST if life is Life.REFUSED else Outcome.ANSWERED
    if life not in (Life.LATE, Life.EXPIRED):
        return Ways(sent, replied, [], life, outcome)
    strays, refusal = _strays(reply_hops(network, opener, server), protocol, opener_ports, life)
    if refusal is None:
        return Ways(sent, replied, [], Life.ANSWERED, outcome)
    return Ways(sent, replied, strays, life, outcome, _at(refusal, strays, "stray"))


def _reply(
    network: Network, opener: End, server: End, protocol: int, opener_ports: tuple[int, int]
) -> tuple[Sequence[Hop], Refusal | None]:
    """As `passed`; the two ends of the opener's ports have the same fate, or the tables are wrong."""
    hops = reply_hops(network, opener, server)
    fates = []
    for i in (0, -1):
        ports = [NAT_PORTS[i] if hop.translated else opener_ports[i] for hop in hops]
        refusals = [
            refusal_of(hop, protocol, port, tracked=True) for hop, port in zip(hops, ports, strict=True)
        ]
        first = next((n for n, refusal in enumerate(refusals) if refusal), None)
        fates.append((hops, None) if first is None else (hops[: first + 1], refusals[first]))
    assert fates[0] == fates[1], (opener, server, opener_ports)
    return fates[0]


def _at(refusal: Refusal | None, hops: Sequence[Hop], way: str) -> tuple[Refusal, Interface, str] | None:
    return (refusal, hops[-1].interface, way) if refusal else None


def _strays(
    hops: Sequence[Hop], protocol: int, opener_ports: tuple[int, int], life: Life
) -> tuple[Sequence[Hop], Refusal | None]:
    """As `passed` for packets after the end; an interface with a long time-out still tracks expired ones."""
    assert protocol == TCP
    for i, hop in enumerate(hops):
        tracked = life is Life.EXPIRED and hop.interface.role.idle_timeout_s is None
        if refusal := refusal_of(hop, protocol, opener_ports[0], tracked=tracked):
            return hops[: i + 1], refusal
    return hops, None
