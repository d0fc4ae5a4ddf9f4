"""Loading from S3: which objects are asked for, and what becomes of them when things go wrong.

The server is a real one; faults come from a proxy before it.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flowsql.sources import s3_bucket, s3_file
from flowsql.workspace import Workspace

BUCKET = "s3://flow-logs"
ACCOUNT, REGION, FLOW_LOG = "123456789012", "eu-west-1", "fl-0a1b2c3d4e5f60718"
DAY = date(2026, 11, 20)
LAYOUTS = {
    "plain": "AWSLogs/{account}/vpcflowlogs/{region}/%Y/%m/%d/",
    "hourly": "AWSLogs/{account}/vpcflowlogs/{region}/%Y/%m/%d/%H/",
    "hive": "AWSLogs/aws-account-id={account}/aws-service=vpcflowlogs/aws-region={region}/year=%Y/month=%m/day=%d/",
    "hive of transit gateways": "AWSLogs/aws-account-id={account}/service=vpcflowlogs/aws-region={region}/"
    "year=%Y/month=%m/day=%d/",
    "hive and hourly": "AWSLogs/aws-account-id={account}/aws-service=vpcflowlogs/aws-region={region}/"
    "year=%Y/month=%m/day=%d/hour=%H/",
}
Make = Callable[..., bytes]
Flowsql = Callable[..., Any]


def moment(day: date, hour: int = 10) -> int:
    return int(datetime(day.year, day.month, day.day, hour, tzinfo=UTC).timestamp())


def key_of(
    day: date,
    number: int = 0,
    *,
    layout: str = "plain",
    account: str = ACCOUNT,
    region: str = REGION,
    suffix: str = ".log.gz",
) -> str:
    """The key that AWS would give to a file of that day, at ten o'clock, with that number as its hash."""
    folders = datetime(day.year, day.month, day.day, 10, tzinfo=UTC).strftime(LAYOUTS[layout])
    name = f"{account}_vpcflowlogs_{region}_{FLOW_LOG}_{day:%Y%m%d}T1000Z_{number:08x}{suffix}"
    return folders.format(account=account, region=region) + name


@pytest.fixture
def packed(log_text: Make) -> Callable[..., bytes]:
    """Makes a gzip object of the records with these numbers, which start at ten o'clock of the day."""

    def make(*numbers: int, day: date = DAY) -> bytes:
        return gzip.compress(log_text(numbers, start=moment(day)), mtime=0)

    return make


@dataclass
class Case:
    """A folder of its own in the bucket, and a store; loads go through the proxy, which counts them anew."""

    server: Any
    proxy: Any
    workspace: Workspace
    prefix: str
    flowsql: Flowsql
    numbers_in: Callable[[Workspace], list[int]]

    def put(self, objects: dict[str, bytes]) -> None:
        self.server.put({self.prefix + key: content for key, content in objects.items()})

    def delete(self, key: str) -> None:
        self.server.client.delete_object(Bucket="flow-logs", Key=self.prefix + key)

    def load(self, *options: object, below: str = "") -> Any:
        self.proxy.requests.clear()
        source, store = f"{BUCKET}/{self.prefix}{below}", self.workspace.store.folder
        return self.flowsql("load", source, "--store", store, "--endpoint-url", self.proxy.url, *options)

    def numbers(self) -> list[int]:
        return self.numbers_in(self.workspace)

    def read_keys(self) -> list[str]:
        return [key.removeprefix(self.prefix) for key in self.proxy.read_keys()]


@pytest.fixture
def s3(
    request: pytest.FixtureRequest,
    seaweedfs: Any,
    proxy: Any,
    workspace: Workspace,
    flowsql: Flowsql,
    numbers_in: Callable[[Workspace], list[int]],
) -> Iterator[Case]:
    folder = f"{sha256(request.node.nodeid.encode()).hexdigest()[:12]}/"
    yield Case(seaweedfs, proxy, workspace, folder, flowsql, numbers_in)
    pages = seaweedfs.client.get_paginator("list_objects_v2").paginate(Bucket="flow-logs", Prefix=folder)
    keys = [{"Key": item["Key"]} for page in pages for item in page.get("Contents", ())]
    for first in range(0, len(keys), 1000):
        seaweedfs.client.delete_objects(Bucket="flow-logs", Delete={"Objects": keys[first : first + 1000]})


