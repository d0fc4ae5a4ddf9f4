"""The example records of AWS's documentation, and what they mean.

https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flowsql.logformat.format_string import parse_format_string

Read = Callable[..., Any]
OUT_OF_ORDER = (
    "version vpc-id subnet-id instance-id interface-id account-id type srcaddr dstaddr srcport dstport"
    " pkt-srcaddr pkt-dstaddr protocol bytes packets start end action tcp-flags log-status"
)
PLACE = "3 vpc-abcdefab012345678 subnet-aaaaaaaa012345678 i-01234567890123456 eni-1235b8ca123456789 123456789010 IPv4"
NAT = "instance-id interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr"
REGIONAL_NAT = "resource-id instance-id interface-id subnet-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr"
THROUGH_TGW = (
    "version interface-id account-id vpc-id subnet-id instance-id srcaddr dstaddr srcport dstport protocol"
    " tcp-flags type pkt-srcaddr pkt-dstaddr action log-status"
)
TRAFFIC_PATH = (
    "version srcaddr dstaddr srcport dstport protocol start end type packets bytes account-id vpc-id subnet-id"
    " instance-id interface-id region az-id sublocation-type sublocation-id action tcp-flags pkt-srcaddr"
    " pkt-dstaddr pkt-src-aws-service pkt-dst-aws-service traffic-path flow-direction log-status"
)
ENCRYPTION = "flow-direction traffic-path srcaddr dstaddr srcport dstport encryption-status"


@pytest.mark.parametrize(
    ("log_format", "line", "values"),
    [
        pytest.param(
            "default",
            "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249"
            " 1418530010 1418530070 ACCEPT OK",
            {
                "version": 2,
                "account_id": "123456789010",
                "interface_id": "eni-1235b8ca123456789",
                "srcaddr": "172.31.16.139",
                "dstaddr": "172.31.16.21",
                "srcport": 20641,
                "dstport": 22,
                "protocol": 6,
                "packets": 20,
                "bytes": 4249,
                "start": 1418530010,
                "end": 1418530070,
                "action": "ACCEPT",
                "log_status": "OK",
            },
            id="SSH accepted",
        ),
        pytest.param(
            "default",
            "2 123456789010 eni-1235b8ca123456789 172.31.9.69 172.31.9.12 49761 3389 6 20 4249"
            " 1418530010 1418530070 REJECT OK",
            {"dstport": 3389, "action": "REJECT", "log_status": "OK"},
            id="RDP rejected",
        ),
        pytest.param(
            "default",
            "2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA",
            dict.fromkeys(
                ["srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets", "bytes", "action"]
            )
            | {"version": 2, "start": 1431280876, "end": 1431280934, "log_status": "NODATA"},
            id="nothing to log",
        ),
        pytest.param(
            "default",
            "2 123456789010 eni-11111111aaaaaaaaa - - - - - - - 1431280876 1431280934 - SKIPDATA",
            {"interface_id": "eni-11111111aaaaaaaaa", "bytes": None, "log_status": "SKIPDATA"},
            id="records skipped",
        ),
        pytest.param(
            "default",
            "2 123456789010 eni-1235b8ca123456789 203.0.113.12 172.31.16.139 0 0 1 4 336"
            " 1432917027 1432917142 ACCEPT OK",
            {"srcport": 0, "dstport": 0, "protocol": 1, "packets": 4, "action": "ACCEPT"},
            id="ping let in by the security group",
        ),
        pytest.param(
            "default",
            "2 123456789010 eni-1235b8ca123456789 172.31.16.139 203.0.113.12 0 0 1 4 336"
            " 1432917094 1432917142 REJECT OK",
            {"srcaddr": "172.31.16.139", "dstaddr": "203.0.113.12", "protocol": 1, "action": "REJECT"},
            id="its reply stopped by the network ACL",
        ),
        pytest.param(
            "default",
            "2 123456789010 eni-1235b8ca123456789 2001:db8:1234:a100:8d6e:3477:df66:f105"
            " 2001:db8:1234:a102:3304:8879:34cf:4071 34892 22 6 54 8855 1477913708 1477913820 ACCEPT OK",
            {
                "srcaddr": "2001:db8:1234:a100:8d6e:3477:df66:f105",
                "dstaddr": "2001:db8:1234:a102:3304:8879:34cf:4071",
                "bytes": 8855,
            },
            id="SSH over IPv6",
        ),
        pytest.param(
            OUT_OF_ORDER,
            f"{PLACE} 52.213.180.42 10.0.0.62 43416 5001 52.213.180.42 10.0.0.62 6 568 8"
            " 1566848875 1566848933 ACCEPT 2 OK",
            {"type": "IPv4", "dstport": 5001, "bytes": 568, "packets": 8, "tcp_flags": 2},
            id="SYN from the client",
        ),
        pytest.param(
            OUT_OF_ORDER,
            f"{PLACE} 10.0.0.62 52.213.180.42 5001 43416 10.0.0.62 52.213.180.42 6 376 7"
            " 1566848875 1566848933 ACCEPT 18 OK",
            {"srcport": 5001, "tcp_flags": 18},
            id="SYN-ACK from the server",
        ),
        pytest.param(
            OUT_OF_ORDER,
            f"{PLACE} 52.213.180.42 10.0.0.62 43418 5001 52.213.180.42 10.0.0.62 6 23294588 15774"
            " 1566848933 1566849113 ACCEPT 1 OK",
            {"bytes": 23294588, "packets": 15774, "tcp_flags": 1},
            id="FIN",
        ),
        pytest.param(
            OUT_OF_ORDER,
            f"{PLACE} 52.213.180.42 10.0.0.62 43638 5001 52.213.180.42 10.0.0.62 6 1260 17"
            " 1566933133 1566933193 ACCEPT 3 OK",
            {"tcp_flags": 3, "end": 1566933193},
            id="SYN and FIN in one interval",
        ),
        pytest.param(
            OUT_OF_ORDER,
            f"{PLACE} 10.0.0.62 52.213.180.42 5001 43638  10.0.0.62 52.213.180.42 6 967 14"
            " 1566933133 1566933193 ACCEPT 19 OK",
            {"dstport": 43638, "pkt_srcaddr": "10.0.0.62", "tcp_flags": 19},
            id="with the page's double blank",
        ),
        pytest.param(
            NAT,
            "- eni-1235b8ca123456789 10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5",
            {"instance_id": None, "dstaddr": "10.0.0.220", "pkt_dstaddr": "203.0.113.5"},
            id="host to NAT gateway",
        ),
        pytest.param(
            NAT,
            "i-01234567890123456 eni-1111aaaa2222bbbb3 203.0.113.5 10.0.1.5 203.0.113.5 10.0.1.5",
            {"instance_id": "i-01234567890123456", "srcaddr": "203.0.113.5", "pkt_srcaddr": "203.0.113.5"},
            id="reply at the host",
        ),
        pytest.param(
            REGIONAL_NAT,
            "nat-1234567890abcdef - - - 107.22.182.139 203.0.113.5 107.22.182.139 203.0.113.5",
            {
                "resource_id": "nat-1234567890abcdef",
                "instance_id": None,
                "interface_id": None,
                "subnet_id": None,
                "srcaddr": "107.22.182.139",
            },
            id="regional NAT gateway",
        ),
        pytest.param(
            THROUGH_TGW,
            "3 eni-11111111111111111 123456789010 vpc-abcdefab012345678 subnet-11111111aaaaaaaaa - 10.40.1.175"
            " 10.40.2.236 39812 80 6 3 IPv4 10.20.33.164 10.40.2.236 ACCEPT OK",
            {"instance_id": None, "srcaddr": "10.40.1.175", "pkt_srcaddr": "10.20.33.164", "tcp_flags": 3},
            id="request at the transit gateway's interface",
        ),
        pytest.param(
            TRAFFIC_PATH,
            "5 52.95.128.179 10.0.0.71 80 34210 6 1616729292 1616729349 IPv4 14 15044 123456789012"
            " vpc-abcdefab012345678 subnet-aaaaaaaa012345678 i-0c50d5961bcb2d47b eni-1235b8ca123456789"
            " ap-southeast-2 apse2-az3 - - ACCEPT 19 52.95.128.179 10.0.0.71 S3 - - ingress OK",
            {
                "region": "ap-southeast-2",
                "az_id": "apse2-az3",
                "sublocation_type": None,
                "pkt_src_aws_service": "S3",
                "pkt_dst_aws_service": None,
                "traffic_path": None,
                "flow_direction": "ingress",
            },
            id="answer from S3",
        ),
        pytest.param(
            TRAFFIC_PATH,
            "5 10.0.0.71 52.95.128.179 34210 80 6 1616729292 1616729349 IPv4 7 471 123456789012"
            " vpc-abcdefab012345678 subnet-aaaaaaaa012345678 i-0c50d5961bcb2d47b eni-1235b8ca123456789"
            " ap-southeast-2 apse2-az3 - - ACCEPT 3 10.0.0.71 52.95.128.179 - S3 8 egress OK",
            {"traffic_path": 8, "flow_direction": "egress", "pkt_dst_aws_service": "S3", "bytes": 471},
            id="to S3 through the internet gateway",
        ),
        pytest.param(
            ENCRYPTION,
            "egress 1 10.0.128.55 10.0.133.8 80 43236 1",
            {"flow_direction": "egress", "traffic_path": 1, "srcport": 80, "encryption_status": 1},
            id="encrypted by Nitro",
        ),
        pytest.param(
            ENCRYPTION,
            "ingress - 10.0.130.104 10.0.128.55 55016 80 0",
            {"flow_direction": "ingress", "traffic_path": None, "encryption_status": 0},
            id="in the clear",
        ),
    ],
)
@pytest.mark.parametrize("header", [True, False], ids=["header", "bare"])
def test_example_records(
    log_format: str, line: str, values: dict[str, Any], header: bool, read: Read
) -> None:
    fields = parse_format_string(log_format)
    names = " ".join(f.name for f in fields)
    outcome = read(f"{names}\n{line}\n".encode()) if header else read(f"{line}\n".encode(), fields)
    (row,) = outcome.rows
    assert {column: row[column] for column in values} == values
    assert list(row) == [f.column for f in fields]
