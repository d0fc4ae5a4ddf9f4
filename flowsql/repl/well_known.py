"""Values that AWS documents, and names of numbers, so that they are offered before any record has them.

https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping

from flowsql.logformat.fields import DISTINCT_FIELDS

# Columns whose values are written in quotes: those of `records`, and what the views add.
TEXT_COLUMNS = frozenset(
    {field.column for field in DISTINCT_FIELDS if field.type == "string"}
    | {"protocol_name", "flags", "flag_role", "flow_log_id", "name", "state", "reason", "extra"}
)
STATED_VALUES: Mapping[str, tuple[str, ...]] = {
    "action": ("ACCEPT", "REJECT"),
    "log_status": ("OK", "NODATA", "SKIPDATA"),
    "flow_direction": ("ingress", "egress"),
    "type": ("IPv4", "IPv6", "EFA"),
    "flag_role": ("client", "server"),
    "traffic_path": ("1", "2", "3", "4", "5", "6", "7", "8"),
    "reject_reason": ("BPA", "EC"),
    "protocol": ("6", "17", "1", "58"),
}
# Columns that have the values of another one, whose statistics are kept.
VALUES_AS: Mapping[str, str] = {
    "pkt_srcaddr": "srcaddr",
    "pkt_dstaddr": "dstaddr",
    "srcport": "dstport",
    "tgw_src_vpc_id": "vpc_id",
    "tgw_dst_vpc_id": "vpc_id",
    "tgw_src_subnet_id": "subnet_id",
    "tgw_dst_subnet_id": "subnet_id",
}


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
    "dstport": _PORTS,
    "srcport": _PORTS,
    "protocol": _PROTOCOLS,
    "traffic_path": _PATHS,
}
