"""How far a long statement is, on one line that vanishes."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator

from flowsql.repl.screen import screen_size

# Nobody needs to be told that a second will pass.
_PATIENCE_S = 1.0
_EVERY_S = 0.2
_BAR = 24


@contextlib.contextmanager
def progress_line(progress: Callable[[], float], *, wanted: bool) -> Iterator[None]:
    """Shows `progress` (0 to 1) on stderr while entered, if `wanted` and it takes more than a second.

    What is shown never goes back: DuckDB measures each part of a plan from nought.
    """
    if not wanted:
        yield
        return
    done = threading.Event()
    thread = threading.Thread(target=_show, args=(progress, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _show(progress: Callable[[], float], done: threading.Event) -> None:
    started = time.monotonic()
    if done.wait(_PATIENCE_S):
        return
    furthest = 0.0
    while True:
        furthest = min(max(furthest, progress()), 1.0)
        sys.stderr.write("\r" + line(furthest, time.monotonic() - started, screen_size().columns))
        sys.stderr.flush()
        if done.wait(_EVERY_S):
            break
    sys.stderr.write("\r\x1b[K")
    sys.stderr.flush()


def line(share: float, elapsed_s: float, columns: int) -> str:
    """The text of the line: bar, share, seconds, in less than `columns`."""
    full = round(share * _BAR)
    bar = f"{'█' * full}{'░' * (_BAR - full)} "
    text = f"{share:4.0%}  {elapsed_s:.0f} s  (Ctrl-C stops it)"
    return (bar + text if len(bar + text) < columns else text)[: columns - 1]
