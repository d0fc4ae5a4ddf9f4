"""Raw bytes -> decompressed bytes, with their hash and a word about damage.

gzip of any number of members is recognised by its magic bytes; anything else passes as it is.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, Protocol

from isal import isal_zlib

GZIP_MAGIC = b"\x1f\x8b"
# Inflated tenfold a piece still fits the processor's cache: twice as fast as big ones. With smaller ones this
# thread would ask for the interpreter more often than need be, while others have it.
_READ_BYTES = 1 << 16
# isal_zlib gives its exception class no type that a checker can see.
_DAMAGED: Any = isal_zlib.error
_GZIP_WINDOW = 31  # zlib's wbits for "a gzip member, check its CRC"


class Checksum(Protocol):
    """What hashlib's hashes offer."""

    def update(self, data: bytes, /) -> None: ...  # noqa: D102
    def hexdigest(self) -> str: ...  # noqa: D102


class Crc:
    """CRC-32 and length of bytes, as text that no SHA-256 looks like."""

    def __init__(self) -> None:
        self._crc = self._size = 0

    def update(self, data: bytes | memoryview) -> None:
        """Takes the next bytes."""
        self._crc = isal_zlib.crc32(data, self._crc)
        self._size += len(data)

    def hexdigest(self) -> str:
        """The checksum of the bytes so far."""
        return f"crc32:{self._crc:08x}:{self._size}"


class ContentStream:
    """The decompressed content of one object, read once.

    After `chunks` is exhausted, `size_bytes` and `content_hash` describe what came out, and `damage` says
    in one phrase why it may not be all ('' when the content is whole). Nothing is raised for
    damage: every byte that could be decoded has been yielded. OSError passes through.
    The hash is SHA-256; `quick`, it is CRC-32 and length. Those cost a seventh, and tell well whether an
    object that has a name of its own has changed.
    """

    def __init__(self, raw: BinaryIO, *, quick: bool = False) -> None:
        self._raw = raw
        self._checksum: Checksum = Crc() if quick else hashlib.sha256()
        self.size_bytes = 0
        self.damage = ""

    @property
    def content_hash(self) -> str:
        """Hash of the decompressed bytes yielded so far."""
        return self._checksum.hexdigest()

    def chunks(self) -> Iterator[bytes]:
        """The content from its start, in pieces of no particular size, none empty."""
        start = self._raw.read(_READ_BYTES)
        pieces = self._gunzip(start) if start.startswith(GZIP_MAGIC) else self._plain(start)
        for piece in pieces:
            if piece:
                self._checksum.update(piece)
                self.size_bytes += len(piece)
                yield piece

    def _plain(self, piece: bytes) -> Iterator[bytes]:
        while piece:
            yield piece
            piece = self._raw.read(_READ_BYTES)

    def _gunzip(self, compressed: bytes) -> Iterator[bytes]:
        member = isal_zlib.decompressobj(_GZIP_WINDOW)
        while compressed:
            try:
                yield member.decompress(compressed)
            except _DAMAGED as error:
                yield from self._salvage(f"the gzip data is damaged ({error})")
                return
            if member.eof:
                compressed = self._next_member(member.unused_data)
                if compressed and not compressed.startswith(GZIP_MAGIC):
                    self.damage = "bytes after the end of the gzip data are not gzip"
                    return
                member = isal_zlib.decompressobj(_GZIP_WINDOW)
            else:
                compressed = self._raw.read(_READ_BYTES)
                if not compressed:
                    yield from self._salvage("the gzip data ends in the middle of a member")

    def _next_member(self, unused: bytes) -> bytes:
        """What follows a finished member; padding with zero bytes is skipped, as gzip(1) does."""
        while True:
            unused = unused.lstrip(b"\x00")
            if len(unused) >= len(GZIP_MAGIC):
                return unused
            more = self._raw.read(_READ_BYTES)
            if not more:
                return unused
            unused += more

    def _salvage(self, cause: str) -> Iterator[bytes]:
        """The bytes before the damage that isal kept to itself.

        isal hands out nothing of a piece in which it meets an error, and may hold back the last byte
        of a cut one; zlib, fed from the start in ever smaller pieces, gives every byte there is.
        """
        self.damage = cause
        self._raw.seek(0)
        given = self.size_bytes
        for piece in _zlib_members(self._raw):
            if given >= len(piece):
                given -= len(piece)
            else:
                yield piece[given:]
                given = 0


def _zlib_members(raw: BinaryIO) -> Iterator[bytes]:
    member, is_between = zlib.decompressobj(_GZIP_WINDOW), False
    while compressed := raw.read(_READ_BYTES):
        while compressed := compressed.lstrip(b"\x00") if is_between else compressed:
            before = member.copy()
            try:
                yield member.decompress(compressed)
            except zlib.error:
                yield _byte_by_byte(before, compressed)
                return
            compressed, is_between = member.unused_data, member.eof
            if is_between:
                member = zlib.decompressobj(_GZIP_WINDOW)


def _byte_by_byte(member: zlib._Decompress, compressed: bytes) -> bytes:
    """What can be inflated of a piece in which there is an error."""
    given = []
    for i in range(len(compressed)):
        try:
            given.append(member.decompress(compressed[i : i + 1]))
        except zlib.error:
            break
        if member.eof:
            break
    return b"".join(given)
