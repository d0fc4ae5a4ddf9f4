"""Who there is in the made-up network, as tables: VPCs, roles of interfaces, pools of hosts outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class VpcSpec(NamedTuple):
    """A VPC: its second octet, whether the transit gateway reaches it, whether it has a flow log."""

    name: str
    octet: int
    attached: bool
    logged: bool


VPCS = (
    VpcSpec("prod", 0, attached=True, logged=True),
    VpcSpec("data", 1, attached=True, logged=True),
    VpcSpec("egress", 2, attached=True, logged=True),
    # The same range as prod, as happens where environments are copies; nothing connects the two.
    VpcSpec("staging", 0, attached=False, logged=True),
    # Reached by peering; what happens there is not logged.
    VpcSpec("partner", 3, attached=False, logged=False),
)


@dataclass(frozen=True, slots=True)
class Role:
    """What a group of like interfaces is for, and what they have in common.

    `tag` and `asg_tag` are tag values as a person typed them; `vpc` is the place of their VPC in VPCS.
    `interface_type` is AWS's word for service interfaces, which have no instance, like a load balancer's;
    `secondary` counts further addresses, `idle_timeout_s` is for tracked TCP (None: AWS's default).
    """

    name: str
    count: int
    tier: str
    group: str | None = None
    tag: str | None = None
    asg_tag: str | None = None
    vpc: int = 0
    interface_type: str | None = None
    ecs_service: str | None = None
    load_balancer: bool = False
    secondary: int = 0
    idle_timeout_s: int | None = None

    @property
    def has_instance(self) -> bool:
        """Whether an EC2 instance of the account stands behind each interface."""
        return self.interface_type is None and self.ecs_service is None and not self.load_balancer


ROLES: tuple[Role, ...] = (
    Role("web", 6, "public", "web", "web frontend", "web", idle_timeout_s=350),
    Role("alb", 3, "public", "alb", load_balancer=True),
    Role("nat", 1, "public", interface_type="nat_gateway"),
    Role("app", 10, "private", "app", "caf\u00e9 checkout", "app blue/green", idle_timeout_s=350),
    Role("task", 3, "private", "task", "billing", ecs_service="billing"),
    Role("node", 3, "private", "node", "cluster node", "nodes", secondary=5),
    Role("postgres", 3, "data", "postgres", "orders db"),
    Role("cache", 2, "data", "cache", "sessions"),
    Role("resolver", 2, "private", "resolver", "dns"),
    Role("bastion", 1, "public", "bastion", "bastion"),
    Role("monitor", 1, "private", "monitor", "monitoring"),
    Role("endpoint", 2, "private", "endpoint", interface_type="vpc_endpoint"),
    Role("mysql", 2, "data", "mysql", "reporting db", vpc=1),
    Role("batch", 3, "private", "batch", "100% batch", "batch", vpc=1),
    Role("idle", 4, "private", "idle", "spare"),
    Role("prod-transit", 3, "transit", interface_type="transit_gateway"),
    Role("data-transit", 3, "transit", vpc=1, interface_type="transit_gateway"),
    Role("egress-transit", 3, "transit", vpc=2, interface_type="transit_gateway"),
    Role("egress-nat", 1, "public", vpc=2, interface_type="nat_gateway"),
    Role("staging-web", 2, "public", "staging-web", "web frontend", "web", vpc=3),
    Role("staging-db", 1, "data", "staging-db", "orders db", vpc=3),
    Role("partner", 2, "private", "partner", "partner api", vpc=4),
)


@dataclass(frozen=True, slots=True)
class RemotePool:
    """A group of like hosts outside; `prefix` gives them all the same first two octets.

    `lost` ones have private addresses to which the transit gateway has no route, `vacant` ones addresses
    of the VPC itself that nobody has.
    """

    name: str
    count: int
    aws_service: str | None = None
    prefix: str | None = None
    lost: bool = False
    vacant: bool = False


REMOTE_POOLS: tuple[RemotePool, ...] = (
    RemotePool("clients", 12_000),
    RemotePool("cloud clients", 200, "EC2"),
    RemotePool("translated clients", 60),
    RemotePool("scanners", 3_000),
    RemotePool("blocked", 120, prefix="45.148"),
    RemotePool("sweepers", 8),
    RemotePool("flooded", 200),
    RemotePool("apis", 40),
    RemotePool("dead hosts", 5),
    RemotePool("no route", 3, prefix="10.9", lost=True),
    RemotePool("nobody", 80, prefix="10.0", vacant=True),
    RemotePool("admins", 4),
    RemotePool("name servers", 12),
    RemotePool("time servers", 4),
    RemotePool("buckets", 12, "S3"),
    RemotePool("command servers", 3),
    RemotePool("drop sites", 2),
)
