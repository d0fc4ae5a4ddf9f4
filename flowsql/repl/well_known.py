"""Values that AWS documents, and names of numbers, so that they are offered before any record has them.

https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping

from flowsql.logformat.fields import DISTINCT_FIELDS

# What the views say in columns of their own.
VIEW_VALUES: Mapping[str, tuple[str, ...]] = {
    "direction": ("egress", "ingress"),
    "src_scope": ("vpc", "private", "aws", "internet", "special"),
    "dst_scope": ("vpc", "private", "aws", "internet", "special"),
    "second_view_of": ("flow log", "leg", "sender", "receiver", "vpc"),
    "reject_kind": ("attempt", "stray", "unknown"),
    "kind": ("attempt", "late", "expired", "backscatter", "reply", "unknown"),
    "outcome": ("answered", "silent", "refused by host", "rejected", "one-way", "not decidable"),
    "evidence": ("syn", "syn-ack", "paired", "known-service", "fan-in", "port-guess", "unknown"),
    "sender_role": ("client", "server"),
}
STATED_VALUES: Mapping[str, tuple[str, ...]] = {
    "action": ("ACCEPT", "REJECT"),
    "log_status": ("OK", "NODATA", "SKIPDATA"),
    "flow_direction": ("ingress", "egress"),
    "type": ("IPv4", "IPv6", "EFA"),
    "flag_role": ("client", "server"),
    "traffic_path": ("1", "2", "3", "4", "5", "6", "7", "8"),
    "reject_reason": ("BPA", "EC"),
    "protocol": ("6", "17", "1", "58"),
    **VIEW_VALUES,
}
# Columns that have the values of another one, whose statistics are kept.
VALUES_AS: Mapping[str, str] = {
    "pkt_srcaddr": "srcaddr",
    "pkt_dstaddr": "dstaddr",
    "srcport": "dstport",
    "client_addr": "srcaddr",
    "server_addr": "dstaddr",
    "local_addr": "srcaddr",
    "remote_addr": "dstaddr",
    "client_port": "dstport",
    "server_port": "dstport",
    "local_port": "dstport",
    "remote_port": "dstport",
    "capture_point": "interface_id",
    "other_interface": "interface_id",
    "tgw_src_vpc_id": "vpc_id",
    "tgw_dst_vpc_id": "vpc_id",
    "tgw_src_subnet_id": "subnet_id",
    "tgw_dst_subnet_id": "subnet_id",
}
# Columns whose values are written in quotes: those of `records`, and what the views add.
_RECORD_TEXTS = {field.column for field in DISTINCT_FIELDS if field.type == "string"}
TEXT_COLUMNS = frozenset(
    {
        *_RECORD_TEXTS,
        *VIEW_VALUES,
        *(column for column, other in VALUES_AS.items() if other in _RECORD_TEXTS),
        *("protocol_name", "flags", "flag_role", "flow_log_id", "name", "state", "reason", "extra"),
    }
)


_NAMED_PORTS = """
20 21 22 23 25 53 67 68 80 88 110 123 135 137 139 143 161 179 389 443 445 465 514 587 636 873 993 995
1433 1521 2049 3306 3389 5432 5671 5672 6379 8080 8443 9092 9200 11211 27017
"""


def _port_names() -> dict[str, str]:
    """Port -> what the system's services file calls it."""
    names = {}
    for port in _NAMED_PORTS.split():
        with contextlib.suppress(OSError):
            names[port] = socket.getservbyport(int(port))
    return names


_PORTS = _port_names()
_PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "47": "gre", "50": "esp", "58": "ipv6-icmp"}
# https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html, traffic-path
_PATHS = {
    "1": "another resource in the VPC",
    "2": "internet gateway or gateway endpoint",
    "3": "virtual private gateway",
    "4": "VPC peering within the Region",
    "5": "VPC peering across Regions",
    "6": "Local Zone or Wavelength Zone",
    "7": "gateway VPC endpoint",
    "8": "internet gateway",
}
NUMBER_NAMES: Mapping[str, Mapping[str, str]] = {
    **dict.fromkeys(
        ("dstport", "srcport", "client_port", "server_port", "local_port", "remote_port"), _PORTS
    ),
    "protocol": _PROTOCOLS,
    "traffic_path": _PATHS,
}
