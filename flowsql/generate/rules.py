"""The rules of the made-up network, as tables: security groups by VPC, network ACLs by subnet tier."""

from __future__ import annotations

from typing import NamedTuple

from flowsql.generate.filters import ALL_PROTOCOLS

_ANY, _ANY6 = "0.0.0.0/0", "::/0"
_PRIVATE = "10.0.0.0/8"


class RuleSpec(NamedTuple):
    """A rule of a security group; `peer` is a CIDR, `sg:NAME` in the same VPC, or `pool:NAME` (/32 each)."""

    protocol: int
    first_port: int
    last_port: int
    peer: str


class GroupSpec(NamedTuple):
    """A security group: the number of its VPC in topology.VPCS, and its rules."""

    vpc: int
    inbound: tuple[RuleSpec, ...]
    outbound: tuple[RuleSpec, ...]


class EntrySpec(NamedTuple):
    """An entry of a network ACL; `cidr` may be `pool:NAME`, the range that a pool has to itself."""

    number: int
    allow: bool
    protocol: int
    first_port: int
    last_port: int
    cidr: str


def _tcp(port: int, *peers: str) -> tuple[RuleSpec, ...]:
    return tuple(RuleSpec(6, port, port, peer) for peer in peers)


def _udp(port: int, *peers: str) -> tuple[RuleSpec, ...]:
    return tuple(RuleSpec(17, port, port, peer) for peer in peers)


def _ping(*peers: str) -> tuple[RuleSpec, ...]:
    return tuple(RuleSpec(protocol, -1, -1, peer) for peer in peers for protocol in (1, 58))


# AWS's own rule for a new group.
_OUT_ALL = tuple(RuleSpec(ALL_PROTOCOLS, -1, -1, peer) for peer in (_ANY, _ANY6))
_WEB = (*_tcp(80, _ANY, _ANY6), *_tcp(443, _ANY, _ANY6))
_NAMES_AND_TIME = (*_udp(53, "sg:resolver"), *_udp(123, _ANY))
_FROM_CALLERS = _tcp(8080, "sg:web", "sg:alb")
_FROM_SERVERS = ("sg:app", "sg:task", "sg:node")

GROUPS: dict[str, GroupSpec] = {
    "alb": GroupSpec(0, _WEB, _OUT_ALL),
    "web": GroupSpec(
        0, (*_WEB, *_tcp(8080, "sg:alb"), *_tcp(22, "sg:bastion"), *_ping("sg:monitor")), _OUT_ALL
    ),
    "app": GroupSpec(
        0,
        (
            *_FROM_CALLERS,
            *_tcp(80, "sg:web"),
            *_tcp(61616, *_FROM_SERVERS),
            *_tcp(61208, "sg:monitor"),
            *_tcp(22, "sg:bastion"),
            *_ping("sg:monitor"),
        ),
        _OUT_ALL,
    ),
    "task": GroupSpec(0, (*_FROM_CALLERS, *_tcp(65200, *_FROM_SERVERS)), _OUT_ALL),
    "node": GroupSpec(
        0,
        (*_FROM_CALLERS, RuleSpec(ALL_PROTOCOLS, -1, -1, "sg:node"), *_tcp(22, "sg:bastion")),
        _OUT_ALL,
    ),
    "postgres": GroupSpec(
        0, (*_tcp(5432, *_FROM_SERVERS, "10.1.0.0/16"), *_ping("sg:monitor")), _NAMES_AND_TIME
    ),
    "cache": GroupSpec(0, (*_tcp(6379, "sg:app", "sg:web"), *_tcp(80, "sg:web"), *_ping("sg:monitor")), ()),
    "resolver": GroupSpec(0, (*_udp(53, _PRIVATE), *_tcp(53, _PRIVATE)), _OUT_ALL),
    "bastion": GroupSpec(0, _tcp(22, "pool:admins"), _OUT_ALL),
    "monitor": GroupSpec(0, _tcp(22, "sg:bastion"), _OUT_ALL),
    "endpoint": GroupSpec(0, _tcp(443, "10.0.0.0/16"), _OUT_ALL),
    "idle": GroupSpec(0, (), _OUT_ALL),
    "mysql": GroupSpec(
        1, (*_tcp(3306, "10.0.0.0/16", "sg:batch"), *_ping("10.0.0.0/16")), _NAMES_AND_TIME[1:]
    ),
    "batch": GroupSpec(1, _tcp(22, "10.0.0.0/16"), _OUT_ALL),
    "staging-web": GroupSpec(3, _WEB, _OUT_ALL),
    "staging-db": GroupSpec(3, _tcp(5432, "sg:staging-web"), ()),
    "partner": GroupSpec(4, _tcp(443, "10.0.0.0/16"), _OUT_ALL),
}


