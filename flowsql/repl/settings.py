"""What dot-commands set and results obey."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_MAX_ROWS = 1000


@dataclass(slots=True)
class Settings:
    """How answers are shown, and what happens after an error.

    `format` is the name of an output format, None for the default of the place: a table on a terminal, csv
    in a pipe. `expanded` shows each row as lines.
    `max_rows` bounds what is shown, not what goes to a file; None shows all. `pager` is a command line, ''
    for none.
    """

    format: str | None = None
    expanded: bool = False
    max_rows: int | None = DEFAULT_MAX_ROWS
    timer: bool = False
    bail: bool = False
    pager: str = ""
