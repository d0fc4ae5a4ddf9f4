"""What the sources that a user names are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flowsql.sources.local import LocalSource
from flowsql.sources.source import Source


def sources_named(texts: Sequence[str], spool: Path) -> list[Source]:
    """The sources that these texts name; local ones count as one."""
    return [LocalSource(texts, spool)]
