from __future__ import annotations

import pytest

from flowsql.ingest.header import header_fields
from flowsql.logformat.fields import DEFAULT_FIELDS, VPC_FIELDS, Field
from flowsql.logformat.format_string import parse_format_string

DEFAULT = " ".join(f.name for f in DEFAULT_FIELDS)
TAGS = parse_format_string("instance-tag interface-tag")


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (DEFAULT, DEFAULT),
        (DEFAULT.replace("-", "_"), DEFAULT),
        (" ".join(f.name for f in VPC_FIELDS), " ".join(f.name for f in VPC_FIELDS)),
        ("srcaddr", "srcaddr"),
        ("bytes new-field", "bytes new-field"),
        ("new_a bytes new-b packets", "new-a bytes new-b packets"),
        ("pkt-src_aws_service start", "pkt-src-aws-service start"),
    ],
)
def test_header_lines(line: str, names: str) -> None:
    found = header_fields(line.encode().split(b" "))
    assert found is not None
    assert " ".join(f.name for f in found) == names


@pytest.mark.parametrize(
    "line",
    [
        "2 123456789010 eni-1235b8ca123456789 10.0.0.1 10.0.0.2 1 2 6 1 40 1 2 ACCEPT OK",
        "- - -",
        "us-east-1",
        "bytes new-a new-b",
        "srcaddr srcaddr",
        "pkt-srcaddr pkt_srcaddr",
        "VERSION ACCOUNT-ID",
        "${version} ${account-id}",
        "version,account-id",
        "version é",
        "",
    ],
)
def test_other_lines(line: str) -> None:
    assert header_fields(line.encode().split(b" ")) is None


@pytest.mark.parametrize(
    ("line", "current", "is_header"),
    [
        (DEFAULT, DEFAULT_FIELDS, True),
        ("srcaddr dstaddr", DEFAULT_FIELDS, False),
        ("srcaddr dstaddr action", DEFAULT_FIELDS, True),
        ("end", DEFAULT_FIELDS, False),
        ("end", parse_format_string("srcaddr"), False),
        ("srcaddr", parse_format_string("srcaddr"), True),
        ("version", parse_format_string("instance-tag"), False),
        ("version start", TAGS, False),
        ("instance-tag interface-tag", TAGS, True),
        ("instance_tag interface_tag", TAGS, True),
        ("interface-tag instance-tag", TAGS, False),
        ("version start end", TAGS, True),
        ("us-east-1 bytes", parse_format_string("region ecs-service-name"), False),
        ("bytes us-east-1 packets", parse_format_string("region ecs-service-name type"), True),
        ("bytes srcaddr", parse_format_string("new-field instance-tag"), False),
    ],
)
def test_within_records_of_a_format(line: str, current: list[Field], is_header: bool) -> None:
    assert (header_fields(line.encode().split(b" "), current) is not None) is is_header
