"""Work that a second processor core does meanwhile, in the order in which it is given."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType

_MOST_WAITING = 16


class Background:
    """One thread that does what it is given, in order: compressing lets the others run meanwhile.

    What goes wrong is raised at a later `do`, or at `finish`. A context manager, so that the thread ends.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1)
        self._waiting: deque[Future[None]] = deque()

    def do(self, work: Callable[[], None]) -> None:
        """Have it done; waits while too much is waiting, so that memory stays bounded."""
        self._waiting.append(self._executor.submit(work))
        while len(self._waiting) > _MOST_WAITING or self._waiting[0].done():
            self._waiting.popleft().result()
            if not self._waiting:
                break

    def finish(self) -> None:
        """Wait until all is done."""
        while self._waiting:
            self._waiting.popleft().result()

    def abandon(self) -> None:
        """Wait for what is being done, and forget the rest and what went wrong."""
        for work in self._waiting:
            work.cancel()
        wait(self._waiting)
        self._waiting.clear()

    def __enter__(self) -> Background:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executor.shutdown(wait=True, cancel_futures=kind is not None)
