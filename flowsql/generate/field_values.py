"""What stands in each field of a record: fixed by the record's leg, or taken from the record itself.

Meanings: https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html and
https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from flowsql.generate.relations import Leg
from flowsql.generate.services import TCP
from flowsql.generate.topology import ACCOUNT_ID, REGION, Host, Interface, Remote
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
    transit = is_transit(fields)
    return [_column(field, version, transit) for field in fields]


def is_transit(fields: Sequence[Field]) -> bool:
    """Whether it is a transit gateway that logs these fields: one of them exists only there."""
    return any(field.family == TGW for field in fields)


def _column(field: Field, version: int, transit: bool) -> Column:
    name = field.name
    if name == "version":
        return Column(field, lambda leg: version)
    if name in _OF_INTERFACE:
        of_interface = _OF_INTERFACE[name]
        return Column(field, lambda leg: of_interface(leg.interface))
    if name == "log-status":
        return Column(field, lambda leg: leg.status)
    of_flow = _OF_FLOW.get(name, _absent)
    if name == "flow-direction" and transit:
        # What leaves an interface enters the transit gateway.
        of_flow = _direction_at_gateway
    place, varies = _OF_RECORD.get(name, (None, _never))
    return Column(field, lambda leg: _of_flow(of_flow, leg), place, varies)


def _of_flow(value_of: Callable[[Leg, Host, Host], Value], leg: Leg) -> Value:
    # NODATA and SKIPDATA records keep what describes the interface and have nothing about a flow.
    return None if leg.src is None or leg.dst is None else value_of(leg, leg.src, leg.dst)


def _absent(leg: Leg, src: Host, dst: Host) -> Value:
    return None


def _direction_at_gateway(leg: Leg, src: Host, dst: Host) -> Value:
    return "ingress" if leg.egress else "egress"


def _address(host: Host, leg: Leg) -> str:
    return host.ipv6 if leg.ipv6 else host.ipv4


def _aws_service(host: Host) -> Value:
    return host.aws_service if isinstance(host, Remote) else None


def _traffic_path(leg: Leg, src: Host, dst: Host) -> Value:
    """1 within the VPC, 4 peering, 7 gateway endpoint, 8 internet gateway; absent on ingress."""
    if not leg.egress:
        return None
    if isinstance(dst, Interface):
        return 1 if src.vpc is dst.vpc else 4
    return 7 if dst.aws_service == "S3" else 8


def _encryption(leg: Leg, src: Host, dst: Host) -> Value:
    """0 clear, 1 by Nitro between instances, 2 by the application at an endpoint; absent if rejected."""
    if not leg.accepted:
        return None
    if not isinstance(src, Interface) or not isinstance(dst, Interface):
        return 0
    return 2 if "vpc_endpoint" in (src.role.interface_type, dst.role.interface_type) else 1


def _next_hop(value_of: Callable[[Interface], Value]) -> Callable[[Leg, Host, Host], Value]:
    def of_flow(leg: Leg, src: Host, dst: Host) -> Value:
        peer = dst if leg.egress else src
        return value_of(peer) if isinstance(peer, Interface) else None

    return of_flow


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
    "tgw-id": lambda i: i.vpc.attachment.tgw_id,
    "tgw-attachment-id": lambda i: i.vpc.attachment.attachment_id,
}

_OF_FLOW: dict[str, Callable[[Leg, Host, Host], Value]] = {
    "srcaddr": lambda leg, src, dst: _address(src, leg),
    "dstaddr": lambda leg, src, dst: _address(dst, leg),
    "srcport": lambda leg, src, dst: leg.srcport,
    "dstport": lambda leg, src, dst: leg.dstport,
    "protocol": lambda leg, src, dst: leg.protocol,
    "action": lambda leg, src, dst: "ACCEPT" if leg.accepted else "REJECT",
    "tcp-flags": lambda leg, src, dst: 0,
    "type": lambda leg, src, dst: "IPv6" if leg.ipv6 else "IPv4",
    "pkt-srcaddr": lambda leg, src, dst: _address(src, leg),
    "pkt-dstaddr": lambda leg, src, dst: _address(dst, leg),
    "pkt-src-aws-service": lambda leg, src, dst: _aws_service(src),
    "pkt-dst-aws-service": lambda leg, src, dst: _aws_service(dst),
    "flow-direction": lambda leg, src, dst: "egress" if leg.egress else "ingress",
    "traffic-path": _traffic_path,
    "encryption-status": _encryption,
    "next-hop-interface-id": _next_hop(lambda i: i.interface_id),
    "next-hop-subnet-id": _next_hop(lambda i: i.subnet.subnet_id),
    "next-hop-az-id": _next_hop(lambda i: i.subnet.az_id),
    "next-hop-vpc-id": _next_hop(lambda i: i.vpc.vpc_id),
    "next-hop-interface-type": _next_hop(lambda i: i.role.interface_type),
    "tgw-src-vpc-account-id": lambda leg, src, dst: ACCOUNT_ID,
    "tgw-dst-vpc-account-id": lambda leg, src, dst: ACCOUNT_ID,
    "tgw-src-vpc-id": lambda leg, src, dst: src.vpc.vpc_id,
    "tgw-dst-vpc-id": lambda leg, src, dst: dst.vpc.vpc_id,
    "tgw-src-subnet-id": lambda leg, src, dst: src.vpc.attachment.subnet_id,
    "tgw-dst-subnet-id": lambda leg, src, dst: dst.vpc.attachment.subnet_id,
    "tgw-src-eni": lambda leg, src, dst: src.vpc.attachment.interface_id,
    "tgw-dst-eni": lambda leg, src, dst: dst.vpc.attachment.interface_id,
    "tgw-src-az-id": lambda leg, src, dst: src.vpc.attachment.az_id,
    "tgw-dst-az-id": lambda leg, src, dst: dst.vpc.attachment.az_id,
    "tgw-pair-attachment-id": lambda leg, src, dst: (dst if leg.egress else src).vpc.attachment.attachment_id,
    "packets-lost-no-route": lambda leg, src, dst: 0,
    "packets-lost-blackhole": lambda leg, src, dst: 0,
    "packets-lost-mtu-exceeded": lambda leg, src, dst: 0,
    "packets-lost-ttl-expired": lambda leg, src, dst: 0,
}

# Where the value stands in a Record, and for which legs: a transit gateway has no filters, so what they
# block elsewhere finds no route there.
_OF_RECORD: dict[str, tuple[int, Callable[[Leg], bool]]] = {
    "srcport": (PORT, lambda leg: leg.src is not None and leg.srcport is None),
    "dstport": (PORT, lambda leg: leg.src is not None and leg.dstport is None),
    "packets": (PACKETS, lambda leg: leg.src is not None),
    "bytes": (BYTES, lambda leg: leg.src is not None),
    "start": (START, lambda leg: True),
    "end": (END, lambda leg: True),
    "tcp-flags": (FLAGS, lambda leg: leg.protocol == TCP),
    "packets-lost-no-route": (PACKETS, lambda leg: not leg.accepted),
}

# Legal in every record, and never anything else here: no sublocations, no second containers, no container
# instances (all tasks run on Fargate), no regional NAT gateway; security groups give no reject reason.
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
