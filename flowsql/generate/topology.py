"""A made-up network: VPCs, subnets, interfaces, and the hosts on the internet that they meet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeAlias
from urllib.parse import quote

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"
_ZONES = ("use1-az1", "use1-az2", "use1-az4")
_TIERS = ("public", "private", "data")

# First octets that belong to access providers and to AWS; the rest of each address is drawn.
_PROVIDER_OCTETS = (24, 31, 37, 46, 62, 71, 73, 78, 82, 85, 89, 93, 98, 109, 151, 176, 188, 212, 217)
_AWS_OCTETS = (3, 18, 34, 52, 54)


@dataclass(frozen=True, slots=True, eq=False)
class Attachment:
    """What ties a VPC to the transit gateway: the ids that its records carry."""

    tgw_id: str
    attachment_id: str
    interface_id: str
    subnet_id: str
    az_id: str


@dataclass(frozen=True, slots=True, eq=False)
class Vpc:
    """A VPC of the account; `number` is its second IPv4 octet."""

    number: int
    vpc_id: str
    ipv6_prefix: str
    attachment: Attachment


@dataclass(frozen=True, slots=True, eq=False)
class Subnet:
    """A /24 (IPv4) and /64 (IPv6) of a VPC in one Availability Zone; `number` is its third octet."""

    number: int
    subnet_id: str
    vpc: Vpc
    az_id: str


@dataclass(frozen=True, slots=True)
class Role:
    """What a group of like interfaces is for, and what they have in common.

    `tag` and `asg_tag` are tag values as a person typed them; `vpc` is the number of their VPC.
    `interface_type` is AWS's word for service interfaces, which have no instance.
    """

    name: str
    count: int
    tier: str
    tag: str | None = None
    asg_tag: str | None = None
    vpc: int = 0
    interface_type: str | None = None
    ecs_service: str | None = None

    @property
    def has_instance(self) -> bool:
        """Whether an EC2 instance of the account stands behind each interface."""
        return self.interface_type is None and self.ecs_service is None


ROLES: tuple[Role, ...] = (
    Role("web", 6, "public", "web frontend", "web"),
    Role("app", 10, "private", "caf\u00e9 checkout", "app blue/green"),
    Role("task", 3, "private", "billing", ecs_service="billing"),
    Role("postgres", 3, "data", "orders db"),
    Role("cache", 2, "data", "sessions"),
    Role("resolver", 2, "private", "dns"),
    Role("bastion", 1, "public", "bastion"),
    Role("monitor", 1, "private", "monitoring"),
    Role("endpoint", 2, "private", interface_type="vpc_endpoint"),
    Role("mysql", 2, "data", "reporting db", vpc=1),
    Role("batch", 3, "private", "100% batch", "batch", vpc=1),
    Role("idle", 4, "private", "spare"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Interface:
    """An elastic network interface; tags are percent-encoded the way AWS writes them, None when absent."""

    number: int
    interface_id: str
    role: Role
    subnet: Subnet
    ipv4: str
    ipv6: str
    instance_id: str | None
    tag: str | None
    asg_tag: str | None
    ecs_task_id: str | None

    @property
    def vpc(self) -> Vpc:
        """The VPC it stands in."""
        return self.subnet.vpc


@dataclass(frozen=True, slots=True, eq=False)
class Remote:
    """A host on the internet; `vpc` is the one through which a transit gateway reaches it."""

    ipv4: str
    ipv6: str
    aws_service: str | None
    vpc: Vpc


Host: TypeAlias = Interface | Remote


@dataclass(frozen=True, slots=True)
class RemotePool:
    """A group of like hosts on the internet."""

    name: str
    count: int
    aws_service: str | None = None


REMOTE_POOLS: tuple[RemotePool, ...] = (
    RemotePool("clients", 12_000),
    RemotePool("cloud clients", 200, "EC2"),
    RemotePool("scanners", 3_000),
    RemotePool("apis", 40),
    RemotePool("dead hosts", 5),
    RemotePool("admins", 4),
    RemotePool("name servers", 12),
    RemotePool("time servers", 4),
    RemotePool("buckets", 12, "S3"),
)


@dataclass(frozen=True, slots=True)
class Network:
    """Every interface, numbered in order, and every host by the name of its role or pool."""

    interfaces: Sequence[Interface]
    hosts: dict[str, Sequence[Host]]

    def hosts_of(self, names: Sequence[str]) -> list[Host]:
        """The hosts of all these roles and pools."""
        return [host for name in names for host in self.hosts[name]]


def build_network(rng: Random) -> Network:
    """A network whose ids and addresses are drawn from `rng`; its shape is always the same."""
    tgw_id = new_id("tgw", rng)
    vpcs = [_vpc(number, tgw_id, rng) for number in range(3)]
    egress_vpc = vpcs.pop()
    subnets = {(vpc.number, tier): list(_subnets(vpc, tier, rng)) for vpc in vpcs for tier in _TIERS}
    hosts: dict[str, Sequence[Host]] = {}
    interfaces: list[Interface] = []
    for role in ROLES:
        zones = subnets[role.vpc, role.tier]
        new = [_interface(len(interfaces) + i, role, zones[i % len(zones)], rng) for i in range(role.count)]
        interfaces += new
        hosts[role.name] = new
    for pool in REMOTE_POOLS:
        hosts[pool.name] = [_remote(pool, egress_vpc, rng) for _ in range(pool.count)]
    return Network(interfaces, hosts)


def new_id(prefix: str, rng: Random) -> str:
    """An id the way AWS makes them today: the prefix and 17 hex digits, the first of them 0."""
    return f"{prefix}-0{rng.getrandbits(64):016x}"


def _vpc(number: int, tgw_id: str, rng: Random) -> Vpc:
    attachment = Attachment(
        tgw_id=tgw_id,
        attachment_id=new_id("tgw-attach", rng),
        interface_id=new_id("eni", rng),
        subnet_id=new_id("subnet", rng),
        az_id=rng.choice(_ZONES),
    )
    prefix = f"2600:1f18:{_group(rng)}:{rng.randrange(16, 256):x}"
    return Vpc(number, new_id("vpc", rng), prefix, attachment)


def _subnets(vpc: Vpc, tier: str, rng: Random) -> Iterator[Subnet]:
    for i, az_id in enumerate(_ZONES):
        yield Subnet(_TIERS.index(tier) * 16 + i, new_id("subnet", rng), vpc, az_id)


def _interface(number: int, role: Role, subnet: Subnet, rng: Random) -> Interface:
    return Interface(
        number=number,
        interface_id=new_id("eni", rng),
        role=role,
        subnet=subnet,
        # The number of the interface keeps addresses apart; .0 to .3 of a subnet belong to AWS.
        ipv4=f"10.{subnet.vpc.number}.{subnet.number}.{number * 5 + rng.randrange(4, 9)}",
        ipv6=f"{subnet.vpc.ipv6_prefix}{subnet.number:02x}:{_host_part(rng)}",
        instance_id=new_id("i", rng) if role.has_instance else None,
        tag=_encoded(role.tag),
        asg_tag=_encoded(role.asg_tag),
        ecs_task_id=f"{rng.getrandbits(128):032x}" if role.ecs_service else None,
    )


def _encoded(tag: str | None) -> str | None:
    return None if tag is None else quote(tag, safe="")


def _remote(pool: RemotePool, egress_vpc: Vpc, rng: Random) -> Remote:
    first = rng.choice(_AWS_OCTETS if pool.aws_service else _PROVIDER_OCTETS)
    rest = [rng.randrange(256), rng.randrange(256), rng.randrange(1, 255)]
    block = "2600" if pool.aws_service else rng.choice(("2601", "2804", "2a02"))
    return Remote(
        ipv4=".".join(map(str, [first, *rest])),
        ipv6=f"{block}:{_group(rng)}:{_group(rng)}:{_group(rng)}:{_host_part(rng)}",
        aws_service=pool.aws_service,
        vpc=egress_vpc,
    )


def _group(rng: Random) -> str:
    # Never 0: a run of zero groups would have to be written "::".
    return f"{rng.randrange(1, 0x10000):x}"


def _host_part(rng: Random) -> str:
    return ":".join(_group(rng) for _ in range(4))
