from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator

import pytest

from flowsql.errors import SourceError
from flowsql.loading import ahead
from flowsql.loading.ahead import opened_ahead
from flowsql.sources.source import LogObject


def remote(number: int, opener: Callable[[], io.BytesIO] | None = None, size: int = 10) -> LogObject:
    content = str(number).encode()
    return LogObject(
        f"s3://b/{number}", size, "", False, opener or (lambda: io.BytesIO(content)), ahead_bytes=size
    )


def test_order_is_kept_and_each_can_be_opened_again() -> None:
    local = LogObject("/a", 1, "", False, lambda: io.BytesIO(b"local"))
    objects = [*(remote(n) for n in range(40)), local, *(remote(n) for n in range(40, 50))]
    with opened_ahead(objects) as opened:
        seen = [(o.name, o.open().read(), o.open().read()) for o in opened]
    assert seen == [(o.name, o.open().read(), o.open().read()) for o in objects]


def test_they_are_fetched_side_by_side() -> None:
    barrier = threading.Barrier(8, timeout=20)

    def meet() -> io.BytesIO:
        barrier.wait()
        return io.BytesIO()

    with opened_ahead(remote(n, meet) for n in range(8)) as opened:
        assert len([o.open() for o in opened]) == 8


@pytest.mark.parametrize(
    ("size", "most"), [(10, ahead._AHEAD), (ahead._BYTES // 3, 3), (ahead._BYTES * 2, 1)]
)
def test_number_and_bytes_are_bounded(size: int, most: int) -> None:
    """Never more are begun than may be held beside the one that is being read."""
    begun: list[int] = []
    read = 0

    def opener(number: int) -> Callable[[], io.BytesIO]:
        def open_it() -> io.BytesIO:
            begun.append(number)
            return io.BytesIO()

        return open_it

    with opened_ahead(remote(n, opener(n), size) for n in range(300)) as opened:
        for o in opened:
            o.open()
            read += 1
            assert len(begun) - read <= most
    assert sorted(begun) == list(range(300))


def test_what_was_found_before_a_failure_comes_first() -> None:
    def find() -> Iterator[LogObject]:
        yield from (remote(n) for n in range(3))
        raise SourceError("the list ends here")

    with opened_ahead(find()) as opened:
        assert [next(opened).open().read() for _ in range(3)] == [b"0", b"1", b"2"]
        with pytest.raises(SourceError, match="the list ends here"):
            next(opened)


def test_failure_belongs_to_its_object() -> None:
    def fail() -> io.BytesIO:
        raise OSError(5, "no")

    with opened_ahead([remote(0), remote(1, fail), remote(2)]) as opened:
        assert next(opened).open().read() == b"0"
        with pytest.raises(OSError, match="no"):
            next(opened).open()
        assert next(opened).open().read() == b"2"
