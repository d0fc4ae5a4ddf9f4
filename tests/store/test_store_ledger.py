"""Which file names are AWS's own, and what they say."""

from __future__ import annotations

import pytest

from flowsql.store.ledger import AwsName, aws_name

SLOT = 1_795_428_300
STEM = "123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20261123T1005Z_fe123456"
KNOWN = AwsName(f"aws:{STEM}", "fl-1234abcd", SLOT)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (f"{STEM}.log.gz", KNOWN),
        (f"{STEM}.log.parquet", KNOWN),
        (f"{STEM}.parquet", KNOWN),
        (f"{STEM}.log", KNOWN),
        (f"{STEM}.gz", KNOWN),
        (STEM, KNOWN),
        (
            STEM.replace("us-east-1", "us-gov-west-1") + ".log.gz",
            AwsName("aws:" + STEM.replace("us-east-1", "us-gov-west-1"), "fl-1234abcd", SLOT),
        ),
        (f"copy-of-{STEM}.log.gz", None),
        (f"{STEM}.log.gz.bak", None),
        (f"{STEM} (1).log.gz", None),
        (STEM.replace("vpcflowlogs", "elasticloadbalancing"), None),
        (STEM.replace("123456789012", "12345"), None),
        (STEM.replace("T1005Z", ""), None),
        ("flow.log", None),
        ("", None),
    ],
)
def test_aws_name(name: str, expected: AwsName | None) -> None:
    assert aws_name(name) == expected
