"""The way of a packet: the interfaces that it passes, and what the filters there decide.

Gateways show their own address for packets that pass through them, as AWS records do:
https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple

from flowsql.generate.filters import Packet, Refusal, refused_by_acl, refused_by_groups
from flowsql.generate.topology import Host, Interface, Network, Remote

NAT_GATEWAY, TRANSIT_GATEWAY = "nat_gateway", "transit_gateway"
_IN_VPC, _PEERING, _GATEWAY_ENDPOINT, _INTERNET_GATEWAY = 1, 4, 7, 8  # codes of traffic-path


class End(NamedTuple):
    """An end of a connection: a host and which of its addresses is used."""

    host: Host
    address: str


@dataclass(frozen=True, slots=True, eq=False)
class Hop:
    """A packet at one interface, `egress` if the interface sends it out.

    `src` and `dst` are those in the packet. `translated` says that the opener's port is the one a NAT
    gateway gave it; `between_subnets` that the network ACL looks at it; `next_hop` is the interface it
    goes to or comes from, and `path` AWS's traffic-path, both None where AWS says `-`. `across` is the
    interface at the other side of the transit gateway.
    """

    interface: Interface
    egress: bool
    src: End
    dst: End
    translated: bool = False
    between_subnets: bool = True
    next_hop: Interface | None = None
    path: int | None = None
    across: Interface | None = None

    @property
    def srcaddr(self) -> str:
        """The source as AWS shows it: on the way out always the interface's primary address."""
        return self.interface.address(":" in self.src.address) if self.egress else self.src.address

    @property
    def dstaddr(self) -> str:
        """The destination as AWS shows it: on the way in always the interface's primary address."""
        return self.dst.address if self.egress else self.interface.address(":" in self.dst.address)


def request_hops(  # noqa: PLR0911 - one way a return
    network: Network, opener: End, server: End
) -> list[Hop]:
    """The hops of a packet from opener to server, as far as routes lead."""
    a, b = opener.host, server.host
    if isinstance(a, Remote):
        assert isinstance(b, Interface)
        return [Hop(b, False, opener, server)]
    if isinstance(b, Interface):
        return _inside(network, opener, a, server, b)
    ipv6 = ":" in server.address
    if b.vacant:
        return [Hop(a, True, opener, server, path=_IN_VPC)]
    if b.lost:
        return _into_transit(network, a, opener, server)
    if _has_endpoint(network, a, b):
        return [Hop(a, True, opener, server, path=_GATEWAY_ENDPOINT)]
    if ipv6 or a.subnet.tier == "public":
        return [Hop(a, True, opener, server, path=_INTERNET_GATEWAY)]
    hops, nat, before = _to_nat(network, a, opener, server)
    outside = End(nat, nat.ipv4)
    return [
        *hops,
        Hop(nat, False, opener, server, next_hop=before),
        Hop(nat, True, outside, server, translated=True, path=_INTERNET_GATEWAY),
    ]


def reply_hops(network: Network, opener: End, server: End) -> list[Hop]:
    """The hops of a packet from server to opener, which the opener's packets have reached."""
    a, b = opener.host, server.host
    if isinstance(b, Interface):
        if isinstance(a, Interface):
            return _inside(network, server, b, opener, a)
        return [Hop(b, True, server, opener, path=_INTERNET_GATEWAY)]
    assert isinstance(a, Interface)
    if _has_endpoint(network, a, b) or ":" in server.address or a.subnet.tier == "public":
        return [Hop(a, False, server, opener)]
    nat = _nat_of(network, a)
    hops = [Hop(nat, False, server, End(nat, nat.ipv4), translated=True)]
    if nat.vpc is a.vpc:
        out = Hop(nat, True, server, opener, next_hop=a, path=_IN_VPC)
        return [*hops, out, Hop(a, False, server, opener, next_hop=nat)]
    return [*hops, *_through_transit(network, server, nat, opener, a)]


def refusal_of(hop: Hop, protocol: int, dstport: int, *, tracked: bool) -> Refusal | None:
    """What refuses a packet at the interface: groups only if it belongs to nothing they have let pass."""
    ipv6 = ":" in hop.src.address
    src, dst = hop.src.address, hop.dst.address
    peer = (hop.dst if hop.egress else hop.src).host
    if isinstance(peer, Remote) and not peer.named:
        # Thousands of hosts have one fate.
        src, dst = (src, _anybody(ipv6)) if hop.egress else (_anybody(ipv6), dst)
    return _refusal(hop.interface, hop.egress, hop.between_subnets, tracked, protocol, src, dst, dstport)


