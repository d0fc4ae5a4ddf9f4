"""What the process returns, and which code wins when several apply."""

from __future__ import annotations

from collections.abc import Iterable

from flowsql.errors import (
    FlowsqlError,
    Interrupted,
    OutputError,
    QueryError,
    QueryTimeout,
    SourceError,
    StoreError,
    UsageError,
)

DONE = 0
QUERY_FAILED = 1
USAGE = 2
STORE = 3
TIMED_OUT = 4
SOURCE = 5
TOO_MANY_REJECTS = 6
WARNING = 10
CRITICAL = 11
DEFECT = 70
INTERRUPTED = 130

# The first of these that applies is returned.
PRECEDENCE = (
    DEFECT,
    INTERRUPTED,
    STORE,
    USAGE,
    TIMED_OUT,
    QUERY_FAILED,
    SOURCE,
    TOO_MANY_REJECTS,
    CRITICAL,
    WARNING,
    DONE,
)

_BY_ERROR: tuple[tuple[type[FlowsqlError], int], ...] = (
    (Interrupted, INTERRUPTED),
    (StoreError, STORE),
    (UsageError, USAGE),
    (QueryTimeout, TIMED_OUT),
    (QueryError, QUERY_FAILED),
    (OutputError, QUERY_FAILED),
    (SourceError, SOURCE),
)


def of_error(error: BaseException) -> int:
    """The code for one error; DEFECT for anything that is not a FlowsqlError."""
    return next((code for kind, code in _BY_ERROR if isinstance(error, kind)), DEFECT)


def worst(codes: Iterable[int]) -> int:
    """The code that wins when several apply; DONE for none."""
    return min(codes, key=PRECEDENCE.index, default=DONE)
