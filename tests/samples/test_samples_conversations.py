"""AWS's own examples: what the documentation says of them is what the views say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flowsql.workspace import Workspace

SQL = (
    "select interface_id, client_addr, server_addr, records, bytes_to_server, bytes_to_client, outcome, state"
    " from conversations order by first_time, client_port, interface_id, client_addr"
)
ENI, HOST = "eni-1235b8ca123456789", "eni-1111aaaa2222bbbb3"
EXPECTED: dict[str, list[tuple[Any, ...]]] = {
    # Two connections of which one is closed; later a short one, open and closed in one interval.
    "tcp-flag.log": [
        (ENI, "52.213.180.42", "10.0.0.62", 2, 568, 376, "answered", "S1"),
        (ENI, "52.213.180.42", "10.0.0.62", 4, 23_395_289, 64_020, "answered", "SF"),
        (ENI, "52.213.180.42", "10.0.0.62", 2, 1260, 967, "answered", "SF"),
    ],
    # At the NAT gateway's interface a leg inside and one outside; at the host's own, the connection.
    "nat.log": [
        (HOST, "10.0.1.5", "203.0.113.5", 2, None, None, "answered", None),
        (ENI, "10.0.0.220", "203.0.113.5", 2, None, None, "answered", None),
        (ENI, "10.0.1.5", "203.0.113.5", 2, None, None, "answered", None),
    ],
    # Request and response pass different interfaces of the transit gateway.
    "tgw.log": [
        ("eni-11111111111111111", "10.20.33.164", "10.40.2.236", 1, None, 0, "one-way", "SH"),
        ("eni-22222222222222222", "10.20.33.164", "10.40.2.236", 1, 0, None, "one-way", "SHR"),
        ("eni-33333333333333333", "10.20.33.164", "10.40.2.236", 2, None, None, "answered", "SF"),
    ],
    "traffic-path.log": [(ENI, "10.0.0.71", "52.95.128.179", 2, 471, 15_044, "answered", "SF")],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_conversations_of_the_documentation(shared: Path, workspace: Workspace, name: str) -> None:
    workspace.load([shared / "samples" / "aws-docs-examples" / name])
    rows = [tuple(row.values()) for row in workspace.sql(SQL).read_all().to_pylist()]
    assert rows == EXPECTED[name]


def test_a_regional_nat_gateway_has_a_leg_inside_and_one_outside(
    workspace: Workspace, tmp_path: Path
) -> None:
    log = tmp_path / "regional.log"
    log.write_text(
        "resource-id interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr\n"
        "nat-1234567890abcdef - 10.0.1.5 203.0.113.5 10.0.1.5 203.0.113.5\n"
        "nat-1234567890abcdef - 107.22.182.139 203.0.113.5 107.22.182.139 203.0.113.5\n"
        "nat-1234567890abcdef - 203.0.113.5 107.22.182.139 203.0.113.5 107.22.182.139\n"
        "nat-1234567890abcdef - 203.0.113.5 10.0.1.5 203.0.113.5 10.0.1.5\n"
    )
    workspace.load([log])
    sql = "select capture_point, interface_id, client_addr, records from conversations order by client_addr"
    assert [tuple(row.values()) for row in workspace.sql(sql).read_all().to_pylist()] == [
        ("nat-1234567890abcdef", None, "10.0.1.5", 2),
        ("nat-1234567890abcdef", None, "107.22.182.139", 2),
    ]
