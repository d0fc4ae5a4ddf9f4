"""Advisory file locks: the writers' queue, and the sign that a staging folder is in use."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flowsql.errors import StoreError

_POLL_S = 0.02


@contextmanager
def writers_queue(path: Path, wait_s: float) -> Iterator[int]:
    """Holds the exclusive lock on `path` and gives its file descriptor.

    Waits up to `wait_s` seconds for other writers, then raises StoreError. The lock goes with the process.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        deadline = time.monotonic() + wait_s
        while not _try_lock(descriptor):
            if time.monotonic() >= deadline:
                raise StoreError(
                    f"another flowsql has been writing to this store for {wait_s:g} s",
                    where=str(path.parent),
                    remedy="try again, or wait longer with --wait 5m",
                )
            time.sleep(_POLL_S)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def only_one(store_folder: Path, wait_s: float) -> Iterator[bool]:
    """Whether this is the only compaction of the store, for as long as it lasts; waits so long to become it.

    The lock is on the folder records/. It only saves work: two at a time would do no harm.
    """
    (store_folder / "records").mkdir(exist_ok=True)
    descriptor = os.open(store_folder / "records", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        deadline = time.monotonic() + wait_s
        while not (alone := _try_lock(descriptor)) and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        yield alone
    finally:
        os.close(descriptor)


def hold(folder: Path) -> int:
    """Locks the folder for as long as the returned descriptor is open."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def is_held(folder: Path) -> bool:
    """Whether a living process holds the lock on the folder; False if it is gone."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _try_lock(descriptor)
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