@pytest.mark.parametrize(
    ("layout", "above"), [*((layout, "") for layout in LAYOUTS), ("plain", "a/b/c/d/"), ("hive", "x y=1+é/")]
)
def test_only_the_wanted_days_are_listed_and_read(
    layout: str, above: str, packed: Callable[..., bytes], s3: Case
) -> None:
    days = [DAY + timedelta(days=n) for n in range(5)]
    keys = [f"{above}{key_of(day, layout=layout)}" for day in days]
    s3.put({key: packed(n, day=days[n]) for n, key in enumerate(keys)})
    finished = s3.load("--since", f"{days[2]}T00:00Z", "--until", f"{days[3]}T23:00Z")
    assert finished.code == 0, finished.err
    assert f"account {ACCOUNT}, region {REGION}, from {days[2]} to {days[3]}" in finished.err
    assert "2 loaded" in finished.err
    assert s3.numbers() == [2, 3]
    assert sorted(s3.read_keys()) == keys[2:4]
    of_days = [p for p in s3.proxy.listed() if "20" in p.rpartition("AWSLogs/")[2].partition(REGION)[2]]
    folders = [key.rpartition("/")[0].removesuffix("/10").removesuffix("/hour=10") for key in keys]
    assert sorted(of_days) == [f"{s3.prefix}{folder}/" for folder in folders[2:4]]


def test_sync_goes_on_a_day_before_the_newest_known_object(packed: Callable[..., bytes], s3: Case) -> None:
    days = [DAY + timedelta(days=n) for n in range(5)]
    s3.put({key_of(day): packed(n, day=day) for n, day in enumerate(days)})
    refused = s3.load()
    assert (refused.code, "--since" in refused.err, "--full" in refused.err) == (2, True, True)
    assert not s3.workspace.store.exists
    assert s3.load("--since", days[3], "--until", days[4]).code == 0
    # Late ones: in the day before the newest known object, and too far back.
    late = {key_of(days[2], 7): packed(70), key_of(days[3], 7): packed(71, 72)}
    s3.put({**late, key_of(days[0], 7): packed(73)})
    finished = s3.load("--now", f"{days[4]}T12:00Z")
    assert f"from {days[2]} on" in finished.err
    assert s3.numbers() == [2, 3, 4, 70, 71, 72]
    assert len(s3.read_keys()) == 4
    assert s3.load("--full").code == 0
    assert s3.numbers() == [0, 1, 2, 3, 4, 70, 71, 72, 73]
    assert s3.load("--now", f"{days[4]}T12:00Z").code == 0
    assert s3.read_keys() == []


@pytest.mark.parametrize("layout", ["plain", "hive and hourly"])
def test_a_folder_of_a_year_is_bounded_as_its_region_is(
    layout: str, packed: Callable[..., bytes], s3: Case
) -> None:
    days = [DAY - timedelta(days=400), *(DAY + timedelta(days=n) for n in range(4))]
    keys = [key_of(day, layout=layout) for day in days]
    s3.put({key: packed(n, day=day) for n, (key, day) in enumerate(zip(keys, days, strict=True))})
    year = keys[1][: keys[1].index("2026/") + 5]
    assert s3.load(below=year).code == 2
    assert s3.load("--since", days[2], "--until", days[3], below=year).code == 0
    assert s3.numbers() == [2]
    assert s3.load("--now", f"{days[3]}T12:00Z", below=year).code == 0
    assert s3.numbers() == [1, 2, 3, 4]
    asked = s3.proxy.listed()
    assert all(
        folder.startswith(s3.prefix + year) and len(folder) > len(s3.prefix + year) for folder in asked
    )
    month = keys[1][: keys[1].index("11/") + 3]
    nothing = s3.load("--since", f"{DAY.year + 1}-01-01", "--until", f"{DAY.year + 1}-01-02", below=month)
    assert (nothing.code, "no day of the wanted time lies below" in nothing.err) == (5, True)
    assert s3.load("--full", below=month).code == 0
    assert s3.numbers() == [1, 2, 3, 4]


