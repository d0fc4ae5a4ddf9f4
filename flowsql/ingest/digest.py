"""The hash of an object's content without parsing it: to tell copies and grown files."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import BinaryIO

from flowsql.ingest.decompress import ContentStream
from flowsql.ingest.detect import PARQUET_MAGIC


@dataclass(frozen=True, slots=True)
class ContentDigest:
    """Hash and length of the decompressed content (of a Parquet object: of the file), the hashes of those
    asked-for beginnings that it reaches, by their length, and why it may not be whole ('' if it is).
    """

    sha256: str
    size_bytes: int
    beginnings: dict[int, str]
    damage: str


def digest_of(raw: BinaryIO, lengths: Collection[int] = ()) -> ContentDigest:
    """One pass over the content. Raises OSError."""
    is_parquet = raw.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
    raw.seek(0)
    stream = ContentStream(raw)
    whole, size = hashlib.sha256(), 0
    pending = sorted(lengths)
    beginnings = {}
    for chunk in stream.chunks():
        rest = memoryview(chunk)
        while pending and pending[0] <= size + len(rest):
            cut = pending.pop(0) - size
            whole.update(rest[:cut])
            rest, size = rest[cut:], size + cut
            beginnings[size] = whole.copy().hexdigest()
        whole.update(rest)
        size += len(rest)
    return ContentDigest(whole.hexdigest(), size, beginnings, "" if is_parquet else stream.damage)
