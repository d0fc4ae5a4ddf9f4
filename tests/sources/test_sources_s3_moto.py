"""What moto's S3 has and SeaweedFS has not: roles, any key, requests as they were sent."""

from __future__ import annotations

import gzip
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from flowsql.errors import SourceError
from flowsql.sources.aws import AwsAccess
from flowsql.workspace import Workspace

ROLE = "arn:aws:iam::123456789012:role/reader"
FILE = "123456789012_vpcflowlogs_eu-west-1_fl-0a1b2c3d_20261123T0000Z_00000001.log.gz"
FOLDER = "AWSLogs/123456789012/vpcflowlogs/eu-west-1/2026/11/23"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """moto's address."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    yield "http://{}:{}".format(*moto.get_host_and_port())
    moto.stop()


@pytest.fixture
def bucket(server: str, credentials: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A bucket of this test's own; the environment names the server, as a profile would."""
    credentials.setenv("AWS_ENDPOINT_URL", server)
    name = f"b-{abs(hash(request.node.nodeid)):x}"[:40]
    bucket = boto3.resource("s3", region_name="us-east-1").create_bucket(Bucket=name)
    yield bucket
    bucket.objects.delete()
    bucket.delete()


def test_any_key_can_be_read(
    bucket: Any, workspace: Workspace, log_text: Callable[..., bytes], numbers_in: Callable[..., list[int]]
) -> None:
    keys = [f"a//{FOLDER}/{FILE}", "b/./c.log.gz", "d/../e.log.gz", "f +&=%20ü~#?/g.log.gz", "/h.log.gz"]
    for number, key in enumerate(keys):
        bucket.put_object(Key=key, Body=gzip.compress(log_text([number])))
    bucket.put_object(Key="a/marker/", Body=b"")
    from flowsql.sources.source import Wanted

    report = workspace.load([f"s3://{bucket.name}"], wanted=Wanted(full=True))
    assert report.problems == []
    assert numbers_in(workspace) == [0, 1, 2, 3, 4]


def test_role_is_assumed(
    bucket: Any, flowsql: Callable[..., Any], workspace: Workspace, log_text: Callable[..., bytes]
) -> None:
    bucket.put_object(Key=f"{FOLDER}/{FILE}", Body=gzip.compress(log_text([1, 2])))
    load = ["load", f"s3://{bucket.name}", "--full", "--store", workspace.store.folder, "--role-arn"]
    assert flowsql(*load, ROLE, "--aws-region", "eu-west-1").code == 0
    without_region = flowsql(*load, ROLE)
    assert (without_region.code, "--aws-region" in without_region.err) == (5, True)
    nonsense = flowsql(*load, "reader", "--aws-region", "eu-west-1")
    assert (nonsense.code, "RoleArn" in nonsense.err) == (5, True)


def test_role_renews_itself(bucket: Any) -> None:
    """The session signs with the role's keys, and those of a role are temporary."""
    session = AwsAccess(region="eu-west-1", role_arn=ROLE).session("s3://x")
    first = session.get_credentials().get_frozen_credentials()
    assert first.token
    assert first.access_key != "testkey"
    session.get_credentials()._expiry_time = session.get_credentials()._time_fetcher()
    assert session.get_credentials().get_frozen_credentials().access_key != first.access_key


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(SourceError, match="the extra 'aws'") as caught:
        AwsAccess().session("s3://x")
    assert "pip install" in caught.value.remedy