def test_each_region_has_its_own_mark(packed: Callable[..., bytes], s3: Case) -> None:
    days = [DAY + timedelta(days=n) for n in range(4)]
    regions = ["eu-west-1", "us-east-1"]
    first = {key_of(days[0], region=regions[0]): packed(0, day=days[0])}
    first |= {key_of(days[3], region=regions[1]): packed(1, day=days[3])}
    s3.put(first)
    assert s3.load("--full").code == 0
    s3.put(
        {
            key_of(days[1], region=regions[0]): packed(2, day=days[1]),
            key_of(days[1], region=regions[1]): packed(3, day=days[1]),
            # An account that is new begins where the others are, so old logs of it are not walked through.
            key_of(days[0], account="210987654321"): packed(4, day=days[0]),
            key_of(days[3], account="210987654321"): packed(5, day=days[3]),
        }
    )
    assert s3.load("--now", f"{days[3]}T12:00Z").code == 0
    assert s3.numbers() == [0, 1, 2, 5]


def test_text_and_parquet_changed_and_vanished_objects(packed: Callable[..., bytes], s3: Case) -> None:
    table = pa.table(
        {
            "packets": pa.array([8, 9], pa.int64()),
            "start": pa.array([moment(DAY)] * 2),
            "log_status": ["OK", "OK"],
        }
    )
    sink = io.BytesIO()
    pq.write_table(table, sink)
    text, columns, gone = (
        key_of(DAY, n, suffix=s) for n, s in enumerate((".log.gz", ".log.parquet", ".log.gz"))
    )
    s3.put({text: packed(1, 2), columns: sink.getvalue(), gone: packed(3)})
    assert s3.load("--since", DAY).code == 0
    assert s3.numbers() == [1, 2, 3, 8, 9]
    s3.put({text: packed(1, 5)})
    s3.delete(gone)
    finished = s3.load("--since", DAY)
    assert "1 loaded in place of an older version" in finished.err
    assert s3.numbers() == [1, 3, 5, 8, 9]


def test_strangers_are_skipped_and_counted(packed: Callable[..., bytes], s3: Case) -> None:
    day_folder = key_of(DAY).rpartition("/")[0]
    s3.put(
        {
            key_of(DAY): packed(1),
            "aws-logs-write-test": b"Permission Check Successful",
            f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/11/20/trail.json.gz": gzip.compress(b"{}"),
            f"{day_folder}/note.txt": b"do not delete",
        }
    )
    finished = s3.load("--since", DAY)
    assert finished.code == 0
    assert "1 loaded" in finished.err
    assert "2 not flow logs" in finished.err
    assert s3.numbers() == [1]
    assert not [key for key in s3.read_keys() if "CloudTrail" in key or "write-test" in key]


def test_folders_without_aws_layout(packed: Callable[..., bytes], s3: Case) -> None:
    """Firehose's folders of years are known; other objects are loaded whatever their names."""
    s3.put(
        {
            "fire/2026/11/19/23/stream-1-2026-11-19-23": packed(1, day=DAY - timedelta(days=1)),
            "fire/2026/11/20/09/stream-1-2026-11-20-09": packed(2),
            "copies/old/a.log.gz": packed(3),
            "b.log.gz": packed(4),
        }
    )
    assert s3.load("--since", DAY).code == 0
    assert s3.numbers() == [2, 3, 4]
    assert s3.load("--since", datetime.now(UTC).date() + timedelta(days=1), below="copies").code == 5
    assert s3.load(below="b.log.gz").code == 0
    assert s3.load(below="fire/2026/11/").code == 0
    assert s3.numbers() == [1, 2, 3, 4]


