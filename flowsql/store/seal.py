"""The seal at the end of a catalogue file: the SHA-256 of all bytes before it.

DuckDB's own checksums do not cover every byte. What is appended to a database file it neither reads nor
minds (tried with versions 1.2, 1.5 and 2.0); flowsql takes the seal off its private copy before changing it.
A file carries its own seal, so kept catalogues, exported ones and copies made by hand can be verified alike.
"""

from __future__ import annotations

import hashlib
import os
from enum import Enum
from pathlib import Path

_MARK = b"\nflowsql sha256 "
_LENGTH = len(_MARK) + 64 + 1
_CHUNK = 1 << 20


class Seal(Enum):
    """What the end of a file says of it."""

    INTACT = "intact"
    BROKEN = "the file is not as flowsql wrote it: its checksum does not fit"
    MISSING = "the file is not as flowsql wrote it: it does not end with its checksum"


def add_seal(path: Path) -> None:
    """Appends the hash of the file's bytes to it."""
    digest = _digest(path, path.stat().st_size)
    with path.open("ab") as file:
        file.write(_MARK + digest.encode() + b"\n")


def remove_seal(path: Path) -> Seal:
    """Takes the seal off the file, if it has one, and says whether it fitted."""
    found = read_seal(path)
    if found is not Seal.MISSING:
        os.truncate(path, path.stat().st_size - _LENGTH)
    return found


def read_seal(path: Path) -> Seal:
    """Whether the file is as it was sealed. Raises OSError."""
    size = path.stat().st_size - _LENGTH
    if size < 0:
        return Seal.MISSING
    with path.open("rb") as file:
        file.seek(size)
        end = file.read()
    if not (end.startswith(_MARK) and end.endswith(b"\n")):
        return Seal.MISSING
    return Seal.INTACT if end[len(_MARK) : -1] == _digest(path, size).encode() else Seal.BROKEN


def _digest(path: Path, size: int) -> str:
    """SHA-256 of the first `size` bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while size and (chunk := file.read(min(_CHUNK, size))):
            digest.update(chunk)
            size -= len(chunk)
    return digest.hexdigest()
