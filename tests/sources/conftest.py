"""A real S3 server on 127.0.0.1, and a proxy before it that counts requests and provokes faults."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import obstore
import pytest
import trustme
from botocore.config import Config
from obstore.store import S3Store

from flowsql.cli.main import main

ACCESS_KEY, SECRET_KEY, BUCKET = "testkey", "testsecret", "flow-logs"
_PERMITTED = {
    "identities": [
        {
            "name": "tests",
            "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
            "actions": ["Admin", "Read", "Write", "List"],
        }
    ]
}


@dataclass(frozen=True)
class S3Server:
    """A server's address, and a client with the right keys."""

    port: int
    client: Any
    store: S3Store

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def put(self, objects: Mapping[str, bytes]) -> None:
        """Uploads objects into the bucket, several at a time."""
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: obstore.put(self.store, key, objects[key]), objects))


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """SeaweedFS with one bucket, which refuses every key but its own."""
    # Another process may take a port between the choice and its use.
    for last in (False, False, True):
        folder = tmp_path_factory.mktemp("seaweedfs")
        ports = _free_ports(4)
        process = _start_seaweedfs(folder, ports)
        try:
            server = S3Server(ports[0], s3_client(ports[0]), _writer(ports[0]))
            if _has_bucket(server, process):
                yield server
                return
            if last:
                pytest.fail(f"SeaweedFS did not start:\n{(folder / 'log').read_text()[-2000:]}")
        finally:
            process.kill()
            process.wait()
            shutil.rmtree(folder, ignore_errors=True)
            for port in ports:
                for left in Path("/tmp").glob(f"seaweedfs-*-{port + 10_000}.sock"):
                    left.unlink(missing_ok=True)


def _start_seaweedfs(folder: Path, ports: Sequence[int]) -> subprocess.Popen[bytes]:
    (folder / "identities.json").write_text(json.dumps(_PERMITTED))
    weed = Path(sys.executable).with_name("weed")
    names = ("s3.port", "master.port", "volume.port", "filer.port")
    command = [
        *(str(weed) if weed.exists() else shutil.which("weed") or "weed", "-logtostderr=true", "server"),
        *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}", "-volume.max=50", "-s3"),
        *("-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"),
        *(f"-s3.config={folder / 'identities.json'}", "-master.volumeSizeLimitMB=64"),
        *(f"-{name}={port}" for name, port in zip(names, ports, strict=True)),
    ]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)


def _writer(port: int) -> S3Store:
    return S3Store(
        BUCKET,
        endpoint=f"http://127.0.0.1:{port}",
        region="us-east-1",
        access_key_id=ACCESS_KEY,
        secret_access_key=SECRET_KEY,
        client_options={"allow_http": True},
    )


def _has_bucket(server: S3Server, process: subprocess.Popen[bytes]) -> bool:
    """Whether the server came up, and has its bucket now."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(Exception):
            server.client.create_bucket(Bucket=BUCKET)
            server.client.put_object(Bucket=BUCKET, Key="ready", Body=b"yes")
            server.client.delete_object(Bucket=BUCKET, Key="ready")
            return True
        time.sleep(0.2)
    return False


def _free_ports(number: int) -> list[int]:
    """Ports that are free now, and so are those 10,000 above, which SeaweedFS takes too.

    All are below those that systems give to whoever asks for any port.
    """
    sockets: list[socket.socket] = []
    ports: list[int] = []
    try:
        for port in range(11_000 + time.time_ns() // 1000 % 11_000, 22_700):
            pair = [socket.socket(), socket.socket()]
            sockets += pair
            with suppress(OSError):
                for offset, one in zip((0, 10_000), pair, strict=True):
                    one.bind(("127.0.0.1", port + offset))
                ports.append(port)
            if len(ports) == number:
                return ports
    finally:
        for one in sockets:
            one.close()
    pytest.fail("no free ports")


def s3_client(port: int) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """The keys that the servers of these tests know, in the environment, and no other configuration of AWS."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "aws-credentials"))
    return monkeypatch


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def flowsql(capfdbinary: pytest.CaptureFixture[bytes], credentials: object) -> Callable[..., Finished]:
    """Runs `flowsql ARGUMENTS...` and gives its exit code and what it wrote."""

    def run(*arguments: object) -> Finished:
        capfdbinary.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capfdbinary.readouterr()
        return Finished(code, captured.out.decode(), captured.err.decode())

    return run


