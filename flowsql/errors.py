"""Every error a user can meet.

    FlowsqlError
    |- UsageError           an option, argument or parameter that makes no sense
    |  |- LogFormatError    a log format string, or an object whose format cannot be told
    |  `- LibraryError      a saved query: unknown, badly declared, or called with wrong parameters
    |- SourceError          bytes that could not be read, wholly or in part
    |- StoreError           the store: missing, busy, damaged, too new, or its disk is full
    |- QueryError           a query failed
    |  `- QueryTimeout      a query ran longer than --timeout
    |- OutputError          a result could not be written
    `- Interrupted          the user pressed Ctrl-C

Only `cli` and `repl` print them; `exit_codes` maps them to what the process returns.
"""

from __future__ import annotations

from collections.abc import Iterable


class FlowsqlError(Exception):
    """Base of every error a user can meet: where it is, what is wrong, how to mend it."""

    def __init__(self, cause: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(f"{where}: {cause}" if where else cause)
        self.where, self.cause, self.remedy = where, cause, remedy


class UsageError(FlowsqlError):
    """An option, argument or parameter that makes no sense."""


class LogFormatError(UsageError):
    """A log format string that cannot be read, or an object whose format cannot be told."""


class LibraryError(UsageError):
    """A saved query that is unknown, badly declared, or called with wrong parameters."""


class SourceError(FlowsqlError):
    """Bytes that could not be read, wholly or in part."""


class StoreError(FlowsqlError):
    """The store is missing, busy, damaged or too new, or its disk is full."""


class QueryError(FlowsqlError):
    """A query failed."""


class QueryTimeout(QueryError):
    """A query ran longer than it was allowed to."""


class OutputError(FlowsqlError):
    """A result could not be written."""


class Interrupted(FlowsqlError):
    """The user pressed Ctrl-C."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The remedy for a mistyped name: the nearest known one as a question, or ''."""
    import difflib

    nearest = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean {nearest[0]!r}?" if nearest else ""
