"""How long `coverage` and totals of each flow once take, against a bare group-by and sum of the same records.

python benchmarks/coverage.py [RECORDS] [--memory-limit SIZE]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from measure import Run, median, run

from flowsql.generate.logs import generate
from flowsql.workspace import Workspace

ROUNDS = 3
STATEMENTS = {
    "bare group-by": "select interface_id, start // 60, count(*) from records group by all limit 1",
    "coverage": "select state, count(*), sum(records) from coverage group by all order by all",
    "coverage_by_hour": "select * from coverage_by_hour order by all limit 1",
    "bare sum": "select sum(bytes) from flows",
    "sum of counted": "select sum(bytes) filter (counted) from flows",
    "trust line of one hour": "select 1",
}


def main() -> None:
    """Lets the statements take turns and prints medians; the store is made, and removed, below $TMPDIR."""
    parser = argparse.ArgumentParser()
    parser.add_argument("records", nargs="?", type=int, default=10_000_000)
    parser.add_argument("--memory-limit", default="4GiB")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flowsql-bench-") as name:
        logs, store = Path(name) / "logs", Path(name) / "store"
        generate(logs, records=given.records)
        with Workspace(store) as workspace:
            workspace.load([logs])
        rounds = [
            {what: _run(what, sql, store, given.memory_limit) for what, sql in STATEMENTS.items()}
            for _ in range(ROUNDS)
        ]
    for what in STATEMENTS:
        runs = [each[what] for each in rounds]
        wall_s, cpu_s = median([r.wall_s for r in runs]), median([r.cpu_s for r in runs])
        peak = max(r.peak_bytes for r in runs) / 2**20
        print(f"{what}: wall {wall_s:.2f} s, CPU {cpu_s:.2f} s, {peak:,.0f} MiB, start included")


def _run(what: str, sql: str, store: Path, memory_limit: str) -> Run:
    command = [sys.executable, "-m", "flowsql.cli.main", "sql", sql, "--store", str(store)]
    # The trust line is found out only where it is shown.
    shown = ["--around", "2026-11-16T11:00Z/30m"] if what.startswith("trust") else ["--quiet"]
    return run([*command, "--memory-limit", memory_limit, *shown])


if __name__ == "__main__":
    main()