def test_nothing_found_is_said_aloud(packed: Callable[..., bytes], s3: Case) -> None:
    finished = s3.load("--full", below="nowhere")
    assert (finished.code, "nowhere: no object lies below" in finished.err) == (5, True)
    s3.put({key_of(DAY): packed(1)})
    finished = s3.load("--since", DAY - timedelta(days=3), "--until", DAY - timedelta(days=1))
    assert finished.code == 5
    assert "no log object found, looked below" in finished.err
    assert "2026/11/17/" in finished.err


@pytest.mark.parametrize(
    ("name", "value", "cause"),
    [
        ("AWS_SECRET_ACCESS_KEY", "wrong", "the secret access key is wrong"),
        ("AWS_ACCESS_KEY_ID", "wrong", "AWS does not know this access key"),
        ("AWS_ACCESS_KEY_ID", "", "found no AWS credentials"),
    ],
)
def test_wrong_keys_are_refused(
    name: str, value: str, cause: str, credentials: pytest.MonkeyPatch, s3: Case
) -> None:
    if value:
        credentials.setenv(name, value)
    else:
        credentials.delenv("AWS_ACCESS_KEY_ID")
        credentials.delenv("AWS_SECRET_ACCESS_KEY")
    finished = s3.load("--full")
    assert finished.code == 5
    assert cause in finished.err
    assert "try: " in finished.err
    assert not s3.workspace.store.exists


def test_an_authority_of_ones_own_is_trusted_when_it_is_named(
    tls_proxy: tuple[Any, Path], credentials: pytest.MonkeyPatch, packed: Callable[..., bytes], s3: Case
) -> None:
    s3.put({key_of(DAY): packed(0)})
    s3.proxy, bundle = tls_proxy
    refused = s3.load("--full")
    assert (refused.code, "$AWS_CA_BUNDLE" in refused.err) == (5, True)
    credentials.setenv("AWS_CA_BUNDLE", str(bundle))
    finished = s3.load("--full")
    assert finished.code == 0, finished.err
    assert s3.numbers() == [0]
    credentials.setenv("AWS_CA_BUNDLE", f"{bundle}.no")
    absent = s3.load("--full")
    assert (absent.code, "$AWS_CA_BUNDLE" in absent.err) == (5, True), absent.err


@pytest.mark.parametrize(
    ("arguments", "code", "cause"),
    [
        (["s3://no-such-bucket-here/x"], 5, "no such bucket"),
        (["s3:///x"], 2, "names no bucket"),
        (["s3://flow-logs", "--profile", "nobody"], 2, "nobody"),
        (["s3://flow-logs", "--aws-region", "not a region"], 2, "not a region"),
        (["s3://flow-logs", "--endpoint-url", "nowhere"], 2, "nowhere"),
        (["s3://flow-logs", "--since", "1h"], 2, "--full"),
    ],
)
def test_mistakes_are_explained(
    arguments: list[str], code: int, cause: str, flowsql: Flowsql, seaweedfs: Any, tmp_path: Path
) -> None:
    finished = flowsql(
        "load", "--full", "--endpoint-url", seaweedfs.url, *arguments, "--store", tmp_path / "store"
    )
    assert finished.code == code
    assert cause in finished.err
    assert "Traceback" not in finished.err


def test_dry_run_writes_nothing(packed: Callable[..., bytes], s3: Case) -> None:
    s3.put({key_of(DAY): packed(1, 2)})
    finished = s3.load("--since", DAY, "--dry-run")
    assert finished.code == 0
    assert "would load 2 records" in finished.err
    assert not s3.workspace.store.exists


def test_logs_are_queried_where_they_lie(packed: Callable[..., bytes], s3: Case) -> None:
    days = [DAY + timedelta(days=n) for n in range(4)]
    s3.put({key_of(day): packed(n, day=day) for n, day in enumerate(days)})
    question = [
        "sql",
        "select packets from flows",
        "--logs",
        f"{BUCKET}/{s3.prefix}",
        "--endpoint-url",
        s3.proxy.url,
    ]
    finished = s3.flowsql(*question, "--since", days[1], "--until", days[2])
    assert finished.out.split() == ["packets", "1"]
    assert s3.read_keys() == [key_of(days[1])]
    assert s3.flowsql(*question).code == 2
    assert s3.flowsql(*question, "--full").out.split() == ["packets", "0", "1", "2", "3"]


