"""The application load balancer and its targets."""

from __future__ import annotations

from flowsql.generate.describe.ids import ZONE_NAMES, Json, load_balancer_hash
from flowsql.generate.topology import ACCOUNT_ID, REGION, Interface, Network


def _balancers(network: Network) -> list[Interface]:
    return [i for i in network.interfaces if i.role.load_balancer]


def _balancer_arn(network: Network, kind: str) -> str:
    vpc = network.vpcs[0]
    return f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT_ID}:{kind}/alb/{load_balancer_hash(vpc)}"


def load_balancer(network: Network, created: str) -> Json:
    """The load balancer in front of the web servers."""
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
                "ZoneName": ZONE_NAMES[i.subnet.az_id],
                "SubnetId": i.subnet.subnet_id,
                "LoadBalancerAddresses": [],
            }
            for i in interfaces
        ],
        "SecurityGroups": [group.group_id for group in interfaces[0].groups],
        "IpAddressType": "ipv4",
    }


def target_group(network: Network) -> Json:
    """Its target group."""
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


def target_health(network: Network) -> list[Json]:
    """The web servers as targets, all of them healthy."""
    return [
        {
            "Target": {"Id": host.instance_id, "Port": 8080},
            "HealthCheckPort": "8080",
            "TargetHealth": {"State": "healthy"},
        }
        for host in network.hosts["web"]
        if isinstance(host, Interface)
    ]
