"""gzip and base64 around log events -> the bytes inside.

A subscription of CloudWatch Logs sends gzip, which Lambda and Kinesis carry as base64:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterable, Iterator

from flowsql.ingest.decompress import GZIP_MAGIC

_GZIP_WINDOW = 31
_PIECE_BYTES = 1 << 18
# What gzip becomes in base64.
BASE64_GZIP = b"H4sI"
_BASE64 = re.compile(rb"\s*H4sI[A-Za-z0-9+/=\s]*\Z")
# The largest record of a stream that carries subscriptions is 10 MiB.
_MAX_PACKED_BYTES = 1 << 24


class Unpackable(Exception):
    """Data that is not what it is packed as; the message says how."""


def is_base64_gzip(sample: bytes) -> bool:
    """Whether text is nothing but gzip in base64."""
    return _BASE64.match(sample) is not None


def from_base64(text: bytes | str) -> bytes:
    """The bytes that base64 text stands for. Raises Unpackable."""
    try:
        data = text.encode("ascii") if isinstance(text, str) else text
        return base64.b64decode(b"".join(data.split()), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise Unpackable(f"base64 that cannot be decoded ({error})") from error


def unpacked(data: bytes) -> Iterator[bytes]:
    """The data itself, or what is in it if it is gzip. Raises Unpackable where that is damaged."""
    return gunzipped(_pieces(data)) if data.startswith(GZIP_MAGIC) else iter((data,))


def _pieces(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _PIECE_BYTES):
        yield data[start : start + _PIECE_BYTES]


def gunzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What is in gzip data of any number of members. Raises Unpackable after all that precedes the damage."""
    member = zlib.decompressobj(_GZIP_WINDOW)
    is_open = False
    for chunk in chunks:
        data = chunk
        while data:
            try:
                # A small piece may hold very much.
                yield member.decompress(data, _PIECE_BYTES)
            except zlib.error as error:
                raise Unpackable(f"gzip data that is damaged ({error})") from error
            is_open = not member.eof
            if member.eof:
                data = member.unused_data.lstrip(b"\x00")
                member = zlib.decompressobj(_GZIP_WINDOW)
            else:
                data = member.unconsumed_tail
    if is_open:
        raise Unpackable("gzip data that ends in the middle")


def base64_documents(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The base64 documents in text, each as it stands there: it begins with what gzip becomes, on a line or
    right behind another document, and may go on over several lines. One that is larger than any that AWS
    sends is cut.
    """
    document: list[bytes] = []
    size = 0
    for line in _lines(_parted(chunks)):
        if line.lstrip().startswith(BASE64_GZIP) and document:
            yield b"".join(document)
            document, size = [], 0
        if size < _MAX_PACKED_BYTES and line.strip():
            document.append(line)
            size += len(line)
    if document:
        yield b"".join(document)


def _parted(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The text with a line end between documents that have none between them.

    Only padding shows where one ends; without it they are one, gzip data of two members.
    """
    end = b"=" + BASE64_GZIP
    held = b""
    for chunk in chunks:
        text = (held + chunk).replace(end, b"=\n" + BASE64_GZIP)
        held = text[-len(BASE64_GZIP) :]
        yield text[: -len(BASE64_GZIP)]
    yield held


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without their ends; one that is longer than a document may be is cut."""
    rest: list[bytes] = []
    size = 0
    for chunk in chunks:
        *whole, tail = chunk.split(b"\n")
        for line in whole:
            yield b"".join([*rest, line])
            rest, size = [], 0
        if size < _MAX_PACKED_BYTES:
            rest.append(tail)
            size += len(tail)
    if rest:
        yield b"".join(rest)
