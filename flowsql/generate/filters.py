"""Security groups and network ACLs: what they hold, and what they decide of one packet.

Groups are stateful, ACLs stateless; the first ACL entry that fits decides, any group rule that fits lets in.
https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import NamedTuple

ALL_PROTOCOLS = -1
DEFAULT_RULE = 32767  # what describe-network-acls calls the entry `*`


class Packet(NamedTuple):
    """What the filters look at; addresses as numbers, with the family beside."""

    protocol: int
    ipv6: bool
    src: int
    dst: int
    dstport: int


@dataclass(frozen=True, slots=True)
class Cidr:
    """An address range as AWS writes it, ready to be compared."""

    text: str
    ipv6: bool
    first: int
    last: int

    @classmethod
    def of(cls, text: str) -> Cidr:
        """The range that `text` names."""
        network = ip_network(text)
        return cls(text, network.version == 6, int(network.network_address), int(network.broadcast_address))

    def holds(self, address: int, ipv6: bool) -> bool:
        """Whether the address is in it."""
        return ipv6 is self.ipv6 and self.first <= address <= self.last


@dataclass(slots=True, eq=False)
class SecurityGroup:
    """A security group; `members` are the addresses of the interfaces in it, filled in as these are made."""

    group_id: str
    name: str
    vpc_id: str
    inbound: list[GroupRule] = field(default_factory=list)
    outbound: list[GroupRule] = field(default_factory=list)
    members: set[tuple[int, bool]] = field(default_factory=set)


@dataclass(frozen=True, slots=True, eq=False)
class GroupRule:
    """Lets in (or out) what has this protocol and port, from (or to) the range or the group's members."""

    protocol: int
    first_port: int
    last_port: int
    peer: Cidr | SecurityGroup

    def fits(self, packet: Packet, peer: int) -> bool:
        """Whether it lets the packet pass, whose other end is `peer`."""
        if self.protocol not in (ALL_PROTOCOLS, packet.protocol):
            return False
        if self.protocol in (6, 17) and not self.first_port <= packet.dstport <= self.last_port:
            return False
        if isinstance(self.peer, Cidr):
            return self.peer.holds(peer, packet.ipv6)
        return (peer, packet.ipv6) in self.peer.members


@dataclass(frozen=True, slots=True)
class AclEntry:
    """One numbered rule of a network ACL; ports are of the destination and only for TCP and UDP."""

    number: int
    egress: bool
    allow: bool
    protocol: int
    cidr: Cidr
    first_port: int = 0
    last_port: int = 65535

    def fits(self, packet: Packet, peer: int) -> bool:
        """Whether it decides of the packet, whose other end is `peer`."""
        if self.protocol not in (ALL_PROTOCOLS, packet.protocol):
            return False
        if self.protocol in (6, 17) and not self.first_port <= packet.dstport <= self.last_port:
            return False
        return self.cidr.holds(peer, packet.ipv6)


@dataclass(slots=True, eq=False)
class NetworkAcl:
    """A network ACL; `entries` in the order of their numbers, without the last, which denies everything."""

    acl_id: str
    vpc_id: str
    name: str
    entries: Sequence[AclEntry]


class Refusal(NamedTuple):
    """What refused a packet: `rule` is the number of the ACL entry, None for a group, which has none."""

    filter: str
    filter_id: str
    egress: bool
    rule: int | None


def refused_by_groups(groups: Iterable[SecurityGroup], packet: Packet, *, egress: bool) -> Refusal | None:
    """None if a rule of any of the groups lets the untracked packet pass."""
    peer = packet.dst if egress else packet.src
    ids = []
    for group in groups:
        ids.append(group.group_id)
        if any(rule.fits(packet, peer) for rule in (group.outbound if egress else group.inbound)):
            return None
    return Refusal("security-group", ",".join(ids), egress, None)


def refused_by_acl(acl: NetworkAcl, packet: Packet, *, egress: bool) -> Refusal | None:
    """None if the first entry that fits allows the packet."""
    peer = packet.dst if egress else packet.src
    for entry in acl.entries:
        if entry.egress is egress and entry.fits(packet, peer):
            if entry.allow:
                return None
            return Refusal("network-acl", acl.acl_id, egress, entry.number)
    return Refusal("network-acl", acl.acl_id, egress, DEFAULT_RULE)
