"""CloudWatch Logs, from a moto server on this machine: each event once, whatever happens in between."""

from __future__ import annotations

import itertools
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from flowsql.errors import FlowsqlError, SourceError, UsageError
from flowsql.loading import loader
from flowsql.loading.report import LoadReport, Outcome, Progress
from flowsql.sources import aws
from flowsql.sources.aws import AwsAccess
from flowsql.sources.cloudwatch import CloudWatchSource
from flowsql.sources.source import Wanted
from flowsql.store.check import check_store
from flowsql.store.compact import compact
from flowsql.store.repair import repair_store
from flowsql.window import Window
from flowsql.workspace import Workspace

HOUR = 3600
# A whole hour, two days ago: AWS takes no events older than two weeks.
NOW = int(time.time()) // HOUR * HOUR
START = NOW - 48 * HOUR
_GROUPS = itertools.count()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def access(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> AwsAccess:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return AwsAccess(region="eu-west-1", endpoint_url=endpoint)


class Proxy:
    """A server before the other one that counts requests by operation, and answers some with an error."""

    def __init__(self, endpoint: str) -> None:
        self.requests: Counter[str] = Counter()
        self.refusals: list[str] = []  # the operations to refuse next, AWS's way of saying "too fast"
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                operation = self.headers["X-Amz-Target"].rsplit(".", 1)[-1]
                proxy.requests[operation] += 1
                if operation in proxy.refusals:
                    proxy.refusals.remove(operation)
                    status, answer = 400, b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'
                else:
                    request = urllib.request.Request(endpoint, body, dict(self.headers))
                    with urllib.request.urlopen(request) as response:
                        status, answer = response.status, response.read()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def proxy(access: AwsAccess) -> Iterator[Proxy]:
    server = Proxy(str(access.endpoint_url))
    yield server
    server.stop()


class Group:
    """A log group on the server, and what it was given."""

    def __init__(self, access: AwsAccess) -> None:
        self.name = f"/aws/vpc/flow-logs-{next(_GROUPS)}"
        self.client = boto3.client(
            "logs",
            region_name=access.region,
            endpoint_url=access.endpoint_url,
            config=Config(retries={"total_max_attempts": 1}),
        )
        self.client.create_log_group(logGroupName=self.name)
        self._streams: set[str] = set()
        self.numbers: list[int] = []

    @property
    def source(self) -> str:
        return f"cloudwatch:{self.name}"

    def put(self, stream: str, starts: list[int], make: Callable[[int, int], str] | None = None) -> None:
        """An event for each of these times; its number, unique in the group, is in the record's bytes."""
        if stream not in self._streams:
            self.client.create_log_stream(logGroupName=self.name, logStreamName=stream)
            self._streams.add(stream)
        events = []
        for start in starts:
            number = len(self.numbers)
            self.numbers.append(number)
            events.append({"timestamp": start * 1000 + 7, "message": (make or default_line)(number, start)})
        for at in range(0, len(events), 10_000):
            self.client.put_log_events(
                logGroupName=self.name, logStreamName=stream, logEvents=events[at : at + 10_000]
            )


def default_line(number: int, start: int) -> str:
    return f"2 123456789012 eni-1 10.0.0.1 10.0.0.2 443 {number % 60_000} 6 20 {number} {start} {start + 59} ACCEPT OK"


@pytest.fixture
def group(access: AwsAccess) -> Group:
    return Group(access)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "store")


Load = Callable[..., LoadReport]


@pytest.fixture
def load(workspace: Workspace, access: AwsAccess) -> Load:
    def load(
        source: str, *, since: int | None = None, until: int | None = None, full: bool = False, **options: Any
    ) -> LoadReport:
        late_s = options.pop("overlap_s", 2 * HOUR)
        wanted = Wanted(Window(since, until), full, late_s, options.pop("now", NOW))
        return workspace.load([source], wanted=wanted, access=access, **options)

    return load


def numbers(workspace: Workspace) -> list[int]:
    table = workspace.sql("select bytes from records order by bytes").read_all()
    return [int(number) for number in table.column("bytes").to_pylist()]


