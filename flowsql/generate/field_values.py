"""What stands in each field of a record: fixed by the record's leg, or taken from the record itself.

Meanings: https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html and
https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from flowsql.generate.paths import End, Hop
from flowsql.generate.relations import Leg
from flowsql.generate.services import TCP
from flowsql.generate.topology import ACCOUNT_ID, REGION, Interface, Remote
from flowsql.generate.traffic import BYTES, END, FLAGS, PACKETS, PORT, START
from flowsql.logformat.fields import TGW, Field

# Text or number as AWS writes it, or None for `-`.
Value: TypeAlias = str | int | None

_CLUSTER = "shop"
_ECS_ARN = f"arn:aws:ecs:{REGION}:{ACCOUNT_ID}"


def _never(leg: Leg) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Column:
    """Where a field's values are: at `place` of a record if its leg `varies`, else `fixed` by the leg."""

    field: Field
    fixed: Callable[[Leg], Value]
    place: int | None = None
    varies: Callable[[Leg], bool] = _never


def columns_of(fields: Sequence[Field]) -> list[Column]:
    """One Column per field, in order; a field that the catalogue does not know is always absent."""
    version = max([2, *(field.version for field in fields)])
    return [_column(field, version) for field in fields]


def is_transit(fields: Sequence[Field]) -> bool:
    """Whether it is a transit gateway that logs these fields: one of them exists only there."""
    return any(field.family == TGW for field in fields)


def _column(field: Field, version: int) -> Column:
    name = field.name
    if name == "version":
        return Column(field, lambda leg: version)
    if name in _OF_INTERFACE:
        of_interface = _OF_INTERFACE[name]
        return Column(field, lambda leg: of_interface(leg.interface))
    if name == "log-status":
        return Column(field, lambda leg: leg.status)
    of_flow = _OF_FLOW.get(name, _absent)
    place, varies = _OF_RECORD.get(name, (None, _never))
    return Column(field, lambda leg: _of_flow(of_flow, leg), place, varies)


def _of_flow(value_of: Callable[[Leg, Hop], Value], leg: Leg) -> Value:
    # NODATA and SKIPDATA records keep what describes the interface and have nothing about a flow.
    return None if leg.hop is None else value_of(leg, leg.hop)


def _absent(leg: Leg, hop: Hop) -> Value:
    return None


def _aws_service(end: End) -> Value:
    return end.host.aws_service if isinstance(end.host, Remote) else None


def _encryption(leg: Leg, hop: Hop) -> Value:
    """0 clear, 1 by Nitro between instances, 2 by the application at an endpoint; absent if rejected."""
    src, dst = hop.src.host, hop.dst.host
    if not leg.accepted:
        return None
    if not isinstance(src, Interface) or not isinstance(dst, Interface):
        return 0
    return 2 if "vpc_endpoint" in (src.role.interface_type, dst.role.interface_type) else 1


def _next_hop(value_of: Callable[[Interface], Value]) -> Callable[[Leg, Hop], Value]:
    return lambda leg, hop: value_of(hop.next_hop) if hop.next_hop else None


def _attachment(value_of: Callable[[Interface], Value], *, destination: bool) -> Callable[[Leg, Hop], Value]:
    """Of the transit gateway's interface on the side of the source or of the destination."""

    def of_hop(leg: Leg, hop: Hop) -> Value:
        interface = hop.interface if hop.egress is destination else hop.across
        return value_of(interface) if interface else None

    return of_hop


def _ecs(text: str) -> Callable[[Interface], Value]:
    def of_interface(interface: Interface) -> Value:
        if interface.ecs_task_id is None:
            return None
        return text.format(arn=_ECS_ARN, service=interface.role.ecs_service, task=interface.ecs_task_id)

    return of_interface


_OF_INTERFACE: dict[str, Callable[[Interface], Value]] = {
    "account-id": lambda i: ACCOUNT_ID,
    "region": lambda i: REGION,
    "interface-id": lambda i: i.interface_id,
    "vpc-id": lambda i: i.vpc.vpc_id,
    "subnet-id": lambda i: i.subnet.subnet_id,
    "instance-id": lambda i: i.instance_id,
    "az-id": lambda i: i.subnet.az_id,
    "interface-type": lambda i: i.role.interface_type,
    "instance-tag": lambda i: i.tag if i.instance_id else None,
    "instance-tag-2": lambda i: i.role.name if i.instance_id else None,
    "interface-tag": lambda i: i.tag,
    "interface-tag-2": lambda i: i.role.name,
    "asg-tag": lambda i: i.asg_tag,
    "asg-tag-2": lambda i: i.role.name if i.asg_tag else None,
    "ecs-cluster-arn": _ecs(f"{{arn}}:cluster/{_CLUSTER}"),
    "ecs-cluster-name": _ecs(_CLUSTER),
    "ecs-container-id": _ecs("{task}-1"),
    "ecs-service-name": _ecs("{service}"),
    "ecs-task-definition-arn": _ecs("{arn}:task-definition/{service}:7"),
    "ecs-task-arn": _ecs(f"{{arn}}:task/{_CLUSTER}/{{task}}"),
    "ecs-task-id": _ecs("{task}"),
    "resource-type": lambda i: "TransitGateway",
    "tgw-id": lambda i: i.vpc.tgw_id,
    "tgw-attachment-id": lambda i: i.vpc.attachment_id,
}