def _allow(number: int, protocol: int, first: int, last: int, cidr: str) -> EntrySpec:
    return EntrySpec(number, True, protocol, first, last, cidr)


def _all(number: int, *cidrs: str) -> tuple[EntrySpec, ...]:
    return tuple(_allow(number + i, ALL_PROTOCOLS, 0, 65535, cidr) for i, cidr in enumerate(cidrs))


_OPEN = _all(100, _ANY, _ANY6)
_IN_PUBLIC = (
    EntrySpec(90, False, ALL_PROTOCOLS, 0, 65535, "pool:blocked"),
    *_all(100, _PRIVATE, _ANY6),
    _allow(110, 6, 80, 80, _ANY),
    _allow(120, 6, 443, 443, _ANY),
    _allow(130, 6, 22, 22, _ANY),
    _allow(140, 6, 1024, 65535, _ANY),
    _allow(150, 17, 1024, 65535, _ANY),
    _allow(160, 17, 123, 123, _ANY),
    _allow(170, 1, 0, 65535, _ANY),
)
# Replies go only to ports from 32768 on, the usual mistake: translating gateways use lower ones, too.
_OUT_PUBLIC = (
    *_all(100, _PRIVATE, _ANY6),
    _allow(110, 6, 80, 80, _ANY),
    _allow(120, 6, 443, 443, _ANY),
    _allow(130, 6, 32768, 65535, _ANY),
    _allow(140, 17, 53, 53, _ANY),
    _allow(150, 17, 123, 123, _ANY),
    _allow(160, 1, 0, 65535, _ANY),
)
_IN_PRIVATE = (
    *_all(100, _PRIVATE, _ANY6),
    _allow(110, 6, 1024, 65535, _ANY),
    _allow(120, 17, 1024, 65535, _ANY),
    _allow(130, 17, 123, 123, _ANY),
    _allow(140, 1, 0, 65535, _ANY),
)
_IN_DATA = (
    _allow(100, 6, 5432, 5432, _PRIVATE),
    _allow(110, 6, 6379, 6379, _PRIVATE),
    _allow(120, 6, 80, 80, _PRIVATE),
    _allow(130, 1, 0, 65535, _PRIVATE),
    _allow(140, 17, 1024, 65535, _PRIVATE),
    _allow(150, 17, 123, 123, _ANY),
    _allow(160, ALL_PROTOCOLS, 0, 65535, _ANY6),
)
# No ICMP on the way out: a ping gets in, its reply does not get out.
_OUT_DATA = (
    _allow(100, 6, 1024, 65535, _PRIVATE),
    _allow(110, 17, 53, 53, _PRIVATE),
    _allow(120, 17, 123, 123, _ANY),
    _allow(130, 6, 443, 443, _ANY),
    _allow(140, ALL_PROTOCOLS, 0, 65535, _ANY6),
)
# By the name of the VPC and the tier: entries in, entries out. All other subnets have AWS's default ACL.
ACLS: dict[tuple[str, str], tuple[tuple[EntrySpec, ...], tuple[EntrySpec, ...]]] = {
    ("prod", "public"): (_IN_PUBLIC, _OUT_PUBLIC),
    ("prod", "private"): (_IN_PRIVATE, _OPEN),
    ("prod", "data"): (_IN_DATA, _OUT_DATA),
}
DEFAULT_ACL = (_OPEN, _OPEN)
# The pools that rules name.
NAMED_POOLS = frozenset({"admins", "blocked"})
