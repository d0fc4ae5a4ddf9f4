"""Result files: what they are called, and writing them whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from flowsql.errors import OutputError, UsageError, did_you_mean

_REMEDIES = {
    errno.ENOENT: "create the folder first",
    errno.ENOTDIR: "create the folder first",
    errno.EACCES: "choose a folder that you may write to",
    errno.EPERM: "choose a folder that you may write to",
    errno.EROFS: "choose a folder that you may write to",
    errno.ENOSPC: "make room there, or write to another disk",
    errno.EDQUOT: "make room there, or write to another disk",
    errno.EFBIG: "raise the limit on file sizes (ulimit -f), or write less",
    errno.ENAMETOOLONG: "choose a shorter name",
}
_NO_HARD_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


def expand_name(template: str, *, now: int, since: int | None, until: int | None) -> str:
    """`template` with {date}, {since} and {until} replaced, all in UTC.

    `now`, `since` and `until` are Unix seconds. A date is 2026-11-23, a time 20261123T1000Z (with
    seconds where it has some), an open end of the window `all`. Raises UsageError for other {names}.
    """
    values = {
        "date": f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d}",
        "since": _time_in_name(since),
        "until": _time_in_name(until),
    }

    def value_of(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            raise UsageError(
                f"unknown placeholder {{{name}}}",
                where=template,
                remedy=did_you_mean(name, values) or "the placeholders are {date}, {since} and {until}",
            )
        return values[name]

    return re.sub(r"\{([^{}]*)\}", value_of, template)


def write_file(path: Path, write: Callable[[BinaryIO], int], *, overwrite: bool) -> int:
    """Let `write` fill the file at `path`; what it returns.

    The file appears whole, flushed to disk, or not at all: it is written beside `path` and renamed.
    One that is there is refused unless `overwrite`, also when it appeared meanwhile, and keeps its
    mode when replaced. A link is followed; a pipe or device is written to as it is.
    Raises OutputError, naming the path, when it cannot be written; `path` is then as it was.
    """
    try:
        target = Path(os.path.realpath(path))
        old = target.stat() if target.exists() else None
        if old and not stat.S_ISREG(old.st_mode):
            return _write_through(path, old.st_mode, write)
        if old and not overwrite:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        return _write_beside(target, old, write, overwrite)
    except FileExistsError as error:
        raise OutputError(
            "the file exists",
            where=str(path),
            remedy="--overwrite replaces it; {date} in a name makes a new one",
        ) from error
    except OSError as error:
        cause = (error.strerror or str(error)).lower()
        raise OutputError(
            f"cannot write it: {cause}", where=str(path), remedy=_REMEDIES.get(error.errno or 0, "")
        ) from error


def _write_through(path: Path, mode: int, write: Callable[[BinaryIO], int]) -> int:
    if stat.S_ISDIR(mode):
        raise OutputError("it is a folder", where=str(path), remedy="name a file in it")
    with path.open("wb") as sink:
        return write(sink)


def _write_beside(
    target: Path, old: os.stat_result | None, write: Callable[[BinaryIO], int], overwrite: bool
) -> int:
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        # 0666 and the umask, as open() has it; a file to be replaced passes on its own mode.
        handle = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600 if old else 0o666
        )
        with os.fdopen(handle, "wb") as sink:
            written = write(sink)
            sink.flush()
            if old:
                os.fchmod(handle, stat.S_IMODE(old.st_mode))
            os.fsync(handle)
        if overwrite:
            temporary.replace(target)
        else:
            _rename_to_free_name(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(target.parent)
    return written


def _rename_to_free_name(temporary: Path, target: Path) -> None:
    """Give the file its name unless the name is taken. Raises FileExistsError if it is."""
    try:
        os.link(temporary, target)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        # Without hard links an empty file holds the name until the full one takes its place.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        temporary.replace(target)


def _sync_folder(folder: Path) -> None:
    # The file is whole and in place; not every file system can sync a folder.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _time_in_name(seconds: int | None) -> str:
    if seconds is None:
        return "all"
    return f"{datetime.fromtimestamp(seconds, UTC):{'%Y%m%dT%H%M%SZ' if seconds % 60 else '%Y%m%dT%H%MZ'}}"
