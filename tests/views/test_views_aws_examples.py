"""What the views make of the example records of AWS's documentation, loaded as they stand there.

https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowsql.workspace import Workspace

Asked = Callable[[str, str], list[tuple[Any, ...]]]

DEFAULT = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action"
    " log-status"
)
FLAGS = (
    "version vpc-id subnet-id instance-id interface-id account-id type srcaddr dstaddr srcport dstport"
    " pkt-srcaddr pkt-dstaddr protocol bytes packets start end action tcp-flags log-status"
)
PLACE = "3 vpc-abcdefab012345678 subnet-aaaaaaaa012345678 i-01234567890123456 eni-1235b8ca123456789 123456789010 IPv4"
SEQUENCE = f"""\
{FLAGS}
{PLACE} 52.213.180.42 10.0.0.62 43416 5001 52.213.180.42 10.0.0.62 6 568 8 1566848875 1566848933 ACCEPT 2 OK
{PLACE} 10.0.0.62 52.213.180.42 5001 43416 10.0.0.62 52.213.180.42 6 376 7 1566848875 1566848933 ACCEPT 18 OK
{PLACE} 52.213.180.42 10.0.0.62 43418 5001 52.213.180.42 10.0.0.62 6 100701 70 1566848875 1566848933 ACCEPT 2 OK
{PLACE} 10.0.0.62 52.213.180.42 5001 43418 10.0.0.62 52.213.180.42 6 632 12 1566848875 1566848933 ACCEPT 18 OK
{PLACE} 10.0.0.62 52.213.180.42 5001 43418 10.0.0.62 52.213.180.42 6 63388 1219 1566848933 1566849113 ACCEPT 1 OK
{PLACE} 52.213.180.42 10.0.0.62 43418 5001 52.213.180.42 10.0.0.62 6 23294588 15774 1566848933 1566849113 ACCEPT 1 OK
"""
SHORT = f"""\
{FLAGS}
{PLACE} 52.213.180.42 10.0.0.62 43638 5001 52.213.180.42 10.0.0.62 6 1260 17 1566933133 1566933193 ACCEPT 3 OK
{PLACE} 10.0.0.62 52.213.180.42 5001 43638  10.0.0.62 52.213.180.42 6 967 14 1566933133 1566933193 ACCEPT 19 OK
"""
PING = "2 123456789010 eni-1235b8ca123456789"
LET_IN = f"{PING} 203.0.113.12 172.31.16.139 0 0 1 4 336 1432917027 1432917142 ACCEPT OK"
KEPT_OUT = f"{PING} 203.0.113.12 172.31.16.139 0 0 1 4 336 1432917027 1432917142 REJECT OK"
REPLY = f"{PING} 172.31.16.139 203.0.113.12 0 0 1 4 336 1432917094 1432917142"
# The examples of NAT and transit gateways have neither times nor bytes.
NAT = """\
instance-id interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes
- eni-1235b8ca123456789 10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5 100
- eni-1235b8ca123456789 10.0.0.220 203.0.113.5 10.0.0.220 203.0.113.5 100
- eni-1235b8ca123456789 203.0.113.5 10.0.0.220 203.0.113.5 10.0.0.220 7
- eni-1235b8ca123456789 10.0.0.220 10.0.1.5 203.0.113.5 10.0.1.5 7
i-01234567890123456 eni-1111aaaa2222bbbb3 10.0.1.5 203.0.113.5 10.0.1.5 203.0.113.5 100
i-01234567890123456 eni-1111aaaa2222bbbb3 203.0.113.5 10.0.1.5 203.0.113.5 10.0.1.5 7
"""
REGIONAL_NAT = """\
resource-id instance-id interface-id subnet-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes
nat-1234567890abcdef - - - 10.0.1.5 203.0.113.5 10.0.1.5 203.0.113.5 100
nat-1234567890abcdef - - - 107.22.182.139 203.0.113.5 107.22.182.139 203.0.113.5 100
nat-1234567890abcdef - - - 203.0.113.5 107.22.182.139 203.0.113.5 107.22.182.139 7
nat-1234567890abcdef - - - 203.0.113.5 10.0.1.5 203.0.113.5 10.0.1.5 7
- i-01234567890123456 eni-1111aaaa2222bbbb3 subnet-aaaaaaaa012345678 10.0.1.5 203.0.113.5 10.0.1.5 203.0.113.5 100
- i-01234567890123456 eni-1111aaaa2222bbbb3 subnet-aaaaaaaa012345678 203.0.113.5 10.0.1.5 203.0.113.5 10.0.1.5 7
"""
VPC = "123456789010 vpc-abcdefab012345678"
TRANSIT_GATEWAY = f"""\
version interface-id account-id vpc-id subnet-id instance-id srcaddr dstaddr srcport dstport protocol tcp-flags type \
pkt-srcaddr pkt-dstaddr action log-status bytes
3 eni-33333333333333333 {VPC} subnet-22222222bbbbbbbbb i-01234567890123456 10.20.33.164 10.40.2.236 39812 80 6 3 IPv4 \
10.20.33.164 10.40.2.236 ACCEPT OK 100
3 eni-33333333333333333 {VPC} subnet-22222222bbbbbbbbb i-01234567890123456 10.40.2.236 10.20.33.164 80 39812 6 19 IPv4 \
10.40.2.236 10.20.33.164 ACCEPT OK 7
3 eni-11111111111111111 {VPC} subnet-11111111aaaaaaaaa - 10.40.1.175 10.40.2.236 39812 80 6 3 IPv4 \
10.20.33.164 10.40.2.236 ACCEPT OK 100
3 eni-22222222222222222 {VPC} subnet-22222222bbbbbbbbb - 10.40.2.236 10.40.2.31 80 39812 6 19 IPv4 \
10.40.2.236 10.20.33.164 ACCEPT OK 7
"""


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    """The rows that SQL gives of a log's text."""

    def rows(log: str, sql: str) -> list[tuple[Any, ...]]:
        path = tmp_path / "example.log"
        path.write_text(log)
        with Workspace(tmp_path / "store") as workspace:
            workspace.load([path])
            return [tuple(row.values()) for row in workspace.sql(sql).read_all().to_pylist()]

    return rows


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param(
            SEQUENCE,
            [
                ("52.213.180.42", 43416, "10.0.0.62", 5001, 568, 376, "answered", "S1", "syn"),
                ("52.213.180.42", 43418, "10.0.0.62", 5001, 23395289, 64020, "answered", "SF", "syn"),
            ],
            id="two connections, of which one closes",
        ),
        pytest.param(
            SHORT,
            [("52.213.180.42", 43638, "10.0.0.62", 5001, 1260, 967, "answered", "SF", "syn")],
            id="a short one that closes in the same interval",
        ),
    ],
)
def test_flags_tell_conversations(asked: Asked, log: str, expected: list[tuple[Any, ...]]) -> None:
    sql = """
        select client_addr, client_port, server_addr, server_port, bytes_to_server, bytes_to_client, outcome,
            state, evidence
        from conversations
        order by all
    """
    assert asked(log, sql) == expected


