"""Where bytes come from: the log object, and what a source of them offers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from flowsql.errors import SourceError
from flowsql.window import Window


@dataclass(frozen=True, slots=True)
class LogObject:
    """One file, or one stream copied to a file: the atom of loading.

    `name` is how users and the ledger call it (an absolute path, a URL, or 'stdin'); `open` gives its raw
    bytes from the start, seekable, as often as wanted, and raises OSError where it cannot.
    `size_bytes` and `version_tag` (modification time, etag) tell cheaply whether it changed.
    `direct` is true when the user named exactly this object, not a folder or pattern around it.
    `ahead_bytes` is how much `open` fetches from afar before it returns: such objects are opened
    side by side, ahead of being read. `foreign` says why an object is known not to be a flow log without
    being opened. `held_bytes` is what it takes up on this machine until it has been read. `modified_at` is
    when it was written where it lies (Unix seconds; None if the source does not say): where AWS delivers to,
    when it arrived. `lags` tells of log events how many came how long after their time: seconds, rounded up,
    -> events.
    """

    name: str
    size_bytes: int
    version_tag: str
    direct: bool
    open: Callable[[], BinaryIO]
    ahead_bytes: int = 0
    foreign: str = ""
    held_bytes: int = 0
    modified_at: int | None = None
    lags: Mapping[int, int] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        """The last part of the name."""
        return self.name.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Of which time log objects are wanted: that of a window, or all (`full`), or what is new.

    With neither bound nor `full`, a remote source begins where the store's knowledge of it ends.
    There, events of a log stream may have come `overlap_s` late. `now` (Unix seconds) is this load's clock.
    """

    window: Window = field(default_factory=Window)
    full: bool = False
    overlap_s: int = 2 * 3600
    now: int = field(default_factory=lambda: int(time.time()))


class History(Protocol):
    """What a source may ask about earlier loads."""

    def newest(self, prefix: str, mark: str = "") -> str | None:
        """The greatest object name known that begins with `prefix` and has `mark` in it, or None."""

    def least_ending(self, prefix: str) -> str | None:
        """The least of what follows the last slash in the object names known that begin with `prefix`, or
        None.
        """

    def unfinished(self, prefix: str) -> list[str]:
        """The names that begin with `prefix` of objects which were not read to their end, in order."""


class Source(Protocol):
    """Something a user named that has log objects."""

    def find(self, history: History, tell: Callable[[str], None]) -> Iterable[LogObject]:
        """Its log objects of the wanted time, each once, in a total order; `tell` takes notices.

        Raises UsageError or SourceError when there is nothing to find at all, and SourceError also later,
        from the iteration: what came before is loaded then.
        """


class SourceLost(SourceError):
    """A source that gives nothing any more: the rest of it is left for the next load."""