@dataclass(frozen=True)
class Request:
    """A request that came through the proxy: of an object (`key`) or, with key '', a listing of `prefix`."""

    method: str
    key: str
    prefix: str
    headers: Mapping[str, str]


@dataclass
class FaultProxy:
    """Passes requests on to a server. `fault` sees each one, and does something instead, or returns None.

    What it returns is (status, body, bytes of the body to send): fewer than there are cut the connection.
    """

    target_port: int
    requests: list[Request] = field(default_factory=list)
    scheme: str = "http"
    fault: Callable[[Request], tuple[int, bytes, int] | None] = lambda request: None
    port: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def read_keys(self) -> list[str]:
        """The keys of the objects that were asked for, in order."""
        return [request.key for request in self.requests if request.key and request.method == "GET"]

    def listed(self) -> list[str]:
        """The prefixes that were listed, in order."""
        return [request.prefix for request in self.requests if not request.key]

    def refuse(self, status: int, code: str, times: int, key: str) -> None:
        """Answers the next so many requests for objects whose key ends so with an error of S3's."""
        body = f"<Error><Code>{code}</Code><Message>-</Message></Error>".encode()
        left = [None] * times

        def fault(request: Request) -> tuple[int, bytes, int] | None:
            if not (left and request.key and request.key.endswith(key)):
                return None
            left.pop()
            return status, body, len(body)

        self.fault = fault

    def cut(self, times: int, key: str) -> None:
        """Cuts the connection half-way through the next so many answers with an object whose key ends so."""
        left = [None] * times

        def fault(request: Request) -> tuple[int, bytes, int] | None:
            if not (left and request.key and request.key.endswith(key)):
                return None
            left.pop()
            status, _, body = self.answer(request, f"/{BUCKET}/{request.key}")
            return status, body, len(body) // 2

        self.fault = fault

    def answer(self, request: Request, path: str) -> tuple[int, list[tuple[str, str]], bytes]:
        """The server's own answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.target_port, timeout=60)
        try:
            connection.putrequest(request.method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()


@pytest.fixture
def proxy(seaweedfs: S3Server) -> Iterator[FaultProxy]:
    """A proxy before SeaweedFS; its `url` is the endpoint to use."""
    with _serving(FaultProxy(seaweedfs.port)) as passed:
        yield passed


@pytest.fixture
def tls_proxy(seaweedfs: S3Server, tmp_path: Path) -> Iterator[tuple[FaultProxy, Path]]:
    """The same behind TLS, and the certificate of its authority, which nobody else trusts."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(bundle)
    with _serving(FaultProxy(seaweedfs.port, scheme="https"), context) as passed:
        yield passed, bundle


@contextmanager
def _serving(passed: FaultProxy, context: ssl.SSLContext | None = None) -> Iterator[FaultProxy]:
    """The proxy at work, on a free port, which it is told."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            split = urlsplit(self.path)
            key = unquote(split.path).removeprefix(f"/{BUCKET}").removeprefix("/")
            prefix = parse_qs(split.query).get("prefix", [""])[0]
            request = Request(self.command, key, prefix, dict(self.headers))
            passed.requests.append(request)
            fault = passed.fault(request)
            if fault:
                status, body, sent = fault
                headers = [("Content-Type", "application/xml")]
            else:
                status, headers, body = passed.answer(request, self.path)
                sent = len(body)
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in (
                    "transfer-encoding",
                    "connection",
                    "content-length",
                    "date",
                    "server",
                ):
                    self.send_header(name, value)
            length = {name.lower(): value for name, value in headers}.get("content-length", str(len(body)))
            self.send_header("Content-Length", length if self.command == "HEAD" else str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body[:sent])
            if sent < len(body):
                self.close_connection = True

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    passed.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield passed
    server.shutdown()
    server.server_close()