def _anybody(ipv6: bool) -> str:
    """An address on the internet that no rule names."""
    return "2001:db8::1" if ipv6 else "203.0.113.1"


@lru_cache(maxsize=65_536)
def _refusal(
    interface: Interface,
    egress: bool,
    between_subnets: bool,
    tracked: bool,
    protocol: int,
    src: str,
    dst: str,
    dstport: int,
) -> Refusal | None:
    packet = Packet(protocol, ":" in src, int(ip_address(src)), int(ip_address(dst)), dstport)

    def by_groups() -> Refusal | None:
        groups = interface.groups
        return None if tracked or not groups else refused_by_groups(groups, packet, egress=egress)

    def by_acl() -> Refusal | None:
        return refused_by_acl(interface.subnet.acl, packet, egress=egress) if between_subnets else None

    return by_groups() or by_acl() if egress else by_acl() or by_groups()


def passed(
    hops: Sequence[Hop], protocol: int, dstport: int, *, tracked: bool
) -> tuple[Sequence[Hop], Refusal | None]:
    """The hops up to the one where the packet is refused, that one included, and by what (None: nothing)."""
    for i, hop in enumerate(hops):
        if refusal := refusal_of(hop, protocol, dstport, tracked=tracked):
            return hops[: i + 1], refusal
    return hops, None


def _inside(network: Network, source: End, a: Interface, target: End, b: Interface) -> list[Hop]:
    if a.vpc is b.vpc:
        between = a.subnet is not b.subnet
        return [
            Hop(a, True, source, target, between_subnets=between, next_hop=b, path=_IN_VPC),
            Hop(b, False, source, target, between_subnets=between, next_hop=a),
        ]
    if a.vpc.attachment_id and b.vpc.attachment_id:
        return _through_transit(network, source, a, target, b)
    return [
        Hop(a, True, source, target, next_hop=b, path=_PEERING),
        Hop(b, False, source, target, next_hop=a),
    ]


def _through_transit(network: Network, source: End, a: Interface, target: End, b: Interface) -> list[Hop]:
    # The gateway keeps packets in the zone they come from, so that replies take other interfaces.
    entering, leaving = (_transit_of(network, side, a.subnet.az_id) for side in (a, b))
    return [
        Hop(a, True, source, target, next_hop=entering),
        Hop(entering, False, source, target, next_hop=a, across=leaving),
        Hop(leaving, True, source, target, next_hop=b, path=_IN_VPC, across=entering),
        Hop(b, False, source, target),
    ]


def _into_transit(network: Network, a: Interface, source: End, target: End) -> list[Hop]:
    entering = _transit_of(network, a, a.subnet.az_id)
    return [
        Hop(a, True, source, target, next_hop=entering),
        Hop(entering, False, source, target, next_hop=a),
    ]


def _has_endpoint(network: Network, a: Interface, b: Remote) -> bool:
    """Whether a gateway endpoint leads there: the first VPC has one for S3."""
    return b.aws_service == "S3" and a.vpc is network.vpcs[0]


def _to_nat(
    network: Network, a: Interface, opener: End, server: End
) -> tuple[list[Hop], Interface, Interface | None]:
    """The hops from an interface to its NAT gateway, the gateway, and the interface before it."""
    nat = _nat_of(network, a)
    if nat.vpc is a.vpc:
        return [Hop(a, True, opener, server, next_hop=nat, path=_IN_VPC)], nat, a
    return _through_transit(network, opener, a, server, nat)[:-1], nat, None


def _nat_of(network: Network, interface: Interface) -> Interface:
    nat = network.interface_of(NAT_GATEWAY, interface.vpc)
    if nat is None:
        nat = next(i for i in network.interfaces if i.role.name == "egress-nat")
    return nat


def _transit_of(network: Network, interface: Interface, az_id: str) -> Interface:
    found = network.interface_of(TRANSIT_GATEWAY, interface.vpc, az_id)
    assert found is not None
    return found