def test_what_a_query_compares_with_is_read_too(
    packed: Callable[..., bytes], s3: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [DAY + timedelta(days=n) for n in range(5)]
    s3.put({key_of(day): packed(n, day=day) for n, day in enumerate(days)})
    monkeypatch.chdir(tmp_path)
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "numbers.sql").write_text(
        "-- Which records were there?\n-- counts: records\n-- needs: packets\n-- history: 2d\n-- read: each by its packets\n"
        "select packets from records_with_history order by packets\n"
    )
    finished = s3.flowsql(
        *("run", "numbers", "--logs", f"{BUCKET}/{s3.prefix}", "--endpoint-url", s3.proxy.url),
        *("--since", days[3], "--until", days[4]),
    )
    assert finished.out.split() == ["packets", "1", "2", "3"], finished.err
    assert sorted(s3.read_keys()) == [key_of(day) for day in days[1:4]]


# Faults: what the server does to the first of three objects, what becomes of it, and the load's exit code.
FAULTS = {
    "connection cut once": (lambda proxy, key: proxy.cut(1, key), "3 loaded", 0),
    "503 SlowDown twice": (lambda proxy, key: proxy.refuse(503, "SlowDown", 2, key), "3 loaded", 0),
    "500 once": (lambda proxy, key: proxy.refuse(500, "InternalError", 1, key), "3 loaded", 0),
    "access denied": (
        lambda proxy, key: proxy.refuse(403, "AccessDenied", 99, key),
        "2 loaded, 1 not loaded",
        5,
    ),
    "token expired": (lambda proxy, key: proxy.refuse(400, "ExpiredToken", 99, key), "objects: none", 5),
    "deleted since": (
        lambda proxy, key: proxy.refuse(404, "NoSuchKey", 99, key),
        "2 loaded, 1 not loaded",
        5,
    ),
}


@pytest.mark.parametrize(("fault", "told", "code"), FAULTS.values(), ids=FAULTS)
def test_fault_while_reading(
    fault: Callable[..., None], told: str, code: int, packed: Callable[..., bytes], s3: Case
) -> None:
    keys = [key_of(DAY, n) for n in range(3)]
    s3.put({key: packed(*range(100 * n, 100 * n + 100)) for n, key in enumerate(keys)})
    fault(s3.proxy, keys[0])
    finished = s3.load("--since", DAY)
    assert finished.code == code, finished.err
    assert Counter(finished.err.partition("objects: ")[2].strip().split(", ")) == Counter(
        told.removeprefix("objects: ").split(", ")
    )
    assert ("try: " in finished.err) == (code != 0 and "deleted" not in finished.err)
    s3.proxy.fault = lambda request: None
    assert s3.load("--since", DAY).code == 0
    assert s3.numbers() == list(range(300))


def test_object_replaced_between_listing_and_reading(packed: Callable[..., bytes], s3: Case) -> None:
    key = key_of(DAY)
    s3.put({key: packed(1, 2)})

    def replace(request: Any) -> None:
        if request.key == s3.prefix + key and request.method == "GET":
            s3.proxy.fault = lambda request: None
            s3.put({key: packed(3, 4, 5)})

    s3.proxy.fault = replace
    finished = s3.load("--since", DAY)
    assert finished.code == 5
    assert "was replaced while it was being read" in finished.err
    assert s3.load("--since", DAY).code == 0
    assert s3.numbers() == [3, 4, 5]


