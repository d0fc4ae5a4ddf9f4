"""How long saved queries on a small store take, against the bare import of what they are made of.

python benchmarks/startup.py
"""

from __future__ import annotations

import compileall
import sys
import tempfile
from pathlib import Path

from measure import Run, median, run

import flowsql
from flowsql.generate.logs import generate
from flowsql.workspace import Workspace

ROUNDS = 9
BARE = [sys.executable, "-c", "import duckdb, pyarrow"]
QUERIES = (
    ("traffic-summary",),
    ("top",),
    ("traffic-by-hour",),
    ("rejected-by-port",),
    ("rejected-by-source",),
    ("flows-of-ip", "ip=10.0.0.10"),
)


def main() -> None:
    """Lets the bare import and each `flowsql run` take turns, prints medians and their ratio."""
    # As pip does at installation; without bytecode each process compiles the package anew.
    compileall.compile_dir(Path(flowsql.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory(prefix="flowsql-bench-") as name:
        logs, store = Path(name) / "logs", Path(name) / "store"
        generate(logs, records=1000, truth=False)
        with Workspace(store) as workspace:
            workspace.load([logs])
        for query in QUERIES:
            options = ["--quiet", "--store", str(store)]
            command = [sys.executable, "-m", "flowsql.cli.main", "run", *query, *options]
            _compare(query[0], [(run(BARE), run(command)) for _ in range(ROUNDS)])


def _compare(query: str, pairs: list[tuple[Run, Run]]) -> None:
    print(f"{query}: {_medians([ours for _, ours in pairs])}")
    print(f"import duckdb, pyarrow: {_medians([bare for bare, _ in pairs])}")
    wall = median([ours.wall_s / bare.wall_s for bare, ours in pairs])
    cpu = median([ours.cpu_s / bare.cpu_s for bare, ours in pairs])
    print(f"ratio: wall {wall:.2f}, CPU {cpu:.2f}")


def _medians(runs: list[Run]) -> str:
    return f"wall {median([r.wall_s for r in runs]):.3f} s, CPU {median([r.cpu_s for r in runs]):.3f} s"


if __name__ == "__main__":
    main()
