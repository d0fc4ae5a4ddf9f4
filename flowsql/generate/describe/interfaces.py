"""Network interfaces, and what has them: instances, NAT gateways and VPC endpoints."""

from __future__ import annotations

import hashlib
from urllib.parse import unquote

from flowsql.generate.describe.ids import (
    ZONE_NAMES,
    Json,
    endpoint_id,
    endpoint_vpc,
    gateway_endpoint_id,
    load_balancer_hash,
    made_id,
    name_tag,
    nat_id,
    of_type,
)
from flowsql.generate.paths import NAT_GATEWAY, TRANSIT_GATEWAY
from flowsql.generate.topology import ACCOUNT_ID, REGION, Interface, Network

# What the EC2 API calls them, where that differs from `interface`.
_API_TYPES = {"nat_gateway", "transit_gateway", "vpc_endpoint"}


def interface_answer(interface: Interface, network: Network, created: str) -> Json:
    """A network interface with its addresses, groups and attachment."""
    role, subnet = interface.role, interface.subnet
    association: Json = {}
    if interface.public_ip:
        association = {
            "Association": {
                "IpOwnerId": ACCOUNT_ID,
                "PublicDnsName": f"ec2-{interface.public_ip.replace('.', '-')}.compute-1.amazonaws.com",
                "PublicIp": interface.public_ip,
            }
        }
    timeout = {"TcpEstablishedTimeout": role.idle_timeout_s} if role.idle_timeout_s else {}
    return {
        **association,
        **({"ConnectionTrackingConfiguration": timeout} if timeout else {}),
        "Attachment": _interface_attachment(interface, created),
        "AvailabilityZone": ZONE_NAMES[subnet.az_id],
        "AvailabilityZoneId": subnet.az_id,
        "Description": _purpose(interface),
        "Groups": [{"GroupName": group.name, "GroupId": group.group_id} for group in interface.groups],
        "InterfaceType": role.interface_type if role.interface_type in _API_TYPES else "interface",
        "Ipv6Addresses": [{"Ipv6Address": interface.ipv6}],
        "MacAddress": _mac(interface),
        "NetworkInterfaceId": interface.interface_id,
        "OwnerId": ACCOUNT_ID,
        "PrivateIpAddress": interface.ipv4,
        "PrivateIpAddresses": [
            {**(association if primary else {}), "Primary": primary, "PrivateIpAddress": address}
            for primary, address in [(True, interface.ipv4), *((False, a) for a in interface.secondary)]
        ],
        "RequesterId": ACCOUNT_ID if role.has_instance else "amazon-aws",
        "RequesterManaged": not role.has_instance,
        "SourceDestCheck": role.interface_type is None or role.interface_type == "vpc_endpoint",
        "Status": "in-use",
        "SubnetId": subnet.subnet_id,
        "TagSet": name_tag(unquote(interface.tag)) if interface.tag else [],
        "VpcId": interface.vpc.vpc_id,
    }


def _interface_attachment(interface: Interface, created: str) -> Json:
    attachment: Json = {
        "AttachTime": created,
        "AttachmentId": made_id("eni-attach", interface.interface_id),
        "DeleteOnTermination": interface.instance_id is not None,
        "DeviceIndex": 0,
        "InstanceOwnerId": ACCOUNT_ID if interface.instance_id else "amazon-aws",
        "Status": "attached",
    }
    return attachment | ({"InstanceId": interface.instance_id} if interface.instance_id else {})


def _purpose(interface: Interface) -> str:
    """The description that AWS itself writes for the interfaces of its services."""
    role, vpc = interface.role, interface.vpc
    if role.load_balancer:
        return f"ELB app/{role.name}/{load_balancer_hash(interface.vpc)}"
    if role.interface_type == NAT_GATEWAY:
        return f"Interface for NAT Gateway {nat_id(interface)}"
    if role.interface_type == TRANSIT_GATEWAY:
        return f"Network Interface for Transit Gateway Attachment {vpc.attachment_id}"
    if role.interface_type == "vpc_endpoint":
        return f"VPC Endpoint Interface {endpoint_id(vpc)}"
    if role.ecs_service:
        return f"arn:aws:ecs:{REGION}:{ACCOUNT_ID}:attachment/{interface.ecs_task_id}"
    return role.name


