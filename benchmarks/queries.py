"""What saved queries cost: against SQL by hand over the same segments; whole, and for an hour of thirty days.

python benchmarks/queries.py [RECORDS] [--store DIR] [--only NAME ...]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import duckdb
from measure import Run, median, run

from flowsql.generate.logs import DEFAULT_START, generate
from flowsql.library.cases import read_cases
from flowsql.library.saved_query import FILE, SavedQuery
from flowsql.library.search_path import find_library
from flowsql.logformat.format_string import parse_format_string
from flowsql.workspace import Workspace

ROUNDS = 3
DAYS = 30
LOG_FORMAT = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action"
    " log-status vpc-id subnet-id instance-id tcp-flags pkt-srcaddr pkt-dstaddr flow-direction traffic-path"
    " pkt-src-aws-service pkt-dst-aws-service az-id"
)
# The same question to flowsql and, of {records}, by hand.
_FLOWS = "(log_status is null or log_status not in ('NODATA', 'SKIPDATA'))"
AGGREGATES = {
    "records and bytes by action": (
        "select action, count(*), sum(bytes) from {records} where {flows} group by 1 order by 1"
    ),
    "top sources by bytes": (
        "select srcaddr, sum(bytes) from {records} where {flows} group by 1 order by 2 desc, 1 limit 10"
    ),
    "bytes by hour": (
        'select "start" // 3600 as hour, sum(bytes) from {records} where {flows} group by 1 order by 1'
    ),
    "rejected ports": (
        "select dstport, count(*) from {records} where {flows} and action = 'REJECT'"
        " group by 1 order by 2 desc, 1 limit 10"
    ),
}
_BY_HAND = (
    "import sys, duckdb, pyarrow; con = duckdb.connect({database!r}, read_only={read_only});"
    " print(len(con.sql(sys.argv[1]).to_arrow_table()))"
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("records", nargs="?", type=int, default=10_000_000)
    parser.add_argument("--store", type=Path, help="kept, and used again")
    parser.add_argument("--only", nargs="*", help="these queries, and no aggregates")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flowsql-bench-") as folder:
        store = arguments.store or Path(folder) / "store"
        if not (store / "flowsql.duckdb").exists():
            _fill(store, Path(folder) / "logs", arguments.records)
        if not arguments.only:
            _measure_aggregates(store, Path(folder))
        _measure_queries(store, Path(folder), arguments.only)


def _fill(store: Path, logs: Path, records: int) -> None:
    fields = parse_format_string(LOG_FORMAT)
    generate(logs, records=records, fields=fields, duration_s=DAYS * 86_400, truth=False)
    Workspace(store).load([logs])


def _measure_aggregates(store: Path, folder: Path) -> None:
    files = [str(store / row["path"]) for row in _rows(store, "select path from segments")]
    parquet = f"read_parquet({files}, hive_partitioning=false)"
    native = folder / "native.duckdb"
    with duckdb.connect(str(native)) as con:
        con.execute(f"create table records as from {parquet}")
    print("| aggregate | flowsql, CPU s | read_parquet by hand | ratio | native table | ratio | bar |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, sql in AGGREGATES.items():
        ours: list[Run] = []
        by_hand: list[Run] = []
        by_native: list[Run] = []
        for _ in range(ROUNDS):
            ours.append(_flowsql(store, "sql", sql.format(records="records", flows=_FLOWS)))
            command = [sys.executable, "-c", _BY_HAND.format(database=":memory:", read_only=False)]
            by_hand.append(run([*command, sql.format(records=parquet, flows=_FLOWS)]))
            command = [sys.executable, "-c", _BY_HAND.format(database=str(native), read_only=True)]
            by_native.append(run([*command, sql.format(records="records", flows=_FLOWS)]))
        a, b, c = (median([r.cpu_s for r in runs]) for runs in (ours, by_hand, by_native))
        print(
            f"| {name} | {a:.2f} | {b:.2f} | {a / b:.2f} | {c:.2f} | {a / c:.2f} | {1.5 * c + 0.4:.2f} |",
            flush=True,
        )


def _measure_queries(store: Path, folder: Path, only: list[str] | None) -> None:
    print("\n| query | wall s | CPU s | memory, MB | one hour, wall s | share |")
    print("| --- | --- | --- | --- | --- | --- |")
    since = DEFAULT_START + (DAYS // 2) * 86_400
    logged = {field.column for field in parse_format_string(LOG_FORMAT)}
    for query in find_library(None, None).all():
        if only and query.name not in only:
            continue
        if lacking := sorted({*query.needs} - logged):
            print(f"| {query.name} | needs {', '.join(lacking)} | | | | |", flush=True)
            continue
        texts = _texts(query, folder)
        whole = _flowsql(store, "run", query.name, *texts)
        hour = _flowsql(store, "run", query.name, *texts, "--since", str(since), "--until", str(since + 3600))
        print(
            f"| {query.name} | {whole.wall_s:.1f} | {whole.cpu_s:.1f} | {whole.peak_bytes / 1e6:,.0f} |"
            f" {hour.wall_s:.1f} | {hour.wall_s / whole.wall_s:.2f} |",
            flush=True,
        )


def _texts(query: SavedQuery, folder: Path) -> list[str]:
    """Parameters that it must have: something of this network, else of its first case."""
    case = read_cases(query)[0]
    middle = DEFAULT_START + (DAYS // 2) * 86_400 + 1800
    known = {"ip": "10.0.1.10", "cidr": "10.0.0.0/16", "time": str(middle)}
    texts = []
    for parameter in query.parameters:
        if parameter.is_required:
            text = known.get(parameter.type) or case.parameters[parameter.name]
            if parameter.type == FILE:
                path = folder / f"{query.name}.csv"
                path.write_text(case.files[text])
                text = str(path)
            texts.append(f"{parameter.name}={text}")
    return texts


def _flowsql(store: Path, *arguments: str) -> Run:
    """A command of flowsql without the trust line, which is a query of its own."""
    command = [sys.executable, "-m", "flowsql.cli.main", *arguments, "--store", str(store), "--quiet"]
    return run([*command, "--format", "csv"])


def _rows(store: Path, sql: str) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = Workspace(store).sql(sql).read_all().to_pylist()
    return rows


if __name__ == "__main__":
    main()
