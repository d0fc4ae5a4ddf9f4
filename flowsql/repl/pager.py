"""Output that goes to a pager when, and only when, it is taller than the screen."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import BinaryIO, cast

from flowsql.repl.screen import screen_size

# Left free for what is said below a result, and the next prompt.
_LINES_BELOW = 4


def default_pager() -> str:
    """$FLOWSQL_PAGER, else $PAGER, else less; '' where there is none."""
    named = os.environ.get("FLOWSQL_PAGER", os.environ.get("PAGER"))
    return named if named is not None else ("less" if shutil.which("less") else "")


class _Paged:
    """Keeps what is written until it is a screenful; hands it and the rest to the pager then."""

    def __init__(self, command: str) -> None:
        self._command = command
        self._kept: list[bytes] = []
        self._lines = 0
        self._room = screen_size().lines - _LINES_BELOW
        self._pager: subprocess.Popen[bytes] | None = None

    def write(self, piece: bytes) -> int:
        if self._pager and self._pager.stdin:
            self._pager.stdin.write(piece)
            return len(piece)
        self._kept.append(piece)
        self._lines += piece.count(b"\n")
        if self._lines > self._room:
            self._start()
        return len(piece)

    def _start(self) -> None:
        # `-S` chops lines that a resized window makes too long, `-X` leaves the answer on the screen.
        environment = {"LESS": "-SX", **os.environ}
        sys.stdout.flush()
        self._pager = subprocess.Popen(self._command, shell=True, stdin=subprocess.PIPE, env=environment)
        if self._pager.stdin:
            self._pager.stdin.write(b"".join(self._kept))
        self._kept = []

    def finish(self) -> None:
        """Returns when the reader has left the pager, or what was kept is on the screen."""
        if self._pager:
            with contextlib.suppress(BrokenPipeError):
                self._pager.communicate()
            return
        sys.stdout.flush()
        sys.stdout.buffer.write(b"".join(self._kept))
        sys.stdout.buffer.flush()


@contextlib.contextmanager
def paged(command: str) -> Iterator[BinaryIO]:
    """A sink for one answer. Leaving the pager early is no error; Ctrl-C belongs to the pager meanwhile.

    Without a `command` everything goes straight to stdout.
    """
    if not command:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    sink = _Paged(command)
    try:
        with contextlib.suppress(BrokenPipeError):
            yield cast(BinaryIO, sink)
    finally:
        previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            sink.finish()
        finally:
            signal.signal(signal.SIGINT, previous)
