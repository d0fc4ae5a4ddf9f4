"""Objects that come from afar, opened side by side ahead of being read."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO

from flowsql.errors import SourceError
from flowsql.sources.source import LogObject

# As many are fetched at a time, and as many bytes held before they are read, at most.
_OBJECTS = 16
_BYTES = 64 << 20


@contextmanager
def opened_ahead(objects: Iterable[LogObject]) -> Iterator[Iterator[LogObject]]:
    """The same objects in the same order; the first `open` of each gives what was fetched already.

    A SourceError of `objects` comes after those that were found before it.
    """
    pool = ThreadPoolExecutor(_OBJECTS, "fetch")
    try:
        yield _in_order(objects, pool)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _in_order(objects: Iterable[LogObject], pool: ThreadPoolExecutor) -> Iterator[LogObject]:
    waiting: deque[LogObject] = deque()
    held_bytes = 0
    failure = None
    try:
        for log_object in objects:
            while waiting and (
                not log_object.ahead_bytes
                or len(waiting) >= _OBJECTS
                or held_bytes + log_object.ahead_bytes > _BYTES
            ):
                held_bytes -= waiting[0].ahead_bytes
                yield waiting.popleft()
            if log_object.ahead_bytes:
                waiting.append(_with_first(log_object, pool.submit(log_object.open)))
                held_bytes += log_object.ahead_bytes
            else:
                yield log_object
    except SourceError as error:
        failure = error
    yield from waiting
    if failure:
        raise failure


def _with_first(log_object: LogObject, first: Future[BinaryIO]) -> LogObject:
    """The object whose `open` gives that result once, and from then on opens it anew."""
    results = [first]

    def open_once_more() -> BinaryIO:
        return results.pop().result() if results else log_object.open()

    return replace(log_object, open=open_once_more)
