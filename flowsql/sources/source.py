"""Where bytes come from: the log object, and what a source of them offers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class LogObject:
    """One file, or one stream copied to a file: the atom of loading.

    `name` is how users and the ledger call it (an absolute path, or 'stdin'); `open` gives its raw
    bytes from the start, seekable, as often as wanted, and raises OSError where it cannot.
    `size_bytes` and `version_tag` (modification time, etag) tell cheaply whether it changed.
    `direct` is true when the user named exactly this object, not a folder or pattern around it.
    """

    name: str
    size_bytes: int
    version_tag: str
    direct: bool
    open: Callable[[], BinaryIO]

    @property
    def file_name(self) -> str:
        """The last part of the name."""
        return self.name.rsplit("/", 1)[-1]
