"""Ctrl-C as a wish that is granted at the next safe moment."""

from __future__ import annotations

import signal
import threading
from types import FrameType

from flowsql.errors import FlowsqlError, Interrupted


class Interrupts:
    """While entered, the first Ctrl-C only sets `requested`; a second one raises Interrupted at once.

    Outside the main thread, where signals cannot be handled, it never requests anything.
    """

    def __init__(self) -> None:
        self.requested = False
        self._insisted = False
        self._previous: object = None

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)  # type: ignore[arg-type]
        # DuckDB and pyarrow turn a KeyboardInterrupt into errors of their own.
        if self._insisted and error is not None and not isinstance(error, FlowsqlError):
            raise self.error() from error

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            self._insisted = True
            raise KeyboardInterrupt
        self.requested = True

    @staticmethod
    def error() -> Interrupted:
        """What to raise once everything is safe."""
        return Interrupted(
            "interrupted", remedy="what was committed stays; run the same command again for the rest"
        )