def test_each_event_once_however_often_it_is_loaded(group: Group, load: Load, workspace: Workspace) -> None:
    times = [START + 60 * i for i in range(1, 600)]
    for stream in ("eni-1-all", "eni-2-all", "tgw/attach-1"):
        group.put(stream, times)
    assert load(group.source, full=True).records == len(group.numbers)
    assert numbers(workspace) == group.numbers
    again = load(group.source)
    assert (again.records, set(again.objects)) == (0, {Outcome.KNOWN})
    assert load(group.source, full=True).records == 0
    assert numbers(workspace) == group.numbers


def test_what_comes_later_within_the_overlap_is_loaded(
    group: Group, load: Load, workspace: Workspace
) -> None:
    group.put("eni-1-all", [START + 60 * i for i in range(240)])
    load(group.source, full=True)
    group.put("eni-1-all", [START + 60 * i for i in range(240, 300)])  # the next hour
    group.put("eni-1-all", [START + 2 * HOUR + 5, START + 3 * HOUR + 5])  # late
    group.put("eni-2-all", [START + HOUR])  # a new stream
    report = load(group.source)
    assert numbers(workspace) == group.numbers
    assert report.objects[Outcome.REPLACED] == 2
    assert report.objects[Outcome.LOADED] == 2
    assert load(group.source).records == 0


def test_what_comes_later_than_the_overlap_is_loaded_when_asked_for(
    group: Group, load: Load, workspace: Workspace
) -> None:
    group.put("eni-1-all", [START + 60 * i for i in range(600)])
    load(group.source, full=True)
    group.put("eni-1-all", [START + 1])
    load(group.source)
    assert numbers(workspace) == group.numbers[:-1]
    load(group.source, overlap_s=12 * HOUR)
    assert numbers(workspace) == group.numbers
    group.put("eni-1-all", [START + 1])
    load(group.source, since=START)
    assert numbers(workspace) == group.numbers


def test_how_late_events_were(group: Group, load: Load, workspace: Workspace) -> None:
    """The server takes them in now, so their time tells how late they are."""
    now = int(time.time())
    ages = [30, 90, 100, 3000, 3 * HOUR - 200, 30 * HOUR - 200]
    group.put("eni-1-all", sorted(now - age for age in ages))
    load(group.source, full=True, now=now + 600)
    rows = workspace.sql(
        "select lag_s, cast(sum(events) as bigint) as n from event_arrivals group by all order by all"
    )
    lags = [lag_s for lag_s, n in rows_of(rows) for _ in range(n)]
    # Rounded up; what this test took is at most two minutes.
    for lag_s, age in zip(lags, ages, strict=True):
        unit = 60 if age < HOUR else HOUR
        assert lag_s % unit == 0
        assert age <= lag_s <= age + 120 + unit
    sections = {section.title: section.read_all() for section in workspace.diagnose()}
    (row,) = sections["What came late"].to_pylist()
    assert row["what"].startswith("log events that AWS took in over two hours after their time")
    assert row["number"] == 2
    lag = workspace.run("ingest-lag").read_all().to_pylist()
    assert {row["delivered_to"] for row in lag} == {"CloudWatch Logs"}
    assert (sum(row["arrivals"] for row in lag), sum(row["late"] for row in lag)) == (6, 2)
    assert max(row["max_s"] for row in lag) == 30 * HOUR


def test_events_of_an_hour_that_was_read_again_count_once(
    group: Group, load: Load, workspace: Workspace
) -> None:
    group.put("eni-1-all", [NOW - 300])
    load(group.source, full=True)
    group.put("eni-1-all", [NOW - 200])
    load(group.source)
    assert rows_of(workspace.sql("select sum(events) from event_arrivals")) == [(2,)]


