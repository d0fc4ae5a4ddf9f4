"""The line below the prompt: what the next answer will be about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flowsql.output.display_width import cut, display_width
from flowsql.output.visible import visible
from flowsql.repl.coverage import coverage_text
from flowsql.repl.screen import screen_size

if TYPE_CHECKING:
    from flowsql.repl.shell import Shell

_GAP = " │ "


def toolbar(shell: Shell) -> str:
    """Store, window, scope, records, coverage, time of the last answer; the least important give way."""
    return fitted(_parts(shell), screen_size().columns)


def _parts(shell: Shell) -> list[tuple[int, str]]:
    """(rank, text): what has a low rank stays longest."""
    folder = shell.workspace.store.folder
    scope = shell.options.scope.describe()
    parts = [
        (6, _short(folder)),
        (1, shell.options.window.describe(shell.options.tz)),
        (2, scope),
        (3, shell.records_text()),
        (4, coverage_text(shell.counted)),
        (0, "new records: .refresh" if shell.is_stale else ""),
        (5, f"{shell.last_elapsed_s:.2f} s" if shell.last_elapsed_s is not None else ""),
    ]
    return [(rank, visible(text)) for rank, text in parts if text]


def _short(folder: Path) -> str:
    home = Path.home()
    return f"~/{folder.relative_to(home)}" if folder.is_relative_to(home) else str(folder)


def fitted(parts: list[tuple[int, str]], columns: int) -> str:
    """The texts beside each other, without those of the highest ranks if all are too long."""
    kept = sorted(parts)
    while len(kept) > 1 and _width(kept) > columns:
        kept.pop()
    ranks = {rank for rank, _ in kept}
    text = " " + _GAP.join(text for rank, text in parts if rank in ranks)
    return cut(text, max(columns, 1))


def _width(parts: list[tuple[int, str]]) -> int:
    return 1 + sum(display_width(text) for _, text in parts) + len(_GAP) * (len(parts) - 1)
