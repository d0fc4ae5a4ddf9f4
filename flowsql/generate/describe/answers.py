"""The answer to each describe command, in the casing of the AWS CLI.

Output of `aws ec2 describe-*` and `aws elbv2 describe-*`:
https://docs.aws.amazon.com/cli/latest/reference/ec2/ and https://docs.aws.amazon.com/cli/latest/reference/elbv2/
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flowsql.generate.describe.filters import network_acl, security_groups
from flowsql.generate.describe.ids import Json, has_public, of_type
from flowsql.generate.describe.interfaces import interface_answer, nat_gateway, reservation, vpc_endpoints
from flowsql.generate.describe.load_balancers import load_balancer, target_group, target_health
from flowsql.generate.describe.networks import (
    attachment,
    internet_gateway,
    peering,
    route_tables,
    subnet_answer,
    transit_gateway,
    vpc_answer,
)
from flowsql.generate.paths import NAT_GATEWAY
from flowsql.generate.topology import Network
from flowsql.generate.write import whole_file

_AGE_S = 90 * 86_400  # everything has existed for so long when the logs begin


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
        "describe-vpcs": {"Vpcs": [vpc_answer(vpc) for vpc in network.vpcs]},
        "describe-subnets": {"Subnets": [subnet_answer(subnet) for subnet in network.subnets]},
        "describe-network-interfaces": {
            "NetworkInterfaces": [interface_answer(interface, network, created) for interface in interfaces]
        },
        "describe-security-groups": {"SecurityGroups": security_groups(network)},
        "describe-network-acls": {"NetworkAcls": [network_acl(acl, network) for acl in network.acls]},
        "describe-route-tables": {"RouteTables": route_tables(network)},
        "describe-instances": {
            "Reservations": [reservation(i, created) for i in interfaces if i.instance_id]
        },
        "describe-nat-gateways": {
            "NatGateways": [nat_gateway(i, created) for i in of_type(network, NAT_GATEWAY)]
        },
        "describe-internet-gateways": {
            "InternetGateways": [internet_gateway(vpc) for vpc in network.vpcs if has_public(network, vpc)]
        },
        "describe-vpc-endpoints": {"VpcEndpoints": vpc_endpoints(network, created)},
        "describe-vpc-peering-connections": {"VpcPeeringConnections": [peering(network)]},
        "describe-transit-gateways": {"TransitGateways": [transit_gateway(network, created)]},
        "describe-transit-gateway-vpc-attachments": {
            "TransitGatewayVpcAttachments": [
                attachment(vpc, network, created) for vpc in network.vpcs if vpc.attachment_id
            ]
        },
        "describe-flow-logs": {"FlowLogs": [_flow_log(flow_log, created) for flow_log in flow_logs]},
        "elbv2-describe-load-balancers": {"LoadBalancers": [load_balancer(network, created)]},
        "elbv2-describe-target-groups": {"TargetGroups": [target_group(network)]},
        "elbv2-describe-target-health": {"TargetHealthDescriptions": target_health(network)},
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
