"""What a renderer may know about the place it writes to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """How to write a result.

    `width` is the terminal's width in columns, None where nothing may be cut; `terminal` says that
    the sink is one, so that control characters must not reach it raw. `timezone` is the IANA name
    of the zone that moments are written in. `csv_safe` keeps spreadsheets from reading text cells
    as formulas. `whole` is how the user gets what a table had to cut.
    """

    width: int | None = None
    terminal: bool = False
    timezone: str = "UTC"
    csv_safe: bool = False
    whole: str = "-o FILE"
