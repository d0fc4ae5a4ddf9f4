from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from flowsql.errors import FlowsqlError, SourceError
from flowsql.inventory.flow_logs import fetch_flow_logs, read_flow_logs
from flowsql.logformat.fields import DEFAULT_FIELDS, TGW_FIELDS
from flowsql.logformat.format_string import to_format_string
from flowsql.sources.aws import AwsAccess
from flowsql.store.flow_logs import FlowLog

DEFAULT = to_format_string(DEFAULT_FIELDS)
FULL = {
    "CreationTime": "2026-02-04T15:22:29.986Z",
    "FlowLogId": "fl-01234567890123456",
    "FlowLogStatus": "ACTIVE",
    "DeliverLogsStatus": "SUCCESS",
    "ResourceId": "vpc-00112233445566778",
    "TrafficType": "REJECT",
    "LogDestinationType": "s3",
    "LogDestination": "arn:aws:s3:::bucket/custom",
    "LogFormat": "${srcaddr} ${instance-tag} ${instance-tag-2} ${asg-tag}",
    "MaxAggregationInterval": 60,
    "DestinationOptions": {
        "FileFormat": "parquet",
        "HiveCompatiblePartitions": True,
        "PerHourPartition": True,
    },
    "TagFieldSpecifications": [
        {"ResourceType": "instance", "TagKeys": ["team", "env"]},
        {"ResourceType": "auto-scaling-group", "TagKeys": ["group"]},
    ],
    "Tags": [{"Key": "Name", "Value": "prod"}, {"Key": "cost", "Value": "42"}],
}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (
            FULL,
            FlowLog(
                "fl-01234567890123456",
                "${srcaddr} ${instance-tag} ${instance-tag-2} ${asg-tag}",
                "s3",
                name="prod",
                log_resource_id="vpc-00112233445566778",
                traffic_type="REJECT",
                destination="arn:aws:s3:::bucket/custom",
                interval_s=60,
                created_at=1770218549,
                status="ACTIVE",
                file_format="parquet",
                tags={"Name": "prod", "cost": "42"},
                tag_keys={"instance_tag": "team", "instance_tag_2": "env", "asg_tag": "group"},
            ),
        ),
        (
            {"FlowLogId": "fl-1", "LogGroupName": "/aws/vpc"},
            FlowLog("fl-1", DEFAULT, "cloud-watch-logs", log_group="/aws/vpc"),
        ),
        (
            {
                "FlowLogId": "fl-1",
                "LogDestinationType": "cloud-watch-logs",
                "LogDestination": "arn:aws:logs:eu-west-1:123456789012:log-group:/a/b:*",
            },
            FlowLog(
                "fl-1",
                DEFAULT,
                "cloud-watch-logs",
                destination="arn:aws:logs:eu-west-1:123456789012:log-group:/a/b:*",
                log_group="/a/b",
            ),
        ),
        (
            {
                "FlowLogId": "fl-1",
                "LogGroupName": "/g",
                "DeliverLogsStatus": "FAILED",
                "DeliverLogsErrorMessage": "Access error",
            },
            FlowLog("fl-1", DEFAULT, "cloud-watch-logs", log_group="/g", delivery_problem="Access error"),
        ),
        (
            {"FlowLogId": "fl-1", "LogGroupName": "/g", "ResourceId": "tgw-attach-1"},
            FlowLog(
                "fl-1",
                to_format_string(TGW_FIELDS),
                "cloud-watch-logs",
                log_group="/g",
                log_resource_id="tgw-attach-1",
            ),
        ),
        (
            {"FlowLogId": "fl-1", "LogGroupName": "/g", "DeliverLogsStatus": "FAILED"},
            FlowLog(
                "fl-1",
                DEFAULT,
                "cloud-watch-logs",
                log_group="/g",
                delivery_problem="failed, for a reason that AWS does not tell",
            ),
        ),
    ],
    ids=[
        "all members",
        "an old one",
        "a log group by its ARN",
        "undeliverable",
        "of a transit gateway",
        "failing in silence",
    ],
)
def test_flow_logs_in_a_file(item: dict[str, Any], expected: FlowLog, tmp_path: Path) -> None:
    path = tmp_path / "flow-logs.json"
    path.write_text(json.dumps({"FlowLogs": [item], "NextToken": None}))
    assert read_flow_logs(path) == [expected]


