"""VPCs, subnets, and what leads from one to the other: routes, gateways, peerings and attachments."""

from __future__ import annotations

from collections.abc import Iterable

from flowsql.generate.describe.ids import (
    ZONE_NAMES,
    Json,
    endpoint_vpc,
    gateway_endpoint_id,
    has_public,
    made_id,
    name_tag,
    nat_id,
    peering_id,
)
from flowsql.generate.paths import NAT_GATEWAY
from flowsql.generate.topology import ACCOUNT_ID, REGION, Network, Subnet, Vpc

_S3_PREFIXES = "pl-63a5400a"  # the prefix list of S3 in this Region
_PARTNER = "partner"


def vpc_answer(vpc: Vpc) -> Json:
    """A VPC with its IPv4 and IPv6 CIDR blocks."""
    return {
        "CidrBlock": vpc.cidr,
        "State": "available",
        "VpcId": vpc.vpc_id,
        "OwnerId": ACCOUNT_ID,
        "InstanceTenancy": "default",
        "Ipv6CidrBlockAssociationSet": [
            {
                "AssociationId": made_id("vpc-cidr-assoc", vpc.vpc_id, 6),
                "Ipv6CidrBlock": vpc.ipv6_cidr,
                "Ipv6CidrBlockState": {"State": "associated"},
            }
        ],
        "CidrBlockAssociationSet": [
            {
                "AssociationId": made_id("vpc-cidr-assoc", vpc.vpc_id, 4),
                "CidrBlock": vpc.cidr,
                "CidrBlockState": {"State": "associated"},
            }
        ],
        "IsDefault": False,
        "Tags": name_tag(vpc.name),
    }


def subnet_answer(subnet: Subnet) -> Json:
    """A subnet with its CIDR blocks and its Availability Zone."""
    vpc = subnet.vpc
    return {
        "AvailabilityZone": ZONE_NAMES[subnet.az_id],
        "AvailabilityZoneId": subnet.az_id,
        "CidrBlock": f"10.{vpc.octet}.{subnet.number}.0/24",
        "Ipv6CidrBlockAssociationSet": [
            {
                "AssociationId": made_id("subnet-cidr-assoc", subnet.subnet_id),
                "Ipv6CidrBlock": f"{vpc.ipv6_prefix}{subnet.number:02x}::/64",
                "Ipv6CidrBlockState": {"State": "associated"},
            }
        ],
        "MapPublicIpOnLaunch": False,
        "OwnerId": ACCOUNT_ID,
        "State": "available",
        "SubnetArn": f"arn:aws:ec2:{REGION}:{ACCOUNT_ID}:subnet/{subnet.subnet_id}",
        "SubnetId": subnet.subnet_id,
        "VpcId": vpc.vpc_id,
        "Tags": name_tag(f"{vpc.name} {subnet.tier} {ZONE_NAMES[subnet.az_id]}"),
    }


def route_tables(network: Network) -> list[Json]:
    """A route table for each tier of each VPC."""
    tables = []
    for vpc in network.vpcs:
        for tier in dict.fromkeys(subnet.tier for subnet in network.subnets if subnet.vpc is vpc):
            subnets = [s for s in network.subnets if s.vpc is vpc and s.tier == tier]
            table_id = made_id("rtb", vpc.vpc_id, tier)
            tables.append(
                {
                    "Associations": [
                        {
                            "Main": False,
                            "RouteTableAssociationId": made_id("rtbassoc", subnet.subnet_id),
                            "RouteTableId": table_id,
                            "SubnetId": subnet.subnet_id,
                            "AssociationState": {"State": "associated"},
                        }
                        for subnet in subnets
                    ],
                    "PropagatingVgws": [],
                    "RouteTableId": table_id,
                    "Routes": list(_routes(vpc, tier, network)),
                    "Tags": name_tag(f"{vpc.name} {tier}"),
                    "VpcId": vpc.vpc_id,
                    "OwnerId": ACCOUNT_ID,
                }
            )
    return tables