@pytest.mark.parametrize(
    ("records", "conversation", "rejection"),
    [
        ([LET_IN, f"{REPLY} ACCEPT OK"], ("ACCEPT", "answered"), []),
        ([LET_IN, f"{REPLY} REJECT OK"], ("MIXED", "rejected"), [("172.31.16.139", "network-acl", "likely")]),
        (
            [KEPT_OUT],
            ("REJECT", "rejected"),
            [("203.0.113.12", "security-group-or-network-acl", "not decidable")],
        ),
    ],
    ids=["allowed", "the network ACL keeps the reply in", "the security group keeps it out"],
)
def test_ping_has_three_diagnoses(
    asked: Asked, records: list[str], conversation: tuple[str, str], rejection: list[tuple[str, str]]
) -> None:
    log = "\n".join([DEFAULT, *records])
    assert asked(log, "select action, outcome from conversations") == [conversation]
    assert asked(log, "select srcaddr, filter, certainty from rejections") == rejection


@pytest.mark.parametrize(
    ("log", "conversations"),
    [
        (NAT, [("eni-1111aaaa2222bbbb3", 2), ("eni-1235b8ca123456789", 2), ("eni-1235b8ca123456789", 2)]),
        (REGIONAL_NAT, [("eni-1111aaaa2222bbbb3", 2), (None, 2), (None, 2)]),
        (
            TRANSIT_GATEWAY,
            [("eni-11111111111111111", 1), ("eni-22222222222222222", 1), ("eni-33333333333333333", 2)],
        ),
    ],
    ids=["NAT gateway", "regional NAT gateway", "transit gateway"],
)
def test_each_leg_is_a_conversation_and_bytes_count_once(
    asked: Asked, log: str, conversations: list[tuple[str | None, int]]
) -> None:
    sql = "select interface_id, records from conversations order by interface_id nulls last, records"
    assert asked(log, sql) == conversations
    assert asked(log, "select sum(bytes) from flows where counted") == [(107,)]
