"""Loading from S3 against loading the same files from local disk.

    python benchmarks/s3.py                           # 2,000 objects of 1,000 records
    python benchmarks/s3.py --objects 200 --records 10000

The objects lie in AWS's layout, in a folder and in SeaweedFS on 127.0.0.1, which has the same two cores.
Both loads take turns, each into a new store. Machines are shared and noisy: read the ratio of the pairs.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import boto3
import obstore
from measure import Run, median, run
from obstore.store import S3Store

KEY, SECRET, BUCKET = "benchmark", "of-the-benchmark", "flow-logs"
DAY_S, SLOT_S = 1_795_392_000, 300  # 2026-11-23
HEADER = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end"
    " action log-status\n"
)


def main() -> None:
    """Measures pairs of loads, and prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--objects", type=int, default=2_000)
    parser.add_argument("--records", type=int, default=1_000, help="in each object")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", help="where to work")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flowsql-bench-", dir=options.folder) as name:
        folder = Path(name)
        size_bytes = make_objects(folder / "logs", options.objects, options.records)
        print(f"{options.objects:,} objects of {options.records:,} records, {size_bytes / 1e6:,.1f} MB gzip")
        with seaweedfs(folder / "seaweedfs") as endpoint:
            upload(folder / "logs", endpoint)
            compare(folder, endpoint, options.objects * options.records, options.rounds)


def make_objects(folder: Path, objects: int, records: int) -> int:
    """Writes the objects, 288 slots a day; returns their size."""
    size_bytes = 0
    for number in range(objects):
        start = DAY_S + number * SLOT_S
        lines = [
            f"2 123456789012 eni-{i % 40:017x} 10.{i % 7}.{(i * 7919 + number) >> 8 & 255}.{i * 31 & 255}"
            f" 10.9.{i % 11}.{i * 13 & 255} {1024 + (i * 48_271 + number) % 60_000} {(443, 80)[i % 2]}"
            f" 6 {1 + i % 97} {40 + (i * 6_364_136 + number) % 90_000} {start + i % 300}"
            f" {start + i % 300 + 59} {'REJECT' if i % 9 == 0 else 'ACCEPT'} OK\n"
            for i in range(records)
        ]
        at = time.gmtime(start)
        path = folder / time.strftime("AWSLogs/123456789012/vpcflowlogs/eu-west-1/%Y/%m/%d/", at)
        path.mkdir(parents=True, exist_ok=True)
        name = time.strftime(
            f"123456789012_vpcflowlogs_eu-west-1_fl-0a1b2c3d_%Y%m%dT%H%MZ_{number:08x}.log.gz", at
        )
        content = gzip.compress("".join([HEADER, *lines]).encode(), 6)
        (path / name).write_bytes(content)
        size_bytes += len(content)
    return size_bytes


@contextmanager
def seaweedfs(folder: Path) -> Iterator[str]:
    """A server with an empty bucket; its address."""
    folder.mkdir()
    identity = {"accessKey": KEY, "secretKey": SECRET}
    allowed = {"name": "all", "credentials": [identity], "actions": ["Admin", "Read", "Write", "List"]}
    (folder / "identities.json").write_text(json.dumps({"identities": [allowed]}))
    ports = dict(zip(("s3.port", "master.port", "volume.port", "filer.port"), free_ports(4), strict=True))
    command = [
        str(Path(sys.executable).with_name("weed")),
        *("-logtostderr=true", "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}", "-s3"),
        *("-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false", "-volume.max=50"),
        *(f"-s3.config={folder / 'identities.json'}", "-master.volumeSizeLimitMB=64"),
        *(f"-{name}={port}" for name, port in ports.items()),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    endpoint = f"http://127.0.0.1:{ports['s3.port']}"
    os.environ |= {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
    try:
        for _ in range(300):
            with suppress(Exception):
                boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=BUCKET)
                break
            time.sleep(0.2)
        yield endpoint
    finally:
        process.kill()
        process.wait()


def free_ports(number: int) -> list[int]:
    """Ports that are free, and so are those 10,000 above, which SeaweedFS takes too."""
    ports: list[int] = []
    for port in range(20_000 + os.getpid() % 20_000, 55_000):
        with suppress(OSError), socket.socket() as low, socket.socket() as high:
            low.bind(("127.0.0.1", port))
            high.bind(("127.0.0.1", port + 10_000))
            ports.append(port)
        if len(ports) == number:
            break
    return ports


def upload(folder: Path, endpoint: str) -> None:
    """Copies the folder into the bucket."""
    store = S3Store(BUCKET, endpoint=endpoint, client_options={"allow_http": True})
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda path: obstore.put(store, str(path.relative_to(folder)), path), files))


def compare(folder: Path, endpoint: str, records: int, rounds: int) -> None:
    """Loads from both places by turns."""
    runs: dict[str, list[Run]] = {"local disk": [], "S3": []}
    sources = {
        "local disk": [str(folder / "logs")],
        "S3": [f"s3://{BUCKET}", "--full", "--endpoint-url", endpoint],
    }
    for number in range(rounds):
        for label, source in sources.items():
            store = folder / f"store-{number}"
            command = [sys.executable, "-m", "flowsql.cli.main", "load", *source, "--store", str(store)]
            runs[label].append(run(command))
            count = [sys.executable, "-m", "flowsql.cli.main", "sql", "select count(*) from records", "-q"]
            assert run([*count, "--store", str(store)]).output.split()[-1] == str(records)
            shutil.rmtree(store)
    print("| from | records/s | wall s | CPU s | peak memory of the process |")
    print("| --- | --- | --- | --- | --- |")
    for label, taken in runs.items():
        wall_s, cpu_s = median([r.wall_s for r in taken]), median([r.cpu_s for r in taken])
        peak = max(r.peak_bytes for r in taken)
        print(f"| {label} | {records / wall_s:,.0f} | {wall_s:.2f} | {cpu_s:.2f} | {peak / 1e6:,.0f} MB |")
    pairs = list(zip(runs["local disk"], runs["S3"], strict=True))
    print(
        f"speed of S3 / of local disk, median of pairs: {median([a.wall_s / b.wall_s for a, b in pairs]):.2f}"
    )
    print(f"CPU of S3 / of local disk: {median([b.cpu_s / a.cpu_s for a, b in pairs]):.2f}")


if __name__ == "__main__":
    main()
