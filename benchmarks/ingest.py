"""How fast logs get into a store, against rivals in the same run.

    python benchmarks/ingest.py                              # 10 M default-format records, 5 rounds
    python benchmarks/ingest.py --log-format v5              # the 29 fields of version 5
    python benchmarks/ingest.py --records 40000000 --rounds 1 --rivals none   # memory at four times the size
    python benchmarks/ingest.py --records 1000000 --rivals flowlogs-reader --rounds 3

Needs the dependency group `bench` for chdb and flowlogs-reader. Machines are shared and noisy: read the
ratios, which compare runs that took turns, not the seconds.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from measure import Run, median, run

from flowsql.generate.logs import generate
from flowsql.logformat.fields import VPC_FIELDS
from flowsql.logformat.format_string import parse_format_string

# As many records as fill four files of the largest flow log, as AWS fills them, and three small ones.
_SLOT_S, _RECORDS_PER_SLOT = 300, 2_000_000
CONTENDERS = Path(__file__).parent / "contenders"
SCRIPTS = {
    "flowsql": "flowsql_load.py",
    "duckdb": "duckdb_ctas.py",
    "chdb": "chdb_mergetree.py",
    "flowlogs-reader": "flowlogs_reader_records.py",
}


def main() -> None:
    """Generates the logs, lets the contenders take turns, prints a table."""
    options = _options()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
    v5 = [field for field in VPC_FIELDS if field.version <= 5]
    fields = v5 if options.log_format == "v5" else parse_format_string(options.log_format)
    rivals = [] if options.rivals == "none" else options.rivals.split(",")
    with tempfile.TemporaryDirectory(prefix="flowsql-bench-", dir=options.folder) as name:
        folder = Path(name)
        logs = folder / "logs"
        duration_s = -(-options.records // _RECORDS_PER_SLOT) * _SLOT_S
        generated = generate(
            logs, records=options.records, fields=fields, seed=1, duration_s=duration_s, truth=False
        )
        print(
            f"{generated.records:,} records, {len(fields)} fields, {len(generated.files)} files, "
            f"{generated.size_bytes / 1e6:,.0f} MB gzip, {options.cores} cores, median of {options.rounds}\n"
        )
        runs: dict[str, list[Run]] = {name: [] for name in ["flowsql", *rivals]}
        sizes: dict[str, int] = {}
        for _ in range(options.rounds):
            for contender, done in runs.items():
                target = folder / "target"
                done.append(
                    run([sys.executable, str(CONTENDERS / SCRIPTS[contender]), str(logs), str(target)])
                )
                sizes[contender] = sum(p.stat().st_size for p in target.rglob("*") if p.is_file())
                shutil.rmtree(target, ignore_errors=True)
        _print_table(runs, sizes, generated.records, generated.size_bytes)


def _print_table(runs: dict[str, list[Run]], sizes: dict[str, int], records: int, gzip_bytes: int) -> None:
    print("| contender | wall s | CPU s | records/s | peak MB | size / gzip | wall ratio | CPU ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    ours = runs["flowsql"]
    for contender, done in runs.items():
        wall_ratio = median([theirs.wall_s / mine.wall_s for mine, theirs in zip(ours, done, strict=True)])
        cpu_ratio = median([theirs.cpu_s / mine.cpu_s for mine, theirs in zip(ours, done, strict=True)])
        wall_s = median([r.wall_s for r in done])
        print(
            f"| {contender} | {wall_s:.2f} | {median([r.cpu_s for r in done]):.2f} | {records / wall_s:,.0f} "
            f"| {max(r.peak_bytes for r in done) / 1e6:,.0f} | {sizes[contender] / gzip_bytes:.2f} "
            f"| {wall_ratio:.2f} | {cpu_ratio:.2f} |"
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--log-format", default="default", help="a field list, default, or v5")
    parser.add_argument(
        "--rivals", default="duckdb,chdb", help="duckdb, chdb, flowlogs-reader, with commas; none"
    )
    parser.add_argument("--folder", help="where logs and stores go; default: the system's temporary one")
    return parser.parse_args()


if __name__ == "__main__":
    main()
