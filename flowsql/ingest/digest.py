"""The hashes of an object's content without parsing it: to tell copies and grown files."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import BinaryIO

from flowsql.ingest.decompress import ContentStream, Crc
from flowsql.ingest.detect import PARQUET_MAGIC


@dataclass(frozen=True, slots=True)
class ContentDigest:
    """Hashes and length of the decompressed content (of a Parquet object: of the file).

    `hashes` are its hashes of either kind; `beginnings` those of its asked-for beginnings that it reaches,
    by their length; `damage` tells why it may not be whole ('' if it is).
    """

    hashes: frozenset[str]
    size_bytes: int
    beginnings: dict[int, frozenset[str]]
    damage: str

    def begins_with(self, size_bytes: int, content_hash: str) -> bool:
        """Whether the content of that length and hash is how this one begins."""
        return content_hash in self.beginnings.get(size_bytes, ())


def digest_of(raw: BinaryIO, lengths: Collection[int] = ()) -> ContentDigest:
    """One pass over the content. Raises OSError."""
    is_parquet = raw.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
    raw.seek(0)
    stream = ContentStream(raw, quick=True)
    strong, quick, size = hashlib.sha256(), Crc(), 0
    pending = sorted(lengths)
    beginnings = {}
    for chunk in stream.chunks():
        rest = memoryview(chunk)
        while pending and pending[0] <= size + len(rest):
            cut = pending.pop(0) - size
            strong.update(rest[:cut])
            quick.update(rest[:cut])
            rest, size = rest[cut:], size + cut
            beginnings[size] = frozenset((strong.hexdigest(), quick.hexdigest()))
        strong.update(rest)
        quick.update(rest)
        size += len(rest)
    hashes = frozenset((strong.hexdigest(), quick.hexdigest()))
    return ContentDigest(hashes, size, beginnings, "" if is_parquet else stream.damage)
