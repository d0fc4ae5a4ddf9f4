"""What many small loads, and many known objects, cost later.

    python benchmarks/store.py                        # 3,000 loads of 1,000 records; a ledger of 1 M objects
    python benchmarks/store.py --loads 300 --ledger 10000

Small loads: each 5-minute object of ten days is loaded by a load of its own, then the same objects at once
into another store; queries over both take turns. Ledger: so many rows are written into the catalogue of a
store, then an object that it knows, and new ones, are loaded beside a store that knows only that object.
Machines are shared and noisy: read the ratios, not the seconds.
"""

from __future__ import annotations

import argparse
import gzip
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from measure import Run, median, run

from flowsql.workspace import Workspace

MIDNIGHT = 1_793_491_200  # 2026-11-01
SLOT_S = 300
QUERIES = {
    "count": "select count(*) from records",
    "sum by hour": 'select "start" // 3600 as hour, sum(bytes) from flows group by hour order by hour',
    "top sources": "select srcaddr, sum(bytes) from flows group by srcaddr order by 2 desc, 1 limit 10",
    "one port, one day": 'select sum(packets) from flows where dstport = 443 and "start" >= '
    f'{MIDNIGHT + 3 * 86_400} and "start" < {MIDNIGHT + 4 * 86_400}',
}
HEADER = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end"
    " action log-status\n"
)


def main() -> None:
    """Measures both, and prints a table of each."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="flowsql-bench-", dir=options.folder) as name:
        if options.loads:
            small_loads(Path(name), options.loads, options.records, options.rounds)
        if options.ledger:
            big_ledger(Path(name), options.ledger, options.rounds)


def small_loads(folder: Path, loads: int, records: int, rounds: int) -> None:
    """Loads one object at a time, then all at once, and compares."""
    objects = list(make_objects(folder / "logs", loads, records))
    one_by_one, at_once = Workspace(folder / "one-by-one"), Workspace(folder / "at-once")
    peaks = []
    begun = time.monotonic()
    for number, path in enumerate(objects):
        if number in (30, loads - 1):
            peaks.append(load(one_by_one, path).peak_bytes)
        else:
            one_by_one.load([path])
    wall_s = time.monotonic() - begun
    begun = time.monotonic()
    at_once.load([folder / "logs"])
    at_once_s = time.monotonic() - begun
    total = loads * records
    print(f"{loads:,} loads of {records:,} records: {wall_s:,.0f} s, at once {at_once_s:,.1f} s")
    print(f"peak memory of a load: {peaks[0] / 1e6:,.0f} MB after 30, {peaks[1] / 1e6:,.0f} MB after all")
    for label, workspace in (("one by one", one_by_one), ("at once", at_once)):
        info = workspace.info()
        assert info.records == total
        print(f"{label}: {info.segments} segments, {info.segment_bytes / 1e6:,.1f} MB")
    print_queries({"one by one": one_by_one, "at once": at_once}, rounds)
    begun = time.monotonic()
    report = one_by_one.compact()
    print(
        f"compact: {time.monotonic() - begun:.1f} s, {report.old_segments} -> {report.new_segments} segments"
    )
    print_queries({"compacted": one_by_one, "at once": at_once}, rounds)


def print_queries(stores: dict[str, Workspace], rounds: int) -> None:
    """CPU seconds of the queries over both stores in turns; ratios of the pairs."""
    one, other = stores
    print(f"\n| query, CPU s | {one} | {other} | ratio |\n| --- | --- | --- | --- |")
    for label, sql in QUERIES.items():
        seconds: dict[str, list[float]] = {name: [] for name in stores}
        answers = set()
        for _ in range(rounds):
            for name, workspace in stores.items():
                begun = time.process_time()
                answers.add(str(workspace.sql(sql).read_all().to_pylist()))
                seconds[name].append(time.process_time() - begun)
        assert len(answers) == 1
        ratio = median([mine / theirs for mine, theirs in zip(*seconds.values(), strict=True)])
        print(f"| {label} | {median(seconds[one]):.3f} | {median(seconds[other]):.3f} | {ratio:.2f} |")
    print()


def big_ledger(folder: Path, rows: int, rounds: int) -> None:
    """Loads of a known and of a new object, with few and with many rows in the ledger."""
    (known, *new) = make_objects(folder / "ledger-logs", rounds + 1, 10)
    few, many = Workspace(folder / "few"), Workspace(folder / "many")
    for workspace in (few, many):
        workspace.load([known])
    fill_ledger(many, rows)
    print(f"ledger of {rows:,} objects: catalogue of {many.info().catalogue_bytes / 1e6:,.0f} MB\n")
    print("| load | few s | many s | peak MB with many |\n| --- | --- | --- | --- |")
    for label, paths in (("known object", [known] * rounds), ("new object", new)):
        runs = [(load(few, path), load(many, path)) for path in paths]
        few_s, many_s = (median([pair[i].wall_s for pair in runs]) for i in (0, 1))
        peak = max(pair[1].peak_bytes for pair in runs)
        print(f"| {label} | {few_s:.2f} | {many_s:.2f} | {peak / 1e6:,.0f} |")


def load(workspace: Workspace, path: Path) -> Run:
    """`flowsql load` in a process of its own."""
    command = "import sys; from flowsql.cli.main import main; sys.exit(main())"
    store = str(workspace.store.folder)
    return run([sys.executable, "-c", command, "load", "--quiet", "--store", store, str(path)])


def make_objects(folder: Path, number: int, records: int) -> Iterator[Path]:
    """So many objects, named by AWS's grammar, of successive 5-minute slots of ten days."""
    folder.mkdir()
    for slot in range(number):
        start = MIDNIGHT + slot * SLOT_S
        stamp = datetime.fromtimestamp(start, UTC).strftime("%Y%m%dT%H%MZ")
        name = f"123456789012_vpcflowlogs_us-east-1_fl-0a1b2c3d4e5f60718_{stamp}_{slot:08x}.log.gz"
        lines = [
            f"2 123456789012 eni-0a1b2c3d4e5f6{n % 50:04x} 10.0.{n % 7}.{(slot + n * 7) % 250}"
            f" 10.9.{n % 5}.{n % 31} {1024 + (slot * 31 + n * 17) % 60_000} {(443, 80, 5432, 53)[n % 4]} 6"
            f" {1 + n % 40} {40 + (slot * n) % 90_000} {start + n % SLOT_S}"
            f" {start + n % SLOT_S + 59} ACCEPT OK\n"
            for n in range(records)
        ]
        (folder / name).write_bytes(gzip.compress("".join([HEADER, *lines]).encode(), 1))
        yield folder / name


