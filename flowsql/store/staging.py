"""A writer's own folder in the store, and the lock that says its writer is alive."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path

from flowsql.store.lock import hold, is_held

_INTENDED = "intended"


class Staging:
    """staging/<uuid>/ of one writer, made and locked at once; use it as a context manager.

    Make it while holding the writers' queue: a sweep, which holds it too, then never sees it unlocked.
    Files are made here and renamed into place. The names they are to get are noted in `intended` before
    the first rename, so that whoever finds this folder without a living writer knows what it may have left.
    """

    def __init__(self, store_folder: Path) -> None:
        self.path = store_folder / "staging" / uuid.uuid4().hex
        self.path.mkdir(parents=True)
        self._lock = hold(self.path)

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, *exc: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)

    def intend(self, paths: Sequence[str]) -> None:
        """Notes, durably, the names (below the store's folder) that files from here are to get."""
        note = self.path / _INTENDED
        with note.open("a", encoding="utf-8") as file:
            file.writelines(f"{path}\n" for path in paths)
            file.flush()
            os.fsync(file.fileno())


def abandoned(store_folder: Path) -> list[Path]:
    """The staging folders whose writer is gone."""
    folders = [path for path in (store_folder / "staging").glob("*") if path.is_dir()]
    return [path for path in folders if not is_held(path)]


def intended_by(staging: Path) -> list[str]:
    """The names that the writer of that folder noted."""
    try:
        return (staging / _INTENDED).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
