"""How long a saved query on a small store takes, against the bare import of what it is made of.

python benchmarks/startup.py
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from measure import Run, median, run

from flowsql.generate.logs import generate
from flowsql.workspace import Workspace

ROUNDS = 15
BARE = [sys.executable, "-c", "import duckdb, pyarrow"]


def main() -> None:
    """Lets the bare import and `flowsql run` take turns, prints medians and their ratio."""
    with tempfile.TemporaryDirectory(prefix="flowsql-bench-") as name:
        logs, store = Path(name) / "logs", Path(name) / "store"
        generate(logs, records=1000, truth=False)
        with Workspace(store) as workspace:
            workspace.load([logs])
        command = [
            sys.executable,
            "-m",
            "flowsql.cli.main",
            "run",
            "traffic-summary",
            "--quiet",
            "--store",
            str(store),
        ]
        pairs = [(run(BARE), run(command)) for _ in range(ROUNDS)]
    _print_line("import duckdb, pyarrow", [bare for bare, _ in pairs])
    _print_line("flowsql run traffic-summary", [ours for _, ours in pairs])
    wall = median([ours.wall_s / bare.wall_s for bare, ours in pairs])
    cpu = median([ours.cpu_s / bare.cpu_s for bare, ours in pairs])
    print(f"ratio: wall {wall:.2f}, CPU {cpu:.2f}")


def _print_line(what: str, runs: list[Run]) -> None:
    wall_s, cpu_s = median([r.wall_s for r in runs]), median([r.cpu_s for r in runs])
    print(f"{what}: wall {wall_s:.3f} s, CPU {cpu_s:.3f} s")


if __name__ == "__main__":
    main()