def test_earlier_versions_of_hours_do_not_pile_up(group: Group, load: Load, workspace: Workspace) -> None:
    for minute in range(5):
        group.put("eni-1-all", [START + 60 * minute])
        load(group.source, full=True, now=START + 60 * minute + 30)
    assert rows_of(workspace.sql("select count(*) from loads")) == [(5,)]
    compact(workspace.store, grace_s=0)
    group.put("eni-1-all", [START + HOUR])
    load(group.source, now=START + 2 * HOUR)
    text = "select (select count(*) from loads) as loads, (select count(*) from event_arrivals) as lags"
    assert rows_of(workspace.sql(text)) == [(2, 2)]
    assert numbers(workspace) == group.numbers
    assert [f for f in check_store(workspace.store).findings if f.is_damage] == []
    # A late event replaces what is there; nothing is known of what was there before.
    group.put("eni-1-all", [START + 7])
    load(group.source, since=START)
    assert numbers(workspace) == group.numbers
    for path in [workspace.store.catalog.path, *(workspace.store.folder / "backup").iterdir()]:
        path.unlink()
    repair_store(workspace.store)
    assert numbers(workspace) == group.numbers


def rows_of(result: Any) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in result.read_all().to_pylist()]


def test_a_window_loads_its_hours_whole(group: Group, load: Load, workspace: Workspace) -> None:
    group.put("eni-1-all", [START + 600 * i for i in range(60)])
    report = load(group.source, since=START + 2 * HOUR + 1800, until=START + 3 * HOUR + 60)
    assert report.records == 12
    assert numbers(workspace) == list(range(12, 24))


def test_half_an_hour_is_replaced_by_the_whole_and_not_the_other_way_round(
    group: Group, load: Load, workspace: Workspace
) -> None:
    group.put("eni-1-all", [START + 60 * i for i in range(30)])
    load(group.source, full=True, now=START + 1800)
    group.put("eni-1-all", [START + 60 * i for i in range(30, 60)])
    load(group.source, now=START + HOUR)
    assert numbers(workspace) == group.numbers
    # AWS no longer keeps the beginning.
    group.client.delete_log_stream(logGroupName=group.name, logStreamName="eni-1-all")
    group.client.create_log_stream(logGroupName=group.name, logStreamName="eni-1-all")
    kept, group.numbers = group.numbers, group.numbers[:40]
    group.put("eni-1-all", [START + 60 * i for i in range(40, 60)])
    assert load(group.source, full=True).records == 0
    assert numbers(workspace) == kept


def test_a_stream_that_an_interrupted_first_load_did_not_reach(
    group: Group, load: Load, workspace: Workspace
) -> None:
    for stream in ("eni-1-all", "eni-2-all"):
        group.put(stream, [START + 600 * i for i in range(120)])
    load(f"{group.source}#eni-1", since=START + HOUR)
    load(group.source)
    first_hour = [*range(6), *range(120, 126)]
    assert numbers(workspace) == [n for n in group.numbers if n not in first_hour]


def test_a_stream_prefix(group: Group, load: Load, workspace: Workspace) -> None:
    group.put("eni-1-all", [START])
    group.put("eni-2-all", [START])
    load(f"{group.source}#eni-2", full=True)
    assert numbers(workspace) == [1]


def test_a_stream_that_mixes_log_formats(group: Group, load: Load, workspace: Workspace) -> None:
    group.put("eni-1-all", [START + i for i in range(10)])
    group.put("eni-1-all", [START + i for i in range(10)], lambda number, start: f"eni-7 {number} {start}")
    report = load(group.source, full=True, log_format="interface-id bytes start")
    assert (report.records, report.rejects) == (20, 0)
    assert numbers(workspace) == group.numbers


