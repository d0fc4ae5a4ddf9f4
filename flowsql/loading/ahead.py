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

# As many are fetched at a time, and as many objects and bytes (but for one object) held before they are read.
_AT_ONCE = 16
_AHEAD = 128
_BYTES = 64 << 20


@contextmanager
def opened_ahead(objects: Iterable[LogObject]) -> Iterator[Iterator[LogObject]]:
    """The same objects in the same order; the first `open` of each gives what was fetched already.

    A SourceError of `objects` comes after those that were found before it.
    """
    pool = ThreadPoolExecutor(_AT_ONCE, "fetch")
    try:
        yield _in_order(objects, pool)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _in_order(objects: Iterable[LogObject], pool: ThreadPoolExecutor) -> Iterator[LogObject]:
    left = iter(objects)
    waiting: deque[LogObject] = deque()
    held_bytes = 0
    failure = None
    is_all = False
    while waiting or not is_all:
        # In bursts: one request after each object read costs server and reader a third more.
        if not is_all and len(waiting) <= _AHEAD // 4 and held_bytes <= _BYTES // 4:
            try:
                for log_object in _burst(left, len(waiting), held_bytes):
                    held_bytes += log_object.ahead_bytes
                    waiting.append(_begun(log_object, pool))
                is_all = not waiting
            except SourceError as error:
                failure, is_all = error, True
        if waiting:
            held_bytes -= waiting[0].ahead_bytes
            yield waiting.popleft()
    if failure:
        raise failure


def _burst(left: Iterator[LogObject], objects: int, held_bytes: int) -> Iterator[LogObject]:
    """The next ones until so many are held, beside those that are already; no more after a local one."""
    for log_object in left:
        yield log_object
        objects += 1
        held_bytes += log_object.ahead_bytes
        is_near = not log_object.ahead_bytes
        if is_near or objects >= _AHEAD or held_bytes + log_object.ahead_bytes > _BYTES:
            return


def _begun(log_object: LogObject, pool: ThreadPoolExecutor) -> LogObject:
    return _with_first(log_object, pool.submit(log_object.open)) if log_object.ahead_bytes else log_object


def _with_first(log_object: LogObject, first: Future[BinaryIO]) -> LogObject:
    """The object whose `open` gives that result once, and from then on opens it anew."""
    results = [first]

    def open_once_more() -> BinaryIO:
        return results.pop().result() if results else log_object.open()

    return replace(log_object, open=open_once_more)
