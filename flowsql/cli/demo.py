"""`flowsql demo`: the main job on realistic data, start to end, leaving nothing behind."""

from __future__ import annotations

import sys
from pathlib import Path

from flowsql.cli.answer import answer
from flowsql.cli.load_report import summary
from flowsql.cli.narrator import Narrator
from flowsql.cli.options import OutputOptions

_RECORDS = 200_000
# What is asked, the parameters that make the answer fit a screen, and which rows of it are wanted.
_QUESTIONS: tuple[tuple[str, dict[str, str], str | None], ...] = (
    ("traffic-summary", {}, None),
    # Far above the others: an address on the internet to which a host inside uploads.
    ("top", {"by": "destination", "top": "5"}, None),
    # Only a scanner tries so many ports of one host.
    ("rejected-by-source", {"top": "10000"}, "destinations = 1 and ports > 20"),
)


def demo() -> int:
    """Load realistic data into a temporary store and ask it three questions."""
    import tempfile

    from flowsql.generate.logs import generate
    from flowsql.logformat.format_string import parse_format_string
    from flowsql.query_options import QueryOptions
    from flowsql.workspace import Workspace

    narrator = Narrator()
    with tempfile.TemporaryDirectory(prefix="flowsql-demo-") as folder, Workspace.temporary() as workspace:
        logs = Path(folder)
        generated = generate(logs, records=_RECORDS, fields=parse_format_string("default"), truth=False)
        narrator.notice(
            f"Synthetic flow logs: {len(generated.files)} files, {generated.size_bytes / 1e6:.1f} MB"
        )
        _typed("flowsql load logs/")
        narrator.notice(summary(workspace.load([logs])))
        output = OutputOptions(format="table")
        for name, texts, where in _QUESTIONS:
            options = QueryOptions.parse(where=where) if where else QueryOptions()
            given = "".join(f" {key}={value}" for key, value in texts.items())
            given += f' --where "{where}"' if where else ""
            _typed(f"flowsql run {name}{given}", workspace.library.get(name)[0].question)
            answer(workspace.iterate_run(name, texts, options), output, options, narrator)
    print(_NEXT)
    return 0


def _typed(command: str, question: str = "") -> None:
    sys.stdout.flush()
    print(f"\n{question}\n$ {command}" if question else f"\n$ {command}", flush=True)


_NEXT = """
What to type next
  flowsql load YOUR-LOGS...                   files, folders or patterns; text or Parquet, any log format
  flowsql queries                             what can be asked in one command
  flowsql run flows-of-ip ip=10.0.1.5         every flow of one address
  flowsql sql "select * from flows limit 5"   any question in SQL
  flowsql generate logs/ --records 1000000    more data like this to play with, and what really happened"""
