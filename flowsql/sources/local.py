"""Log objects on this machine: files, folders, glob patterns, stdin."""

from __future__ import annotations

import functools
import glob
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from flowsql.errors import SourceError
from flowsql.sources.source import History, LogObject

STDIN = "-"
# A folder that holds such a file is left out when one above it is searched.
IGNORE = ".flowsqlignore"


class LocalSource:
    """The log objects of several local sources together, one that several of them name only once."""

    def __init__(self, sources: Sequence[str], spool: Path) -> None:
        self._sources = sources
        self._spool = spool

    def find(self, history: History, tell: Callable[[str], None]) -> list[LogObject]:
        """All of them, whatever is known of them. Raises SourceError as `find_objects` does."""
        objects: dict[str, LogObject] = {}
        for source in self._sources:
            for log_object in find_objects(source, self._spool):
                known = objects.get(log_object.name)
                if known is None or log_object.direct:
                    objects[log_object.name] = log_object
        return list(objects.values())


def find_objects(source: str, spool: Path) -> Iterator[LogObject]:
    """The log objects that `source` names, each once, in the order of their names.

    A folder is searched recursively; hidden files in it are left out, and so are
    folders with a file `.flowsqlignore`. Bytes that can be read only
    once (stdin, a pipe) are copied into the folder `spool` first.
    Raises SourceError when the source does not exist or holds no file at all.
    """
    if source == STDIN:
        yield _spooled("stdin", sys.stdin.buffer, spool)
        return
    try:
        yield from _objects_at(_expanded(source), source, spool)
    except OSError as error:
        raise SourceError(
            f"cannot be read: {error.strerror or error}",
            where=source,
            remedy="check its name and permissions; nothing was loaded from this source",
        ) from error


def _expanded(source: str) -> Path:
    try:
        return Path(source).expanduser()
    except RuntimeError:
        # `~name` of no user: a file may be called so.
        return Path(source)


def _objects_at(path: Path, source: str, spool: Path) -> Iterator[LogObject]:
    if path.is_dir():
        found = list(_files_below(path.resolve()))
    elif path.exists():
        yield _one(path, spool)
        return
    else:
        found = [Path(p).resolve() for p in glob.glob(str(path), recursive=True) if Path(p).is_file()]
        if not found and not glob.has_magic(source):
            raise SourceError("no such file or folder", where=source, remedy=_nearest(path))
    if not found:
        raise SourceError(
            "no file found there",
            where=source,
            remedy="name a file, a folder with log files below it, or a pattern such as 'logs/*.log.gz'",
        )
    # A link and the file behind it are one object.
    for file in sorted(set(found)):
        yield _regular(file, direct=False) if file.is_file() else _no_file(file)


def _files_below(folder: Path) -> Iterator[Path]:
    """The files below a folder without links in its own path, themselves without any."""
    for parent, folders, files in os.walk(folder, onerror=_raise_unreadable, followlinks=False):
        folders[:] = [
            f for f in folders if not f.startswith(".") and not (Path(parent) / f / IGNORE).exists()
        ]
        for file in (Path(parent, name) for name in files if not name.startswith(".")):
            if file.exists():
                yield file.resolve() if file.is_symlink() else file


def _raise_unreadable(error: OSError) -> None:
    raise SourceError(
        f"cannot be listed: {error.strerror}",
        where=str(error.filename),
        remedy="check its permissions; nothing was loaded from this source",
    ) from error


def _one(path: Path, spool: Path) -> LogObject:
    if path.is_file():
        return _regular(path.resolve(), direct=True)
    if stat.S_ISFIFO(path.stat().st_mode) or stat.S_ISCHR(path.stat().st_mode):
        with path.open("rb") as stream:
            return _spooled(str(path), stream, spool)
    raise SourceError("neither a file, a folder nor a pipe", where=str(path))


def _regular(path: Path, *, direct: bool) -> LogObject:
    facts = path.stat()
    return LogObject(
        name=_shown(path),
        size_bytes=facts.st_size,
        version_tag=f"mtime:{facts.st_mtime_ns}",
        direct=direct,
        open=functools.partial(_open, path),
        modified_at=facts.st_mtime_ns // 1_000_000_000,
    )


def _no_file(path: Path) -> LogObject:
    """What lies among log files and is none, to be counted as such. Opening it could wait for ever."""
    return LogObject(
        name=_shown(path),
        size_bytes=0,
        version_tag="",
        direct=False,
        open=functools.partial(_open, path),
        foreign="no file but a pipe, socket or device",
    )


def _spooled(name: str, stream: BinaryIO, spool: Path) -> LogObject:
    copy = spool / f"spooled-{os.urandom(6).hex()}"
    try:
        spool.mkdir(parents=True, exist_ok=True)
        with copy.open("wb") as target:
            shutil.copyfileobj(stream, target, 1 << 20)
    except OSError as error:
        raise SourceError(
            f"cannot be copied to {spool.parent}: {error.strerror or error}",
            where=name,
            remedy="$TMPDIR names another folder for temporary files",
        ) from error
    return LogObject(
        name=name,
        size_bytes=copy.stat().st_size,
        version_tag="",
        direct=True,
        open=functools.partial(_open, copy),
    )


def _shown(path: Path) -> str:
    """The path as text: bytes in it that are no UTF-8 as backslash escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _nearest(path: Path) -> str:
    from flowsql.errors import did_you_mean

    try:
        names = os.listdir(path.parent)
    except OSError:
        return f"there is no folder {path.parent} either"
    return did_you_mean(path.name, names) or f"`ls {path.parent}` shows what is there"
