"""Whole processes, measured: wall seconds, CPU seconds, and the memory of the process tree."""

from __future__ import annotations

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Run:
    """One finished process: what it printed, and what it took. Memory is resident, of the whole tree."""

    output: str
    wall_s: float
    cpu_s: float
    peak_bytes: int


def run(command: Sequence[str]) -> Run:
    """Runs the command to its end. Raises CalledProcessError when it fails."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    watcher = _Memory(process.pid)
    watcher.start()
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    watcher.stop()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    # Not ru_maxrss: that begins with the memory which this process had when it started the other.
    return Run(output, wall_s, usage.ru_utime + usage.ru_stime, watcher.peak)


def median(values: Sequence[float]) -> float:
    """The median, or nan without values."""
    return statistics.median(values) if values else float("nan")


class _Memory(threading.Thread):
    """Polls the resident memory of a process and all its descendants."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._done = threading.Event()
        self.peak = 0

    def run(self) -> None:
        while not self._done.wait(_POLL_S):
            self.peak = max(self.peak, sum(map(_resident, _tree(self._pid))))

    def stop(self) -> None:
        self._done.set()
        self.join()


def _tree(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        try:
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text()
        except OSError:
            continue
        found += map(int, children.split())
    return found


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