def test_registered_flow_logs_tell_the_formats_of_a_group(
    group: Group, load: Load, workspace: Workspace, tmp_path: Path
) -> None:
    formats = {
        "fl-1": "${interface-id} ${bytes} ${start}",
        "fl-2": "${srcaddr} ${bytes} ${action}",  # as many fields as the first
        "fl-3": "${version} ${interface-id} ${srcaddr} ${bytes}",
    }
    described = [
        {"FlowLogId": flow_log_id, "LogGroupName": group.name, "LogFormat": log_format}
        | {"Tags": [{"Key": "Name", "Value": flow_log_id.upper()}]}
        for flow_log_id, log_format in formats.items()
    ]
    (tmp_path / "fl.json").write_text(json.dumps({"FlowLogs": described}))
    workspace.load_inventory([tmp_path / "fl.json"])
    times = [START + i for i in range(40)]
    group.put("eni-1-all", times, lambda number, start: f"eni-7 {number} {start}")
    group.put("eni-1-all", times, lambda number, start: f"10.0.0.1 {number} ACCEPT")
    group.put("eni-1-all", times, lambda number, start: f"5 eni-7 10.0.0.2 {number}")
    report = load("@FL-3", full=True)
    assert (report.records, report.rejects) == (120, 0)
    assert numbers(workspace) == group.numbers
    counts = (
        "select flow_log_id, count(*) as n, count(distinct srcaddr) as a from records group by all order by 1"
    )
    assert workspace.sql(counts).read_all().to_pylist() == [
        {"flow_log_id": "fl-1", "n": 40, "a": 0},
        {"flow_log_id": "fl-2", "n": 40, "a": 1},
        {"flow_log_id": "fl-3", "n": 40, "a": 1},
    ]


def test_forgotten_hours_stay_forgotten(group: Group, load: Load, workspace: Workspace) -> None:
    group.put("eni-1-all", [START])
    load(group.source, full=True)
    workspace.forget(source=group.source)
    group.put("eni-1-all", [START + 1])
    report = load(group.source, full=True)
    assert report.objects == {Outcome.FORGOTTEN: 1}
    assert numbers(workspace) == []


def test_names_tell_the_stream_the_account_and_the_hour(
    group: Group, load: Load, workspace: Workspace
) -> None:
    group.put("eni-1-all", [START])
    load(group.source, full=True)
    hour = time.strftime("%Y-%m-%dT%HZ", time.gmtime(START))
    (name,) = workspace.sql("select name from loads").read_all().column("name").to_pylist()
    assert name == f"{group.source}#eni-1-all@123456789012/eu-west-1/{hour}"


@pytest.mark.parametrize(
    ("source", "full", "kind", "cause"),
    [
        ("cloudwatch:", True, UsageError, "names no log group"),
        ("cloudwatch:/no/such", True, SourceError, "there is no such log group in eu-west-1"),
        ("GROUP#eni-9", True, SourceError, "the log group has no log stream whose name begins with 'eni-9'"),
        ("GROUP", False, UsageError, "the first load of a remote source wants to know from when on"),
    ],
)
def test_nothing_to_load_is_said_loudly(
    source: str, full: bool, kind: type[FlowsqlError], cause: str, group: Group, load: Load
) -> None:
    group.put("eni-1-all", [START])
    with pytest.raises(kind) as caught:
        load(source.replace("GROUP", group.source), full=full)
    assert caught.value.cause == cause
    assert caught.value.remedy


