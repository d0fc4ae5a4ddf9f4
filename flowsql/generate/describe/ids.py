"""The ids, names and places that several answers share."""

from __future__ import annotations

import hashlib
from typing import Any

from flowsql.generate.topology import Interface, Network, Vpc

ZONE_NAMES = {"use1-az1": "us-east-1a", "use1-az2": "us-east-1b", "use1-az4": "us-east-1c"}
Json = dict[str, Any]


def made_id(prefix: str, *of: object) -> str:
    """An id that is only in the description: always the same for the same things."""
    return f"{prefix}-0{hashlib.sha256(repr(of).encode()).hexdigest()[:16]}"


def name_tag(name: str) -> list[Json]:
    """The tags of a resource that only has a name."""
    return [{"Key": "Name", "Value": name}]


def of_type(network: Network, interface_type: str) -> list[Interface]:
    """The interfaces of one interface type."""
    return [i for i in network.interfaces if i.role.interface_type == interface_type]


def has_public(network: Network, vpc: Vpc) -> bool:
    """Whether the VPC has an interface in a public subnet."""
    return any(i.vpc is vpc and i.subnet.tier == "public" for i in network.interfaces)


def nat_id(interface: Interface) -> str:
    """The id of the NAT gateway that has the interface."""
    return made_id("nat", interface.interface_id)


def peering_id(network: Network) -> str:
    """The id of the only peering connection."""
    return made_id("pcx", network.vpcs[0].vpc_id)


def endpoint_vpc(network: Network) -> Vpc:
    """The VPC that has the VPC endpoints."""
    return of_type(network, "vpc_endpoint")[0].vpc


def endpoint_id(vpc: Vpc) -> str:
    """The id of the interface endpoint in the VPC."""
    return made_id("vpce", vpc.vpc_id, "interface")


def gateway_endpoint_id(vpc: Vpc) -> str:
    """The id of the gateway endpoint in the VPC."""
    return made_id("vpce", vpc.vpc_id, "gateway")


def load_balancer_hash(vpc: Vpc) -> str:
    """The last part of the ARN of the load balancer in the VPC."""
    return made_id("elb", vpc.vpc_id)[5:]