def fill_ledger(workspace: Workspace, rows: int) -> None:
    """Rows like those that loads of so many objects of AWS's leave."""
    name = (
        "'123456789012_vpcflowlogs_us-east-1_fl-0a1b2c3d4e5f60718_'"
        " || strftime(to_timestamp(moment), '%Y%m%dT%H%MZ') || '_' || substr(md5(i::text), 1, 8)"
    )
    with (
        workspace.store.staging() as staging,
        workspace.store.catalog.change(staging.path, workspace.store.view_statements, 30) as con,
    ):
        con.execute(
            f"""
            insert into loads by name
            select i + 1000 as load_id, 'aws:' || {name} as identity,
                's3://flow-logs/AWSLogs/123456789012/vpcflowlogs/us-east-1/' || {name} || '.log.gz' as name,
                'live' as state, '${{version}} ${{account-id}} ${{interface-id}} ${{srcaddr}}' as log_format,
                'fl-0a1b2c3d4e5f60718' as flow_log_id, 1000 + hash(i) % 100000 as size_bytes,
                9000 + hash(i) % 1000000 as content_bytes,
                substr(md5((i * 7)::text), 1, 8) || ':' || (9000 + hash(i) % 1000000)::text as content_hash,
                sha256(i::text) as head_sha256, 1001 as lines, 1000 as records, 0 as rejects, 1 as headers,
                0 as blank_lines, 0 as nodata, 0 as skipdata, moment as min_start, moment + 300 as max_start,
                moment as min_end, moment + 300 as max_end, moment as loaded_at
            from (select i, 1700000000 + i * 30 as moment from range({rows}) numbers(i))
            """
        )
        con.execute(
            "insert into objects select name, size_bytes, 'etag:' || substr(md5(name), 1, 16), load_id"
            " from loads where load_id >= 1000"
        )
    first = workspace.store.reserve_load_ids(1)
    workspace.store.catalog.lock_path.write_text(f"{first + rows + 2000:020d}\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--loads", type=int, default=3_000, help="0: leave this part out")
    parser.add_argument("--records", type=int, default=1_000, help="in each of the loads")
    parser.add_argument("--ledger", type=int, default=1_000_000, help="rows; 0: leave this part out")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--folder", help="where logs and stores go; default: the system's temporary one")
    options = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
    return options


if __name__ == "__main__":
    main()
