"""A folder for bytes that can be read only once: stdin, pipes, the events of log streams."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flowsql.store.lock import hold, is_held

_PREFIX = "flowsql-spool-"
# A folder without a lock may be one that is just being made.
_YOUNG_S = 3600


@contextmanager
def spool_folder() -> Iterator[Path]:
    """A folder of this load's own among the temporary files, gone afterwards.

    Those that loads left which were killed go too. If there can be no folder, whoever wants to write into it
    will say so.
    """
    parent = Path(tempfile.gettempdir())
    folder, lock = parent / f"{_PREFIX}{os.urandom(8).hex()}", -1
    with suppress(OSError):
        _sweep(parent)
        folder.mkdir(mode=0o700)
        lock = hold(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock >= 0:
            os.close(lock)


def _sweep(parent: Path) -> None:
    """Deletes the folders that belong to this user and to no living load."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            facts = folder.lstat()
            is_old = facts.st_mtime < time.time() - _YOUNG_S
            if facts.st_uid == os.getuid() and is_old and not is_held(folder):
                shutil.rmtree(folder)
