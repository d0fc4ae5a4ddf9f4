"""Which shape an object's content has, and the lines of text in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice

from flowsql.ingest.decompress import GZIP_MAGIC
from flowsql.ingest.line import BYTE_ORDER_MARK
from flowsql.ingest.shapes.events import EventLines
from flowsql.ingest.shapes.packed import Unpackable, base64_documents, gunzipped, is_base64_gzip
from flowsql.ingest.shapes.refused import refusal_of
from flowsql.ingest.shapes.table import is_table, table_lines

_SAMPLE_BYTES = 1 << 20
_LINES_AT_ONCE = 1000
# So many values that are no events, one after the other, and it is other JSON.
_MAX_OTHERS = 1000
# Firehose may compress again what CloudWatch Logs has compressed.
_MAX_GZIP = 2
_JSON, _BASE64, _TABLE = "JSON", "base64", "comma-separated text"


class ShapedContent:
    """The lines of text in an object's content, whatever shape it has.

    `kind` names the shape, '' if the content is lines itself; `log_group` is where a subscription's first
    events come from, '' if it is none. `chunks` gives the lines, in pieces of no particular size; a part that
    held none is a refused line (refused.py). When they are exhausted `damage` says why they may not be all,
    '' if they are.
    """

    def __init__(self, content: Iterator[bytes]) -> None:
        self.damage = ""
        sample, content = sampled(content)
        for _ in range(_MAX_GZIP):
            if sample.startswith(GZIP_MAGIC):
                sample, content = sampled(self._gunzipped(content))
        self.kind, self.log_group, convert = _shape_of(sample)
        self.chunks = convert(content)

    def _gunzipped(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        try:
            yield from gunzipped(chunks)
        except Unpackable as error:
            self.damage = str(error)


def sampled(chunks: Iterator[bytes], enough: int = _SAMPLE_BYTES) -> tuple[bytes, Iterator[bytes]]:
    """(how the content begins, all of it); the sample has `enough` bytes if there are so many."""
    pieces: list[bytes] = []
    size = 0
    for chunk in chunks:
        pieces.append(chunk)
        size += len(chunk)
        if size >= enough:
            break
    sample = b"".join(pieces)
    return sample, chain([sample] if sample else [], chunks)


def _shape_of(sample: bytes) -> tuple[str, str, Callable[[Iterator[bytes]], Iterator[bytes]]]:
    """(the shape's name, the log group, what makes lines of the content)."""
    start = sample.lstrip(BYTE_ORDER_MARK + b" \t\r\n")
    events = EventLines()
    if start.startswith((b"{", b"[")) and _has_events(events.of_chunks([sample])):
        return _JSON, events.log_group, lambda content: _joined(EventLines().of_chunks(content))
    if is_base64_gzip(sample):
        _has_events(_of_documents(iter((sample,)), events))
        return _BASE64, events.log_group, lambda content: _joined(_of_documents(content, EventLines()))
    return (_TABLE, "", table_lines) if is_table(sample) else ("", "", iter)


def _has_events(lines: Iterator[bytes]) -> bool:
    """Whether one of the first values is an event."""
    return any(line.strip() and refusal_of(line) is None for line in islice(lines, _MAX_OTHERS))


def _of_documents(content: Iterator[bytes], lines: EventLines) -> Iterator[bytes]:
    for document in base64_documents(content):
        yield from lines.of_packed(document)


def _joined(lines: Iterator[bytes]) -> Iterator[bytes]:
    """The lines with their ends, many at a time. An unfinished last one, which may be the torso of an event
    that damage has cut, has none.
    """
    some = list(islice(lines, _LINES_AT_ONCE))
    while some:
        following = list(islice(lines, _LINES_AT_ONCE))
        refusal = refusal_of(some[-1]) if not following else None
        is_cut = refusal is not None and refusal[0] == "unfinished JSON"
        yield b"\n".join(some) + (b"" if is_cut else b"\n")
        some = following