@pytest.mark.parametrize(
    "content",
    [
        '{"FlowLogs": [{"FlowLogId": "fl-1"}]}\n{"FlowLogs": []}\n{"FlowLogs": [{"FlowLogId": "fl-2"}]}\n',
        '[{"FlowLogId": "fl-1"}, {"FlowLogId": "fl-2"}]',
        '\ufeff {"FlowLogs": [{"FlowLogId": "fl-1"}, {"FlowLogId": "fl-2"}]}',
    ],
    ids=["several regions", "the list alone", "with a byte order mark"],
)
def test_ways_to_write_them(content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "flow-logs.json"
    path.write_text(content, encoding="utf-8")
    assert [flow_log.flow_log_id for flow_log in read_flow_logs(path)] == ["fl-1", "fl-2"]
    monkeypatch.setattr("sys.stdin", path.open())
    assert [flow_log.flow_log_id for flow_log in read_flow_logs(Path("-"))] == ["fl-1", "fl-2"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("nothing", "not JSON"),
        ("", "not JSON"),
        ('{"FlowLogs": []} and more', "not JSON"),
        ('["fl-1"]', "FlowLogs[0]: has no FlowLogId"),
        ("[]", 'has no list "FlowLogs"'),
        ('{"Vpcs": []}', 'has no list "FlowLogs"'),
        ('{"FlowLogs": [{}]}', "FlowLogs[0]: has no FlowLogId"),
        ('{"FlowLogs": [{"FlowLogId": "fl-1", "CreationTime": "soon"}]}', "'soon' is no time"),
        ('{"FlowLogs": [{"FlowLogId": "fl-1", "LogFormat": "${x} ${x}"}]}', "the field x occurs twice"),
    ],
)
def test_other_files(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "flow-logs.json"
    path.write_text(content)
    with pytest.raises(FlowsqlError) as caught:
        read_flow_logs(path)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("flow_log", "source"),
    [
        (FlowLog("fl-1", DEFAULT, "s3", destination="arn:aws:s3:::b"), "s3://b/"),
        (FlowLog("fl-1", DEFAULT, "s3", destination="arn:aws:s3:::b/p/q/"), "s3://b/p/q/"),
        (FlowLog("fl-1", DEFAULT, "cloud-watch-logs", log_group="/g"), "cloudwatch:/g"),
    ],
)
def test_where_records_are(flow_log: FlowLog, source: str) -> None:
    assert flow_log.source == source


def test_a_stream_cannot_be_read_from() -> None:
    arn = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/x"
    with pytest.raises(FlowsqlError, match="deliverystream/x, which cannot be read from"):
        _ = FlowLog("fl-1", DEFAULT, "kinesis-data-firehose", destination=arn).source


@pytest.fixture
def access(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsAccess]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield AwsAccess(region="eu-west-1", endpoint_url=f"http://{host}:{port}")
    server.stop()


def test_aws_is_asked(access: AwsAccess) -> None:
    ec2 = boto3.client("ec2", region_name=access.region, endpoint_url=access.endpoint_url)
    s3 = boto3.client("s3", region_name="us-east-1", endpoint_url=access.endpoint_url)
    s3.create_bucket(Bucket="flow-logs-of-the-test")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_flow_logs(
        ResourceType="VPC",
        ResourceIds=[vpc],
        TrafficType="ACCEPT",
        LogDestinationType="s3",
        LogDestination="arn:aws:s3:::flow-logs-of-the-test",
        LogFormat="${srcaddr} ${dstaddr} ${start}",
        MaxAggregationInterval=60,
        TagSpecifications=[{"ResourceType": "vpc-flow-log", "Tags": [{"Key": "Name", "Value": "prod"}]}],
    )
    (flow_log,) = fetch_flow_logs(access)
    assert flow_log.flow_log_id == made["FlowLogIds"][0]
    assert (flow_log.name, flow_log.log_resource_id, flow_log.traffic_type) == ("prod", vpc, "ACCEPT")
    assert (flow_log.log_format, flow_log.interval_s) == ("${srcaddr} ${dstaddr} ${start}", 60)
    assert flow_log.source == "s3://flow-logs-of-the-test/"
    assert flow_log.created_at


def test_no_credentials(access: AwsAccess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(SourceError, match="found no AWS credentials"):
        fetch_flow_logs(access)