@pytest.fixture
def in_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects are read in pieces of 2,000 bytes, as big ones are in pieces of 8 MiB."""
    monkeypatch.setattr(s3_bucket, "WHOLE_BYTES", 1_000)
    monkeypatch.setattr(s3_file, "_PIECE_BYTES", 2_000)


@pytest.mark.usefixtures("in_ranges")
def test_big_object_is_read_in_ranges_whatever_breaks(packed: Callable[..., bytes], s3: Case) -> None:
    content = packed(*range(2_000))
    s3.put({key_of(DAY): content})
    s3.proxy.cut(3, key_of(DAY))
    assert s3.load("--since", DAY).code == 0
    ranges = {request.headers.get("range") for request in s3.proxy.requests if request.key}
    assert ranges == {
        f"bytes={start}-{min(start + 2_000, len(content)) - 1}" for start in range(0, len(content), 2_000)
    }
    assert s3.numbers() == list(range(2_000))


@pytest.mark.usefixtures("in_ranges")
def test_big_object_is_replaced_while_it_is_read(packed: Callable[..., bytes], s3: Case) -> None:
    """Bytes of the two versions do not mix: what was read of the old one gives way to the new one."""
    s3.put({key_of(DAY): packed(*range(20_000))})

    def replace(request: Any) -> None:
        if request.headers.get("range", "").startswith("bytes=40000-"):
            s3.proxy.fault = lambda request: None
            s3.put({key_of(DAY): packed(*range(50_000, 50_100))})

    s3.proxy.fault = replace
    finished = s3.load("--since", DAY)
    assert finished.code == 5
    assert "was replaced while it was being read" in finished.err
    assert s3.numbers() == list(range(len(s3.numbers())))
    assert s3.load("--since", DAY).code == 0
    assert s3.numbers() == list(range(50_000, 50_100))


def test_truncated_object_and_its_sound_version(packed: Callable[..., bytes], s3: Case) -> None:
    content = packed(*range(1000))
    s3.put({key_of(DAY): content[: len(content) // 2], key_of(DAY, 1): packed(5000)})
    finished = s3.load("--since", DAY)
    assert finished.code == 5
    assert "ends in the middle" in finished.err
    numbers = s3.numbers()
    assert numbers[-1] == 5000
    assert 0 < len(numbers) < 1000
    # It is known to be damaged, so a cron line is not told again.
    assert s3.load("--since", DAY).code == 0
    s3.put({key_of(DAY): content})
    assert s3.load("--since", DAY).code == 0
    assert s3.numbers() == [*range(1000), 5000]


def test_unfinished_object_is_read_again_however_old(packed: Callable[..., bytes], s3: Case) -> None:
    days = [DAY + timedelta(days=n) for n in range(6)]
    s3.put({key_of(day): packed(n, day=day) for n, day in enumerate(days)})
    s3.proxy.refuse(403, "AccessDenied", 99, key_of(days[0]))
    assert s3.load("--full").code == 5
    assert s3.numbers() == [1, 2, 3, 4, 5]
    s3.proxy.fault = lambda request: None
    assert s3.load("--now", f"{days[5]}T12:00Z").code == 0
    assert s3.numbers() == [0, 1, 2, 3, 4, 5]


def test_token_expires_while_days_are_listed(packed: Callable[..., bytes], s3: Case) -> None:
    days = [DAY + timedelta(days=n) for n in range(12)]
    s3.put({key_of(day): packed(n, day=day) for n, day in enumerate(days)})
    body = b"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"
    s3.proxy.fault = lambda request: (400, body, len(body)) if request.prefix.endswith("/11/29/") else None
    finished = s3.load("--since", DAY, "--now", f"{days[11]}T12:00Z")
    assert finished.code == 5
    assert "the credentials have expired" in finished.err
    assert s3.numbers() == list(range(9))
    s3.proxy.fault = lambda request: None
    assert s3.load("--now", f"{days[11]}T12:00Z").code == 0
    assert s3.numbers() == list(range(12))


def test_requester_pays_is_said_with_every_request(packed: Callable[..., bytes], s3: Case) -> None:
    s3.put({key_of(DAY): packed(1)})
    assert s3.load("--since", DAY, "--requester-pays").code == 0
    payers = [
        {k.lower(): v for k, v in r.headers.items()}.get("x-amz-request-payer") for r in s3.proxy.requests
    ]
    assert set(payers) == {"requester"}
    assert len(payers) > 3


def test_many_failures_in_a_row_end_the_source(packed: Callable[..., bytes], s3: Case) -> None:
    s3.put({key_of(DAY, n): packed(n) for n in range(40)})
    s3.proxy.refuse(403, "AccessDenied", 999, "")
    finished = s3.load("--since", DAY)
    assert finished.code == 5
    assert "objects in a row could not be read (access denied)" in finished.err
    assert finished.err.count("access denied") < 25
    s3.proxy.fault = lambda request: None
    assert s3.load("--since", DAY).code == 0


LOAD_PROCESS = Path(__file__).parents[1] / "faults" / "load_process.py"


@pytest.mark.parametrize("renames", [3, 5, 6, 7])
def test_killed_in_the_middle_of_a_sync(
    renames: int, packed: Callable[..., bytes], credentials: pytest.MonkeyPatch, s3: Case
) -> None:
    """The process is killed before it publishes: the new store's views, the first objects, and later ones."""
    keys = [key_of(DAY, n) for n in range(30)]
    s3.put({key: packed(*range(10 * n, 10 * n + 10)) for n, key in enumerate(keys)})
    folder = keys[0].rpartition("/")[0]
    options = json.dumps({"due_records": 40, "die_before": ["os.rename", "/flowsql.duckdb", renames]})
    command = [
        sys.executable,
        str(LOAD_PROCESS),
        str(s3.workspace.store.folder),
        options,
        f"{BUCKET}/{s3.prefix}{folder}/",
    ]
    environment = {**os.environ, "AWS_ENDPOINT_URL_S3": s3.proxy.url}
    killed = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert killed.returncode == -9, killed.stderr
    survived = s3.numbers()
    assert survived == list(range(len(survived)))
    assert len(survived) < 300
    assert bool(survived) == (renames > 5)
    assert s3.load("--since", DAY).code == 0
    assert s3.numbers() == list(range(300))


