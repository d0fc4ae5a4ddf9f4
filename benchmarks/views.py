"""How long direction and conversations take, against `flows` and a bare group-by of the ends of records.

python benchmarks/views.py [RECORDS] [--memory-limit SIZE] [--store DIR]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from measure import Run, median, run

from flowsql.generate.logs import generate
from flowsql.logformat.format_string import parse_format_string
from flowsql.workspace import Workspace

ROUNDS = 3
LOG_FORMAT = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action"
    " log-status vpc-id subnet-id tcp-flags pkt-srcaddr pkt-dstaddr flow-direction traffic-path"
)
# What two records of a conversation have in common: where, which protocol, both ends.
CANONICAL_KEY = (
    "select count(*) from (select interface_id, resource_id, protocol,"
    " least(srcaddr, dstaddr), greatest(srcaddr, dstaddr),"
    " least(coalesce(pkt_srcaddr, srcaddr), coalesce(pkt_dstaddr, dstaddr)),"
    " greatest(coalesce(pkt_srcaddr, srcaddr), coalesce(pkt_dstaddr, dstaddr)),"
    " least(srcport, dstport), greatest(srcport, dstport),"
    ' count(*), sum(packets), sum(bytes), min(start), max("end")'
    " from flows group by all)"
)
OUTCOMES = (
    "select outcome, count(*), sum(bytes_to_server) from conversations group by outcome order by outcome"
)


def statements(interface: str, address: str) -> dict[str, tuple[str, list[str]]]:
    """What is measured -> its SQL, and options of the command."""
    sums = "count(*), sum(bytes)"
    cases: dict[str, tuple[str, list[str]]] = {
        "flows, a sum": (f"select action, {sums} from flows where protocol = 6 group by 1 order by 1", []),
        "tcp_directions": (f"select evidence, {sums} from tcp_directions group by 1 order by 1", []),
        "bare group-by of the key": (CANONICAL_KEY, []),
        "conversations": (OUTCOMES, []),
        "conversations with other_interface": (OUTCOMES.replace("count(*)", "count(other_interface)"), []),
        "rejections": (
            "select kind, filter, certainty, count(*) from rejections group by all order by all",
            [],
        ),
    }
    restrictions = {
        "--interface": ("", ["--interface", interface]),
        "--ip": ("", ["--ip", address]),
        "where interface_id": (f" where interface_id = '{interface}'", []),
        "where srcaddr": (f" where srcaddr = '{address}'", []),
    }
    for name, (where, options) in restrictions.items():
        for view, column in (("flows", "action"), ("tcp_directions", "evidence")):
            sql = f"select {column}, {sums} from {view}{where} group by 1 order by 1"
            cases[f"{view} {name}"] = (sql, options)
    return cases


def main() -> None:
    """Lets the statements take turns and prints medians; a store that is made is removed, below $TMPDIR."""
    parser = argparse.ArgumentParser()
    parser.add_argument("records", nargs="?", type=int, default=10_000_000)
    parser.add_argument("--memory-limit", default="4GiB")
    parser.add_argument("--store", type=Path, help="an existing store instead")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flowsql-bench-") as name:
        store = given.store or _made(Path(name), given.records)
        with Workspace(store) as workspace:
            sql = "select interface_id, srcaddr from flows where srcaddr like '10.%' order by all limit 1"
            ((interface, address),) = (row.values() for row in workspace.sql(sql).read_all().to_pylist())
        cases = statements(interface, address)
        rounds = [
            {what: _run(*case, store, given.memory_limit) for what, case in cases.items()}
            for _ in range(ROUNDS)
        ]
    for what in cases:
        runs = [each[what] for each in rounds]
        wall_s, cpu_s = median([r.wall_s for r in runs]), median([r.cpu_s for r in runs])
        peak = max(r.peak_bytes for r in runs) / 2**20
        print(f"{what}: wall {wall_s:.2f} s, CPU {cpu_s:.2f} s, {peak:,.0f} MiB, start included")


def _made(folder: Path, records: int) -> Path:
    generate(folder / "logs", records=records, fields=parse_format_string(LOG_FORMAT), parquet=True)
    with Workspace(folder / "store") as workspace:
        workspace.load([folder / "logs"])
    return folder / "store"


def _run(sql: str, options: list[str], store: Path, memory_limit: str) -> Run:
    command = [sys.executable, "-m", "flowsql.cli.main", "sql", sql, "--store", str(store), "--quiet"]
    return run([*command, "--memory-limit", memory_limit, *options])


if __name__ == "__main__":
    main()