def test_no_credentials(group: Group, load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    with pytest.raises(SourceError, match="found no AWS credentials"):
        load(group.source, full=True)


def test_throttled_requests_are_made_again(
    group: Group, workspace: Workspace, access: AwsAccess, proxy: Proxy
) -> None:
    group.put("eni-1-all", [START])
    proxy.refusals = ["DescribeLogStreams", "FilterLogEvents", "FilterLogEvents"]
    slowed = replace(access, endpoint_url=proxy.url)
    report = workspace.load([group.source], wanted=Wanted(full=True, now=NOW), access=slowed)
    assert (report.records, report.problems) == (1, [])
    assert proxy.requests == {"DescribeLogStreams": 2, "FilterLogEvents": 3}


def test_what_was_loaded_before_aws_gives_up_stays(
    group: Group, workspace: Workspace, access: AwsAccess, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws, "ATTEMPTS", 1)
    for stream in ("eni-1-all", "eni-2-all", "eni-3-all"):
        group.put(stream, [START, START + HOUR])
    slowed = replace(access, endpoint_url=proxy.url)
    monkeypatch.setattr(loader, "_HELD_AT_ONCE", 1)

    def on_progress(progress: Progress) -> None:
        if progress.records == 4 and not proxy.refusals:
            proxy.refusals = ["FilterLogEvents"]

    report = workspace.load(
        [group.source], wanted=Wanted(full=True, now=NOW), access=slowed, on_progress=on_progress
    )
    (problem,) = report.problems
    assert "too busy" in problem.cause
    assert numbers(workspace) == group.numbers[:4]
    workspace.load([group.source], wanted=Wanted(now=NOW), access=access)
    assert numbers(workspace) == group.numbers


def test_streams_that_ended_long_ago_are_not_asked_for(
    group: Group, workspace: Workspace, access: AwsAccess, proxy: Proxy
) -> None:
    for i in range(9):
        group.put(f"old-{i}-all", [START])
    group.put("new-1-all", [START + 40 * HOUR])
    counted = replace(access, endpoint_url=proxy.url)
    workspace.load([group.source], wanted=Wanted(Window(NOW - 9 * HOUR, None), now=NOW), access=counted)
    assert proxy.requests["FilterLogEvents"] == 1
    assert numbers(workspace) == [9]


def test_little_is_held_on_this_machine(group: Group, access: AwsAccess, tmp_path: Path) -> None:
    group.put("eni-1-all", [START + 600 * i for i in range(6 * 40)])
    spool = tmp_path / "spool"

    class Nothing:
        def newest(self, prefix: str, mark: str = "") -> None: ...
        def least_ending(self, prefix: str) -> None: ...
        def unfinished(self, prefix: str) -> list[str]:
            return []

    source = CloudWatchSource(group.source, Wanted(full=True, now=NOW), access, spool)
    most = max(len(list(spool.iterdir())) for _ in source.find(Nothing(), lambda notice: None))
    assert most <= 3
    assert list(spool.iterdir()) == []


def fill(group: Group, streams: int, events: int) -> None:
    """So many events in all, spread evenly over 20 hours."""
    each = events // streams
    for i in range(streams):
        group.put(f"eni-{i:08x}-all", [START + n * 20 * HOUR // each for n in range(each)])


KILLED = """
import sys
from flowsql.sources.aws import AwsAccess
from flowsql.sources.source import Wanted
from flowsql import connect
from flowsql.loading import epoch
epoch._DUE_RECORDS, epoch._PATIENCE = 5_000, 1
store, source, endpoint, now = sys.argv[1:]
access = AwsAccess(region="eu-west-1", endpoint_url=endpoint)
connect(store).load([source], wanted=Wanted(full=True, now=int(now)), access=access)
"""


@pytest.mark.parametrize("events", [20_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_a_load_that_is_killed_goes_on_where_it_was(
    events: int, group: Group, load: Load, workspace: Workspace, access: AwsAccess, tmp_path: Path
) -> None:
    fill(group, 20, events)
    store = str(workspace.store.folder)
    command = [sys.executable, "-c", KILLED, store, group.source, str(access.endpoint_url), str(NOW)]
    # What it leaves of events that were read goes with the test's own folder.
    process = subprocess.Popen(command, env={**os.environ, "TMPDIR": str(tmp_path)})
    try:
        deadline = time.monotonic() + 200
        while process.poll() is None and time.monotonic() < deadline:
            if workspace.store.exists and numbers(workspace):
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == -signal.SIGKILL
    assert 0 < len(numbers(workspace)) < events
    report = load(group.source)
    assert numbers(workspace) == group.numbers
    assert report.records < events
    assert load(group.source).records == 0


@pytest.mark.parametrize("events", [100_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_many_events_twice_with_overlap(events: int, group: Group, load: Load, workspace: Workspace) -> None:
    fill(group, 20, events)
    assert load(group.source, full=True, now=START + 12 * HOUR).records < events
    load(group.source)
    assert numbers(workspace) == group.numbers