def _mac(interface: Interface) -> str:
    digits = hashlib.sha256(interface.interface_id.encode()).hexdigest()[:10]
    return ":".join(["02", *(digits[i : i + 2] for i in range(0, 10, 2))])


def reservation(interface: Interface, created: str) -> Json:
    """The reservation of one instance, with the instance in it."""
    assert interface.instance_id
    tags = name_tag(f"{interface.role.name} {interface.number}")
    if interface.asg_tag:
        tags.append({"Key": "aws:autoscaling:groupName", "Value": unquote(interface.asg_tag)})
    groups = [{"GroupName": group.name, "GroupId": group.group_id} for group in interface.groups]
    return {
        "Groups": [],
        "Instances": [
            {
                "ImageId": "ami-0abcdef1234567890",
                "InstanceId": interface.instance_id,
                "InstanceType": "m7i.large" if interface.role.idle_timeout_s is None else "m8i.large",
                "LaunchTime": created,
                "Placement": {"AvailabilityZone": ZONE_NAMES[interface.subnet.az_id], "Tenancy": "default"},
                "PrivateIpAddress": interface.ipv4,
                **({"PublicIpAddress": interface.public_ip} if interface.public_ip else {}),
                "State": {"Code": 16, "Name": "running"},
                "SubnetId": interface.subnet.subnet_id,
                "VpcId": interface.vpc.vpc_id,
                "NetworkInterfaces": [{"NetworkInterfaceId": interface.interface_id}],
                "SecurityGroups": groups,
                "Tags": tags,
            }
        ],
        "OwnerId": ACCOUNT_ID,
        "ReservationId": made_id("r", interface.instance_id),
    }


def nat_gateway(interface: Interface, created: str) -> Json:
    """The NAT gateway that has the interface."""
    return {
        "CreateTime": created,
        "NatGatewayAddresses": [
            {
                "AllocationId": made_id("eipalloc", interface.interface_id),
                "NetworkInterfaceId": interface.interface_id,
                "PrivateIp": interface.ipv4,
                "PublicIp": interface.public_ip,
                "IsPrimary": True,
                "Status": "succeeded",
            }
        ],
        "NatGatewayId": nat_id(interface),
        "State": "available",
        "SubnetId": interface.subnet.subnet_id,
        "VpcId": interface.vpc.vpc_id,
        "Tags": name_tag(interface.role.name),
        "ConnectivityType": "public",
    }


def vpc_endpoints(network: Network, created: str) -> list[Json]:
    """The interface endpoint and the gateway endpoint."""
    interfaces, vpc = of_type(network, "vpc_endpoint"), endpoint_vpc(network)
    common = {
        "VpcId": vpc.vpc_id,
        "State": "available",
        "RequesterManaged": False,
        "CreationTimestamp": created,
        "OwnerId": ACCOUNT_ID,
    }
    tables = [made_id("rtb", vpc.vpc_id, tier) for tier in dict.fromkeys(s.tier for s in network.subnets)]
    groups = interfaces[0].groups
    return [
        {
            "VpcEndpointId": endpoint_id(vpc),
            "VpcEndpointType": "Interface",
            "ServiceName": f"com.amazonaws.{REGION}.secretsmanager",
            "RouteTableIds": [],
            "SubnetIds": [i.subnet.subnet_id for i in interfaces],
            "NetworkInterfaceIds": [i.interface_id for i in interfaces],
            "Groups": [{"GroupName": group.name, "GroupId": group.group_id} for group in groups],
            **common,
        },
        {
            "VpcEndpointId": gateway_endpoint_id(vpc),
            "VpcEndpointType": "Gateway",
            "ServiceName": f"com.amazonaws.{REGION}.s3",
            "RouteTableIds": tables,
            "SubnetIds": [],
            "NetworkInterfaceIds": [],
            "Groups": [],
            **common,
        },
    ]