def _routes(vpc: Vpc, tier: str, network: Network) -> Iterable[Json]:
    def route(target: str, target_id: str, **destination: str) -> Json:
        return {**destination, target: target_id, "Origin": "CreateRoute", "State": "active"}

    yield {
        "DestinationCidrBlock": vpc.cidr,
        "GatewayId": "local",
        "Origin": "CreateRouteTable",
        "State": "active",
    }
    yield {
        "DestinationIpv6CidrBlock": vpc.ipv6_cidr,
        "GatewayId": "local",
        "Origin": "CreateRouteTable",
        "State": "active",
    }
    if vpc.attachment_id:
        yield route("TransitGatewayId", vpc.tgw_id, DestinationCidrBlock="10.0.0.0/8")
    if partner := _peer_of(vpc, network):
        yield route("VpcPeeringConnectionId", peering_id(network), DestinationCidrBlock=partner.cidr)
    if tier == "public" and has_public(network, vpc):
        yield route("GatewayId", made_id("igw", vpc.vpc_id), DestinationCidrBlock="0.0.0.0/0")
        yield route("GatewayId", made_id("igw", vpc.vpc_id), DestinationIpv6CidrBlock="::/0")
    elif nat := network.interface_of(NAT_GATEWAY, vpc):
        yield route("NatGatewayId", nat_id(nat), DestinationCidrBlock="0.0.0.0/0")
    elif vpc.attachment_id:
        yield route("TransitGatewayId", vpc.tgw_id, DestinationCidrBlock="0.0.0.0/0")
    if endpoint_vpc(network) is vpc:
        yield route("GatewayId", gateway_endpoint_id(vpc), DestinationPrefixListId=_S3_PREFIXES)


def _peer_of(vpc: Vpc, network: Network) -> Vpc | None:
    prod, partner = network.vpcs[0], next(v for v in network.vpcs if v.name == _PARTNER)
    return {prod.vpc_id: partner, partner.vpc_id: prod}.get(vpc.vpc_id)


def peering(network: Network) -> Json:
    """The peering connection between the first VPC and its partner."""
    prod = network.vpcs[0]
    partner = _peer_of(prod, network)
    assert partner

    def side(vpc: Vpc) -> Json:
        return {"CidrBlock": vpc.cidr, "OwnerId": ACCOUNT_ID, "VpcId": vpc.vpc_id, "Region": REGION}

    return {
        "AccepterVpcInfo": side(partner),
        "RequesterVpcInfo": side(prod),
        "Status": {"Code": "active", "Message": "Active"},
        "Tags": [],
        "VpcPeeringConnectionId": peering_id(network),
    }


def internet_gateway(vpc: Vpc) -> Json:
    """The internet gateway of the VPC."""
    return {
        "Attachments": [{"State": "available", "VpcId": vpc.vpc_id}],
        "InternetGatewayId": made_id("igw", vpc.vpc_id),
        "OwnerId": ACCOUNT_ID,
        "Tags": name_tag(vpc.name),
    }


def transit_gateway(network: Network, created: str) -> Json:
    """The transit gateway that joins the VPCs."""
    tgw_id = network.vpcs[0].tgw_id
    return {
        "TransitGatewayId": tgw_id,
        "TransitGatewayArn": f"arn:aws:ec2:{REGION}:{ACCOUNT_ID}:transit-gateway/{tgw_id}",
        "State": "available",
        "OwnerId": ACCOUNT_ID,
        "CreationTime": created,
        "Options": {"AmazonSideAsn": 64512, "DnsSupport": "enable", "VpnEcmpSupport": "enable"},
        "Tags": [],
    }


def attachment(vpc: Vpc, network: Network, created: str) -> Json:
    """The attachment of the VPC to the transit gateway."""
    return {
        "TransitGatewayAttachmentId": vpc.attachment_id,
        "TransitGatewayId": vpc.tgw_id,
        "VpcId": vpc.vpc_id,
        "VpcOwnerId": ACCOUNT_ID,
        "State": "available",
        "SubnetIds": [s.subnet_id for s in network.subnets if s.vpc is vpc and s.tier == "transit"],
        "CreationTime": created,
        "Options": {"DnsSupport": "enable", "Ipv6Support": "disable", "ApplianceModeSupport": "disable"},
        "Tags": name_tag(vpc.name),
    }
