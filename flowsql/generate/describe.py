"""The made-up network as AWS's describe-* commands would show it, in the casing of the AWS CLI.

Output of `aws ec2 describe-*` and `aws elbv2 describe-*`:
https://docs.aws.amazon.com/cli/latest/reference/ec2/ and https://docs.aws.amazon.com/cli/latest/reference/elbv2/
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from flowsql.generate.filters import ALL_PROTOCOLS, DEFAULT_RULE, AclEntry, Cidr, GroupRule, NetworkAcl
from flowsql.generate.paths import NAT_GATEWAY, TRANSIT_GATEWAY
from flowsql.generate.topology import ACCOUNT_ID, REGION, Interface, Network, Subnet, Vpc
from flowsql.generate.write import whole_file

_ZONE_NAMES = {"use1-az1": "us-east-1a", "use1-az2": "us-east-1b", "use1-az4": "us-east-1c"}
_S3_PREFIXES = "pl-63a5400a"  # the prefix list of S3 in this Region
_PARTNER = "partner"
_AGE_S = 90 * 86_400  # everything has existed for so long when the logs begin
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FlowLog:
    """A flow log: what it logs, and how. `covers` are the ids of the VPCs or subnets that it logs."""

    flow_log_id: str
    resource_id: str
    traffic_type: str | None
    log_format: str
    interval_s: int
    parquet: bool
    covers: frozenset[str]


def write_description(folder: Path, network: Network, flow_logs: Sequence[FlowLog], start: int) -> None:
    """Write a JSON file for each describe command into `folder`. Raises OutputError when it cannot."""
    for name, content in descriptions(network, flow_logs, start).items():
        with whole_file(folder / f"{name}.json") as file:
            file.write((json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def descriptions(network: Network, flow_logs: Sequence[FlowLog], start: int) -> dict[str, Json]:
    """The answer to each command, by the name of the command."""
    created = datetime.fromtimestamp(max(0, start - _AGE_S), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    interfaces = network.interfaces
    return {
        "describe-vpcs": {"Vpcs": [_vpc(vpc) for vpc in network.vpcs]},
        "describe-subnets": {"Subnets": [_subnet(subnet) for subnet in network.subnets]},
        "describe-network-interfaces": {
            "NetworkInterfaces": [_interface(interface, network, created) for interface in interfaces]
        },
        "describe-security-groups": {"SecurityGroups": _groups(network)},
        "describe-network-acls": {"NetworkAcls": [_acl(acl, network) for acl in network.acls]},
        "describe-route-tables": {"RouteTables": _route_tables(network)},
        "describe-instances": {
            "Reservations": [_reservation(i, created) for i in interfaces if i.instance_id]
        },
        "describe-nat-gateways": {"NatGateways": [_nat(i, created) for i in _of_type(network, NAT_GATEWAY)]},
        "describe-internet-gateways": {
            "InternetGateways": [_internet_gateway(vpc) for vpc in network.vpcs if _has_public(network, vpc)]
        },
        "describe-vpc-endpoints": {"VpcEndpoints": _endpoints(network, created)},
        "describe-vpc-peering-connections": {"VpcPeeringConnections": [_peering(network)]},
        "describe-transit-gateways": {"TransitGateways": [_transit_gateway(network, created)]},
        "describe-transit-gateway-vpc-attachments": {
            "TransitGatewayVpcAttachments": [
                _attachment(vpc, network, created) for vpc in network.vpcs if vpc.attachment_id
            ]
        },
        "describe-flow-logs": {"FlowLogs": [_flow_log(flow_log, created) for flow_log in flow_logs]},
        "elbv2-describe-load-balancers": {"LoadBalancers": [_load_balancer(network, created)]},
        "elbv2-describe-target-groups": {"TargetGroups": [_target_group(network)]},
        "elbv2-describe-target-health": {"TargetHealthDescriptions": _targets(network)},
    }


def _id(prefix: str, *of: object) -> str:
    """An id that is only in the description: always the same for the same things."""
    return f"{prefix}-0{hashlib.sha256(repr(of).encode()).hexdigest()[:16]}"


def _name_tag(name: str) -> list[Json]:
    return [{"Key": "Name", "Value": name}]


def _of_type(network: Network, interface_type: str) -> list[Interface]:
    return [i for i in network.interfaces if i.role.interface_type == interface_type]


def _has_public(network: Network, vpc: Vpc) -> bool:
    return any(i.vpc is vpc and i.subnet.tier == "public" for i in network.interfaces)


def _vpc(vpc: Vpc) -> Json:
    return {
        "CidrBlock": vpc.cidr,
        "State": "available",
        "VpcId": vpc.vpc_id,
        "OwnerId": ACCOUNT_ID,
        "InstanceTenancy": "default",
        "Ipv6CidrBlockAssociationSet": [
            {
                "AssociationId": _id("vpc-cidr-assoc", vpc.vpc_id, 6),
                "Ipv6CidrBlock": vpc.ipv6_cidr,
                "Ipv6CidrBlockState": {"State": "associated"},
            }
        ],
        "CidrBlockAssociationSet": [
            {
                "AssociationId": _id("vpc-cidr-assoc", vpc.vpc_id, 4),
                "CidrBlock": vpc.cidr,
                "CidrBlockState": {"State": "associated"},
            }
        ],
        "IsDefault": False,
        "Tags": _name_tag(vpc.name),
    }


def _subnet(subnet: Subnet) -> Json:
    vpc = subnet.vpc
    return {
        "AvailabilityZone": _ZONE_NAMES[subnet.az_id],
        "AvailabilityZoneId": subnet.az_id,
        "CidrBlock": f"10.{vpc.octet}.{subnet.number}.0/24",
        "Ipv6CidrBlockAssociationSet": [
            {
                "AssociationId": _id("subnet-cidr-assoc", subnet.subnet_id),
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
        "Tags": _name_tag(f"{vpc.name} {subnet.tier} {_ZONE_NAMES[subnet.az_id]}"),
    }


def _interface(interface: Interface, network: Network, created: str) -> Json:
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
        "AvailabilityZone": _ZONE_NAMES[subnet.az_id],
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
        "TagSet": _name_tag(unquote(interface.tag)) if interface.tag else [],
        "VpcId": interface.vpc.vpc_id,
    }


# What the EC2 API calls them, where that differs from `interface`.
_API_TYPES = {"nat_gateway", "transit_gateway", "vpc_endpoint"}


def _interface_attachment(interface: Interface, created: str) -> Json:
    attachment: Json = {
        "AttachTime": created,
        "AttachmentId": _id("eni-attach", interface.interface_id),
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
        return f"ELB app/{role.name}/{_load_balancer_hash(interface.vpc)}"
    if role.interface_type == NAT_GATEWAY:
        return f"Interface for NAT Gateway {_nat_id(interface)}"
    if role.interface_type == TRANSIT_GATEWAY:
        return f"Network Interface for Transit Gateway Attachment {vpc.attachment_id}"
    if role.interface_type == "vpc_endpoint":
        return f"VPC Endpoint Interface {_endpoint_id(vpc)}"
    if role.ecs_service:
        return f"arn:aws:ecs:{REGION}:{ACCOUNT_ID}:attachment/{interface.ecs_task_id}"
    return role.name


def _mac(interface: Interface) -> str:
    digits = hashlib.sha256(interface.interface_id.encode()).hexdigest()[:10]
    return ":".join(["02", *(digits[i : i + 2] for i in range(0, 10, 2))])


def _groups(network: Network) -> list[Json]:
    vpc_of = {vpc.vpc_id: vpc for vpc in network.vpcs}
    return [
        {
            "Description": f"{group.name} of {vpc_of[group.vpc_id].name}",
            "GroupName": group.name,
            "IpPermissions": [_permission(rule) for rule in group.inbound],
            "OwnerId": ACCOUNT_ID,
            "GroupId": group.group_id,
            "IpPermissionsEgress": [_permission(rule) for rule in group.outbound],
            "VpcId": group.vpc_id,
            "SecurityGroupArn": f"arn:aws:ec2:{REGION}:{ACCOUNT_ID}:security-group/{group.group_id}",
        }
        for group in network.groups.values()
    ]


_PROTOCOL_NAMES = {ALL_PROTOCOLS: "-1", 1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6"}


def _permission(rule: GroupRule) -> Json:
    peer = rule.peer
    ipv4 = [{"CidrIp": peer.text}] if isinstance(peer, Cidr) and not peer.ipv6 else []
    ipv6 = [{"CidrIpv6": peer.text}] if isinstance(peer, Cidr) and peer.ipv6 else []
    pairs = [] if isinstance(peer, Cidr) else [{"GroupId": peer.group_id, "UserId": ACCOUNT_ID}]
    ports = {} if rule.protocol == ALL_PROTOCOLS else {"FromPort": rule.first_port, "ToPort": rule.last_port}
    return {
        "IpProtocol": _PROTOCOL_NAMES[rule.protocol],
        **ports,
        "IpRanges": ipv4,
        "Ipv6Ranges": ipv6,
        "PrefixListIds": [],
        "UserIdGroupPairs": pairs,
    }


def _acl(acl: NetworkAcl, network: Network) -> Json:
    subnets = [subnet for subnet in network.subnets if subnet.acl is acl]
    entries = [_entry(entry) for entry in acl.entries]
    for egress in (True, False):
        for number, cidr in (
            (DEFAULT_RULE, {"CidrBlock": "0.0.0.0/0"}),
            (DEFAULT_RULE + 1, {"Ipv6CidrBlock": "::/0"}),
        ):
            entries.append(
                {**cidr, "Egress": egress, "Protocol": "-1", "RuleAction": "deny", "RuleNumber": number}
            )
    return {
        "Associations": [
            {
                "NetworkAclAssociationId": _id("aclassoc", subnet.subnet_id),
                "NetworkAclId": acl.acl_id,
                "SubnetId": subnet.subnet_id,
            }
            for subnet in subnets
        ],
        "Entries": entries,
        "IsDefault": False,
        "NetworkAclId": acl.acl_id,
        "Tags": _name_tag(acl.name),
        "VpcId": acl.vpc_id,
        "OwnerId": ACCOUNT_ID,
    }


def _entry(entry: AclEntry) -> Json:
    shown: Json = {
        ("Ipv6CidrBlock" if entry.cidr.ipv6 else "CidrBlock"): entry.cidr.text,
        "Egress": entry.egress,
        "Protocol": str(entry.protocol),
        "RuleAction": "allow" if entry.allow else "deny",
        "RuleNumber": entry.number,
    }
    if entry.protocol in (6, 17):
        shown["PortRange"] = {"From": entry.first_port, "To": entry.last_port}
    if entry.protocol in (1, 58):
        shown["IcmpTypeCode"] = {"Code": -1, "Type": -1}
    return shown


def _route_tables(network: Network) -> list[Json]:
    tables = []
    for vpc in network.vpcs:
        for tier in dict.fromkeys(subnet.tier for subnet in network.subnets if subnet.vpc is vpc):
            subnets = [s for s in network.subnets if s.vpc is vpc and s.tier == tier]
            table_id = _id("rtb", vpc.vpc_id, tier)
            tables.append(
                {
                    "Associations": [
                        {
                            "Main": False,
                            "RouteTableAssociationId": _id("rtbassoc", subnet.subnet_id),
                            "RouteTableId": table_id,
                            "SubnetId": subnet.subnet_id,
                            "AssociationState": {"State": "associated"},
                        }
                        for subnet in subnets
                    ],
                    "PropagatingVgws": [],
                    "RouteTableId": table_id,
                    "Routes": list(_routes(vpc, tier, network)),
                    "Tags": _name_tag(f"{vpc.name} {tier}"),
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
        peering_id = _peering_id(network)
        yield route("VpcPeeringConnectionId", peering_id, DestinationCidrBlock=partner.cidr)
    if tier == "public" and _has_public(network, vpc):
        yield route("GatewayId", _id("igw", vpc.vpc_id), DestinationCidrBlock="0.0.0.0/0")
        yield route("GatewayId", _id("igw", vpc.vpc_id), DestinationIpv6CidrBlock="::/0")
    elif nat := network.interface_of(NAT_GATEWAY, vpc):
        yield route("NatGatewayId", _nat_id(nat), DestinationCidrBlock="0.0.0.0/0")
    elif vpc.attachment_id:
        yield route("TransitGatewayId", vpc.tgw_id, DestinationCidrBlock="0.0.0.0/0")
    if _endpoint_vpc(network) is vpc:
        yield route("GatewayId", _gateway_endpoint_id(vpc), DestinationPrefixListId=_S3_PREFIXES)


def _peer_of(vpc: Vpc, network: Network) -> Vpc | None:
    prod, partner = network.vpcs[0], next(v for v in network.vpcs if v.name == _PARTNER)
    return {prod.vpc_id: partner, partner.vpc_id: prod}.get(vpc.vpc_id)


def _peering_id(network: Network) -> str:
    return _id("pcx", network.vpcs[0].vpc_id)


def _peering(network: Network) -> Json:
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
        "VpcPeeringConnectionId": _peering_id(network),
    }


def _reservation(interface: Interface, created: str) -> Json:
    assert interface.instance_id
    tags = _name_tag(f"{interface.role.name} {interface.number}")
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
                "Placement": {"AvailabilityZone": _ZONE_NAMES[interface.subnet.az_id], "Tenancy": "default"},
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
        "ReservationId": _id("r", interface.instance_id),
    }


def _nat_id(interface: Interface) -> str:
    return _id("nat", interface.interface_id)


def _nat(interface: Interface, created: str) -> Json:
    return {
        "CreateTime": created,
        "NatGatewayAddresses": [
            {
                "AllocationId": _id("eipalloc", interface.interface_id),
                "NetworkInterfaceId": interface.interface_id,
                "PrivateIp": interface.ipv4,
                "PublicIp": interface.public_ip,
                "IsPrimary": True,
                "Status": "succeeded",
            }
        ],
        "NatGatewayId": _nat_id(interface),
        "State": "available",
        "SubnetId": interface.subnet.subnet_id,
        "VpcId": interface.vpc.vpc_id,
        "Tags": _name_tag(interface.role.name),
        "ConnectivityType": "public",
    }


def _internet_gateway(vpc: Vpc) -> Json:
    return {
        "Attachments": [{"State": "available", "VpcId": vpc.vpc_id}],
        "InternetGatewayId": _id("igw", vpc.vpc_id),
        "OwnerId": ACCOUNT_ID,
        "Tags": _name_tag(vpc.name),
    }


def _endpoint_vpc(network: Network) -> Vpc:
    return _of_type(network, "vpc_endpoint")[0].vpc


def _endpoint_id(vpc: Vpc) -> str:
    return _id("vpce", vpc.vpc_id, "interface")


def _gateway_endpoint_id(vpc: Vpc) -> str:
    return _id("vpce", vpc.vpc_id, "gateway")


def _endpoints(network: Network, created: str) -> list[Json]:
    interfaces, vpc = _of_type(network, "vpc_endpoint"), _endpoint_vpc(network)
    common = {
        "VpcId": vpc.vpc_id,
        "State": "available",
        "RequesterManaged": False,
        "CreationTimestamp": created,
        "OwnerId": ACCOUNT_ID,
    }
    tables = [_id("rtb", vpc.vpc_id, tier) for tier in dict.fromkeys(s.tier for s in network.subnets)]
    groups = interfaces[0].groups
    return [
        {
            "VpcEndpointId": _endpoint_id(vpc),
            "VpcEndpointType": "Interface",
            "ServiceName": f"com.amazonaws.{REGION}.secretsmanager",
            "RouteTableIds": [],
            "SubnetIds": [i.subnet.subnet_id for i in interfaces],
            "NetworkInterfaceIds": [i.interface_id for i in interfaces],
            "Groups": [{"GroupName": group.name, "GroupId": group.group_id} for group in groups],
            **common,
        },
        {
            "VpcEndpointId": _gateway_endpoint_id(vpc),
            "VpcEndpointType": "Gateway",
            "ServiceName": f"com.amazonaws.{REGION}.s3",
            "RouteTableIds": tables,
            "SubnetIds": [],
            "NetworkInterfaceIds": [],
            "Groups": [],
            **common,
        },
    ]


def _transit_gateway(network: Network, created: str) -> Json:
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


def _attachment(vpc: Vpc, network: Network, created: str) -> Json:
    return {
        "TransitGatewayAttachmentId": vpc.attachment_id,
        "TransitGatewayId": vpc.tgw_id,
        "VpcId": vpc.vpc_id,
        "VpcOwnerId": ACCOUNT_ID,
        "State": "available",
        "SubnetIds": [s.subnet_id for s in network.subnets if s.vpc is vpc and s.tier == "transit"],
        "CreationTime": created,
        "Options": {"DnsSupport": "enable", "Ipv6Support": "disable", "ApplianceModeSupport": "disable"},
        "Tags": _name_tag(vpc.name),
    }


def _flow_log(flow_log: FlowLog, created: str) -> Json:
    return {
        "CreationTime": created,
        "DeliverLogsStatus": "SUCCESS",
        "FlowLogId": flow_log.flow_log_id,
        "FlowLogStatus": "ACTIVE",
        "ResourceId": flow_log.resource_id,
        **({"TrafficType": flow_log.traffic_type} if flow_log.traffic_type else {}),
        "LogDestinationType": "s3",
        "LogDestination": "arn:aws:s3:::example-flow-logs",
        "LogFormat": flow_log.log_format,
        "MaxAggregationInterval": flow_log.interval_s,
        "DestinationOptions": {
            "FileFormat": "parquet" if flow_log.parquet else "plain-text",
            "HiveCompatiblePartitions": False,
            "PerHourPartition": False,
        },
        "TagFieldSpecifications": [
            {"ResourceType": kind, "TagKeys": ["purpose", "role"]}
            for kind in ("instance", "network-interface", "auto-scaling-group")
        ],
        "Tags": [],
    }


def _load_balancer_hash(vpc: Vpc) -> str:
    return _id("elb", vpc.vpc_id)[5:]


def _balancer_arn(network: Network, kind: str) -> str:
    vpc = network.vpcs[0]
    return f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT_ID}:{kind}/alb/{_load_balancer_hash(vpc)}"


def _balancers(network: Network) -> list[Interface]:
    return [i for i in network.interfaces if i.role.load_balancer]


def _load_balancer(network: Network, created: str) -> Json:
    interfaces = _balancers(network)
    return {
        "LoadBalancerArn": _balancer_arn(network, "loadbalancer/app"),
        "DNSName": f"alb-1234567890.{REGION}.elb.amazonaws.com",
        "CreatedTime": created,
        "LoadBalancerName": "alb",
        "Scheme": "internet-facing",
        "VpcId": interfaces[0].vpc.vpc_id,
        "State": {"Code": "active"},
        "Type": "application",
        "AvailabilityZones": [
            {
                "ZoneName": _ZONE_NAMES[i.subnet.az_id],
                "SubnetId": i.subnet.subnet_id,
                "LoadBalancerAddresses": [],
            }
            for i in interfaces
        ],
        "SecurityGroups": [group.group_id for group in interfaces[0].groups],
        "IpAddressType": "ipv4",
    }


def _target_group(network: Network) -> Json:
    return {
        "TargetGroupArn": _balancer_arn(network, "targetgroup"),
        "TargetGroupName": "web",
        "Protocol": "HTTP",
        "Port": 8080,
        "VpcId": network.vpcs[0].vpc_id,
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckEnabled": True,
        "HealthCheckIntervalSeconds": 30,
        "HealthCheckTimeoutSeconds": 5,
        "HealthCheckPath": "/",
        "LoadBalancerArns": [_balancer_arn(network, "loadbalancer/app")],
        "TargetType": "instance",
        "IpAddressType": "ipv4",
    }


def _targets(network: Network) -> list[Json]:
    return [
        {
            "Target": {"Id": host.instance_id, "Port": 8080},
            "HealthCheckPort": "8080",
            "TargetHealth": {"State": "healthy"},
        }
        for host in network.hosts["web"]
        if isinstance(host, Interface)
    ]