_OF_FLOW: dict[str, Callable[[Leg, Hop], Value]] = {
    "srcaddr": lambda leg, hop: leg.shown[0],
    "dstaddr": lambda leg, hop: leg.shown[1],
    "srcport": lambda leg, hop: leg.srcport,
    "dstport": lambda leg, hop: leg.dstport,
    "protocol": lambda leg, hop: leg.protocol,
    "action": lambda leg, hop: "ACCEPT" if leg.accepted else "REJECT",
    "tcp-flags": lambda leg, hop: 0,
    "type": lambda leg, hop: "IPv6" if leg.ipv6 else "IPv4",
    "pkt-srcaddr": lambda leg, hop: hop.src.address,
    "pkt-dstaddr": lambda leg, hop: hop.dst.address,
    "pkt-src-aws-service": lambda leg, hop: _aws_service(hop.src),
    "pkt-dst-aws-service": lambda leg, hop: _aws_service(hop.dst),
    "flow-direction": lambda leg, hop: "egress" if hop.egress else "ingress",
    "traffic-path": lambda leg, hop: hop.path if hop.egress else None,
    "encryption-status": _encryption,
    "next-hop-interface-id": _next_hop(lambda i: i.interface_id),
    "next-hop-subnet-id": _next_hop(lambda i: i.subnet.subnet_id),
    "next-hop-az-id": _next_hop(lambda i: i.subnet.az_id),
    "next-hop-vpc-id": _next_hop(lambda i: i.vpc.vpc_id),
    "next-hop-interface-type": _next_hop(lambda i: i.role.interface_type),
    "tgw-src-vpc-account-id": _attachment(lambda i: ACCOUNT_ID, destination=False),
    "tgw-dst-vpc-account-id": _attachment(lambda i: ACCOUNT_ID, destination=True),
    "tgw-src-vpc-id": _attachment(lambda i: i.vpc.vpc_id, destination=False),
    "tgw-dst-vpc-id": _attachment(lambda i: i.vpc.vpc_id, destination=True),
    "tgw-src-subnet-id": _attachment(lambda i: i.subnet.subnet_id, destination=False),
    "tgw-dst-subnet-id": _attachment(lambda i: i.subnet.subnet_id, destination=True),
    "tgw-src-eni": _attachment(lambda i: i.interface_id, destination=False),
    "tgw-dst-eni": _attachment(lambda i: i.interface_id, destination=True),
    "tgw-src-az-id": _attachment(lambda i: i.subnet.az_id, destination=False),
    "tgw-dst-az-id": _attachment(lambda i: i.subnet.az_id, destination=True),
    "tgw-pair-attachment-id": lambda leg, hop: hop.across.vpc.attachment_id if hop.across else None,
    "packets-lost-no-route": lambda leg, hop: 0,
    "packets-lost-blackhole": lambda leg, hop: 0,
    "packets-lost-mtu-exceeded": lambda leg, hop: 0,
    "packets-lost-ttl-expired": lambda leg, hop: 0,
}

# Where the value stands in a Record, and for which legs.
_OF_RECORD: dict[str, tuple[int, Callable[[Leg], bool]]] = {
    "srcport": (PORT, lambda leg: leg.hop is not None and leg.srcport is None),
    "dstport": (PORT, lambda leg: leg.hop is not None and leg.dstport is None),
    "packets": (PACKETS, lambda leg: leg.hop is not None),
    "bytes": (BYTES, lambda leg: leg.hop is not None),
    "start": (START, lambda leg: True),
    "end": (END, lambda leg: True),
    "tcp-flags": (FLAGS, lambda leg: leg.protocol == TCP),
    "packets-lost-no-route": (PACKETS, lambda leg: leg.lost),
}

# Legal in every record, and never anything else here: no sublocations, no second containers, no container
# instances (all tasks run on Fargate), no regional NAT gateway; groups and ACLs give no reject reason.
NEVER_FILLED = frozenset(
    {
        "sublocation-type",
        "sublocation-id",
        "ecs-container-instance-arn",
        "ecs-container-instance-id",
        "ecs-second-container-id",
        "reject-reason",
        "resource-id",
    }
)