def sync_one_day(days: int, files: int, content: bytes, s3: Case) -> None:
    """A bucket of so many days and files a day, of which the newest day is loaded."""
    all_days = [DAY - timedelta(days=n) for n in range(days)]
    s3.put({key_of(day, n): b"never read" for day in all_days[1:] for n in range(files)})
    s3.put({key_of(DAY, n): content for n in range(files)})
    finished = s3.load("--since", DAY, "--now", f"{DAY}T23:00Z")
    assert f"{files:,} loaded" in finished.err, finished.err
    regions = s3.prefix + key_of(DAY).partition("2026/")[0]
    listed = Counter(name for name in s3.proxy.listed() if name.startswith(regions))
    # The day itself, and the next one: clocks differ.
    pages = -(-files // 1000)
    assert listed == {f"{regions}2026/11/20/": pages, f"{regions}2026/11/21/": 1}
    assert len(s3.proxy.requests) - files - sum(listed.values()) <= 5
    assert sorted(s3.read_keys()) == sorted(key_of(DAY, n) for n in range(files))


def test_big_bucket_is_asked_for_one_day_only(packed: Callable[..., bytes], s3: Case) -> None:
    sync_one_day(50, 100, packed(1), s3)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_very_big_bucket_is_asked_for_one_day_only(packed: Callable[..., bytes], s3: Case) -> None:
    sync_one_day(200, 1_000, packed(1), s3)


def test_when_objects_arrived_is_when_they_were_uploaded(packed: Callable[..., bytes], s3: Case) -> None:
    before = int(time.time())
    s3.put({key_of(DAY, 1): packed(1)})
    after = int(time.time()) + 1
    a_year_later = f"{DAY.year + 1}-{DAY:%m-%d}"
    assert s3.load("--full", "--now", a_year_later).code == 0
    text = "select arrived_at from deliveries"
    (row,) = s3.workspace.sql(text).read_all().to_pylist()
    assert before - 2 <= row["arrived_at"] <= after + 2
