"""A made-up network: VPCs, subnets, filters, interfaces, and the hosts on the internet that they meet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from random import Random
from typing import TypeAlias
from urllib.parse import quote

from flowsql.generate.filters import AclEntry, Cidr, GroupRule, NetworkAcl, SecurityGroup
from flowsql.generate.roles import REMOTE_POOLS, ROLES, VPCS, RemotePool, Role, VpcSpec
from flowsql.generate.rules import ACLS, DEFAULT_ACL, GROUPS, NAMED_POOLS, EntrySpec, RuleSpec

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"
ZONES = ("use1-az1", "use1-az2", "use1-az4")
TIERS = ("public", "private", "data", "transit")

# First octets that belong to access providers and to AWS; the rest of each address is drawn.
_PROVIDER_OCTETS = (24, 31, 37, 46, 62, 71, 73, 78, 82, 85, 89, 93, 98, 109, 151, 176, 188, 212, 217)
_AWS_OCTETS = (3, 18, 34, 52, 54)


@dataclass(frozen=True, slots=True, eq=False)
class Vpc:
    """A VPC of the account; `octet` is its second IPv4 octet, and two VPCs have the same.

    `attachment_id` is None where no transit gateway reaches it; `logged` says whether it has a flow log.
    """

    number: int
    name: str
    octet: int
    vpc_id: str
    ipv6_prefix: str
    tgw_id: str
    attachment_id: str | None
    logged: bool

    @property
    def cidr(self) -> str:
        """Its IPv4 range."""
        return f"10.{self.octet}.0.0/16"

    @property
    def ipv6_cidr(self) -> str:
        """Its IPv6 range."""
        return f"{self.ipv6_prefix}00::/56"


@dataclass(frozen=True, slots=True, eq=False)
class Subnet:
    """A /24 (IPv4) and /64 (IPv6) of a VPC in one Availability Zone; `number` is its third octet."""

    number: int
    subnet_id: str
    vpc: Vpc
    tier: str
    az_id: str
    acl: NetworkAcl


@dataclass(frozen=True, slots=True, eq=False)
class Interface:
    """An elastic network interface; tags are percent-encoded the way AWS writes them, None when absent.

    `secondary` are further IPv4 addresses (of pods); `public_ip` is the Elastic IP, None inside.
    """

    number: int
    interface_id: str
    role: Role
    subnet: Subnet
    groups: tuple[SecurityGroup, ...]
    ipv4: str
    ipv6: str
    secondary: tuple[str, ...]
    public_ip: str | None
    instance_id: str | None
    tag: str | None
    asg_tag: str | None
    ecs_task_id: str | None

    @property
    def vpc(self) -> Vpc:
        """The VPC it stands in."""
        return self.subnet.vpc

    def address(self, ipv6: bool) -> str:
        """Its primary address of that family."""
        return self.ipv6 if ipv6 else self.ipv4


@dataclass(frozen=True, slots=True, eq=False)
class Remote:
    """A host outside the VPCs, or nobody: no route leads to `lost` addresses, no interface has `vacant` ones.

    Rules treat those alike that are not `named`: in no range narrower than everything.
    """

    ipv4: str
    ipv6: str
    aws_service: str | None
    lost: bool
    vacant: bool
    named: bool

    def address(self, ipv6: bool) -> str:
        """Its address of that family."""
        return self.ipv6 if ipv6 else self.ipv4


Host: TypeAlias = Interface | Remote


@dataclass(slots=True)
class Network:
    """Every interface, numbered in order, every host by its role or pool, and all that filters traffic."""

    vpcs: Sequence[Vpc]
    subnets: list[Subnet] = field(default_factory=list)
    interfaces: list[Interface] = field(default_factory=list)
    hosts: dict[str, Sequence[Host]] = field(default_factory=dict)
    groups: dict[str, SecurityGroup] = field(default_factory=dict)
    acls: list[NetworkAcl] = field(default_factory=list)

    def hosts_of(self, names: Sequence[str]) -> list[Host]:
        """The hosts of all these roles and pools; `NAME#0` is the first one only."""
        found: list[Host] = []
        for name in names:
            pool, _, number = name.partition("#")
            found += [self.hosts[pool][int(number)]] if number else self.hosts[pool]
        return found

    def interface_of(self, role_type: str, vpc: Vpc, az_id: str | None = None) -> Interface | None:
        """The service interface of a type in a VPC, in that zone if one is given."""
        for interface in self.interfaces:
            in_zone = az_id is None or interface.subnet.az_id == az_id
            if in_zone and interface.role.interface_type == role_type and interface.vpc is vpc:
                return interface
        return None


def build_network(rng: Random) -> Network:
    """A network whose ids and addresses are drawn from `rng`; its shape is always the same."""
    tgw_id = new_id("tgw", rng)
    network = Network([_vpc(number, spec, tgw_id, rng) for number, spec in enumerate(VPCS)])
    for pool in REMOTE_POOLS:
        network.hosts[pool.name] = [_remote(pool, rng) for _ in range(pool.count)]
    for vpc in network.vpcs:
        for tier in TIERS:
            network.subnets += _subnets(vpc, tier, network, rng)
    for name, spec in GROUPS.items():
        network.groups[name] = SecurityGroup(new_id("sg", rng), name, network.vpcs[spec.vpc].vpc_id)
    for role in ROLES:
        network.hosts[role.name] = list(_interfaces(role, network, rng))
    for name, spec in GROUPS.items():
        group = network.groups[name]
        group.inbound += (rule for given in spec.inbound for rule in _group_rules(given, network))
        group.outbound += (rule for given in spec.outbound for rule in _group_rules(given, network))
    return network


def new_id(prefix: str, rng: Random) -> str:
    """An id the way AWS makes them today: the prefix and 17 hex digits, the first of them 0."""
    return f"{prefix}-0{rng.getrandbits(64):016x}"


def _vpc(number: int, spec: VpcSpec, tgw_id: str, rng: Random) -> Vpc:
    prefix = f"2600:1f18:{_group(rng)}:{rng.randrange(16, 256):x}"
    attachment_id = new_id("tgw-attach", rng) if spec.attached else None
    return Vpc(number, spec.name, spec.octet, new_id("vpc", rng), prefix, tgw_id, attachment_id, spec.logged)


def _subnets(vpc: Vpc, tier: str, network: Network, rng: Random) -> Iterator[Subnet]:
    inbound, outbound = ACLS.get((vpc.name, tier), DEFAULT_ACL)
    entries = [_entry(spec, False, network) for spec in inbound]
    entries += [_entry(spec, True, network) for spec in outbound]
    acl = NetworkAcl(new_id("acl", rng), vpc.vpc_id, f"{vpc.name}-{tier}", entries)
    network.acls.append(acl)
    for i, az_id in enumerate(ZONES):
        yield Subnet(TIERS.index(tier) * 16 + i, new_id("subnet", rng), vpc, tier, az_id, acl)


def _entry(spec: EntrySpec, egress: bool, network: Network) -> AclEntry:
    cidr = spec.cidr
    if cidr.startswith("pool:"):
        # Such a pool has a /16 to itself.
        first = network.hosts[cidr.removeprefix("pool:")][0].address(False)
        cidr = ".".join([*first.split(".")[:2], "0", "0/16"])
    return AclEntry(
        spec.number, egress, spec.allow, spec.protocol, Cidr.of(cidr), spec.first_port, spec.last_port
    )


def _group_rules(spec: RuleSpec, network: Network) -> Iterator[GroupRule]:
    kind, _, name = spec.peer.partition(":")
    peers: list[Cidr | SecurityGroup]
    if kind == "sg":
        peers = [network.groups[name]]
    elif kind == "pool":
        peers = [Cidr.of(f"{host.address(False)}/32") for host in network.hosts[name]]
    else:
        peers = [Cidr.of(spec.peer)]
    for peer in peers:
        yield GroupRule(spec.protocol, spec.first_port, spec.last_port, peer)


def _interfaces(role: Role, network: Network, rng: Random) -> Iterator[Interface]:
    zones = [s for s in network.subnets if s.vpc.number == role.vpc and s.tier == role.tier]
    for i in range(role.count):
        interface = _interface(role, zones[i % len(zones)], network, rng)
        network.interfaces.append(interface)
        for group in interface.groups:
            group.members |= {
                (int(ip_address(address)), ipv6)
                for ipv6, addresses in (
                    (False, (interface.ipv4, *interface.secondary)),
                    (True, (interface.ipv6,)),
                )
                for address in addresses
            }
        yield interface


def _interface(role: Role, subnet: Subnet, network: Network, rng: Random) -> Interface:
    taken = sum(1 + len(i.secondary) for i in network.interfaces if i.subnet is subnet)
    prefix = f"10.{subnet.vpc.octet}.{subnet.number}"
    # Its place in the subnet keeps addresses apart, in both VPCs of one range alike; .0 to .3 belong to AWS.
    addresses = [f"{prefix}.{5 + 5 * (taken + i) + (taken + i) % 4}" for i in range(1 + role.secondary)]
    return Interface(
        number=len(network.interfaces),
        interface_id=new_id("eni", rng),
        role=role,
        subnet=subnet,
        groups=(network.groups[role.group],) if role.group else (),
        ipv4=addresses[0],
        ipv6=f"{subnet.vpc.ipv6_prefix}{subnet.number:02x}:{_host_part(rng)}",
        secondary=tuple(addresses[1:]),
        public_ip=_public_ip(_AWS_OCTETS, rng) if subnet.tier == "public" else None,
        instance_id=new_id("i", rng) if role.has_instance else None,
        tag=_encoded(role.tag),
        asg_tag=_encoded(role.asg_tag),
        ecs_task_id=f"{rng.getrandbits(128):032x}" if role.ecs_service else None,
    )


def _encoded(tag: str | None) -> str | None:
    return None if tag is None else quote(tag, safe="")


def _public_ip(first_octets: Sequence[int], rng: Random) -> str:
    octets = [rng.choice(first_octets), rng.randrange(256), rng.randrange(256), rng.randrange(1, 255)]
    return ".".join(map(str, octets))


def _remote(pool: RemotePool, rng: Random) -> Remote:
    ipv4 = _public_ip(_AWS_OCTETS if pool.aws_service else _PROVIDER_OCTETS, rng)
    if pool.prefix:
        # Interfaces stand in the lower half of their subnets.
        third = str(rng.choice((16, 17, 18))) if pool.vacant else ipv4.split(".")[2]
        fourth = rng.randrange(160, 255) if pool.vacant else rng.randrange(1, 255)
        ipv4 = f"{pool.prefix}.{third}.{fourth}"
    block = "2600" if pool.aws_service else rng.choice(("2601", "2804", "2a02"))
    return Remote(
        ipv4=ipv4,
        ipv6=f"{block}:{_group(rng)}:{_group(rng)}:{_group(rng)}:{_host_part(rng)}",
        aws_service=pool.aws_service,
        lost=pool.lost,
        vacant=pool.vacant,
        named=pool.prefix is not None or pool.name in NAMED_POOLS,
    )


def _group(rng: Random) -> str:
    # Never 0: a run of zero groups would have to be written "::".
    return f"{rng.randrange(1, 0x10000):x}"


def _host_part(rng: Random) -> str:
    return ":".join(_group(rng) for _ in range(4))
