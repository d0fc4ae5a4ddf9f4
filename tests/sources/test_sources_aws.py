"""Which region AWS is asked in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from flowsql.errors import SourceError
from flowsql.sources.aws import AwsAccess


class InstanceMetadata(BaseHTTPRequestHandler):
    """What an EC2 instance's metadata service says of its place."""

    def do_PUT(self) -> None:
        self._answer(b"a-token")

    def do_GET(self) -> None:
        assert self.path.startswith("/latest/meta-data/placement/availability-zone")
        self._answer(b"ap-southeast-2b")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def instance(credentials: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """An environment in which this machine is an instance in ap-southeast-2."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), InstanceMetadata)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    credentials.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
    credentials.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{server.server_port}/")
    yield credentials
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("option", "variables", "region"),
    [
        (None, {}, "ap-southeast-2"),
        (None, {"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        (None, {"AWS_DEFAULT_REGION": "eu-west-2", "AWS_REGION": "eu-west-3"}, "eu-west-3"),
        (None, {"AWS_REGION": ""}, "ap-southeast-2"),
        ("us-west-2", {"AWS_REGION": "eu-west-3"}, "us-west-2"),
    ],
    ids=["of the instance", "boto3's variable", "AWS's variable first", "an empty one", "the option first"],
)
def test_region(
    option: str | None, variables: dict[str, str], region: str, instance: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        instance.setenv(name, value)
    assert AwsAccess(region=option).client("logs", "cloudwatch:g").meta.region_name == region


def test_no_region_is_known(credentials: pytest.MonkeyPatch) -> None:
    credentials.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(SourceError, match="no AWS region is known") as caught:
        AwsAccess().client("logs", "cloudwatch:g")
    assert "--aws-region" in caught.value.remedy
    # S3 tells by itself where a bucket is.
    AwsAccess().client("s3", "s3://b")
