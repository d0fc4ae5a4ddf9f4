"""One log object -> parsed blocks in order, and what was found out about it on the way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from itertools import chain
from typing import BinaryIO, Protocol

from flowsql.errors import SourceError
from flowsql.ingest.blocks import Buffers, line_end, read_blocks, whole_lines
from flowsql.ingest.decompress import ContentStream
from flowsql.ingest.detect import PARQUET_MAGIC, SAMPLE_BYTES, NotFlowLogs, tell_format
from flowsql.ingest.line import normal_form
from flowsql.ingest.shapes.shape import ShapedContent, sampled
from flowsql.ingest.text import ParsedBlock, parse_block
from flowsql.logformat.fields import Field
from flowsql.sources.source import LogObject

HEAD_BYTES = 4096
# Blocks that are parsed ahead of the one being written.
_BLOCKS_AHEAD = 4
# Handing a block to another thread, and waiting for it, takes longer than parsing such a one.
_SMALL_BLOCK_BYTES = 256 << 10


class Unreadable(SourceError):
    """An object whose bytes the system does not give."""


class Reading(Protocol):
    """One object being read.

    `log_group` is the log group that its content names, '' if it names none. `head` is how its (decompressed)
    content begins, HEAD_BYTES at most. `parsed` is exhausted once; only then do `content_hash`,
    `content_bytes` (of the decompressed content) and `damage` hold: '' or why not everything could be read.
    """

    fields: tuple[Field, ...]
    head: bytes

    @property
    def log_group(self) -> str: ...  # noqa: D102
    @property
    def content_hash(self) -> str: ...  # noqa: D102
    @property
    def content_bytes(self) -> int: ...  # noqa: D102
    @property
    def bytes_read(self) -> int: ...  # noqa: D102
    @property
    def damage(self) -> str: ...  # noqa: D102
    def parsed(self, pool: Executor) -> Iterator[ParsedBlock]: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


def start_reading(
    log_object: LogObject,
    given: Sequence[Field] | None,
    *,
    registered: Callable[[str], Sequence[tuple[Field, ...]]] = lambda log_group: (),
    quick: bool = False,
    buffers: Buffers | None = None,
) -> Reading:
    """A Reading of the object, in its own log format, one `registered` for it and the log group that it names
    ('' if none), or `given`; `quick`, with a quick content hash. Objects that are read one after the other
    may share `buffers`.

    Raises SourceError when it cannot be opened, NotFlowLogs or UndecidedFormat (detect.py) when its
    content is not, or may not be, flow logs.
    """
    raw = open_object(log_object)
    try:
        magic = raw.read(len(PARQUET_MAGIC))
        raw.seek(0)
        if magic == PARQUET_MAGIC:
            from flowsql.ingest.parquet import ParquetReading

            return ParquetReading(raw, log_object.name, HEAD_BYTES, quick=quick)
        return TextReading(raw, log_object.name, given, registered, quick=quick, buffers=buffers or Buffers())
    except OSError as error:
        raw.close()
        raise unreadable(log_object.name, error) from error
    except SourceError:
        raw.close()
        raise


def open_object(log_object: LogObject) -> BinaryIO:
    """The object's raw bytes; raises SourceError where they cannot be had."""
    try:
        return log_object.open()
    except OSError as error:
        raise unreadable(log_object.name, error) from error


def unreadable(name: str, error: OSError) -> Unreadable:
    """The error for an object whose bytes the system does not give."""
    return Unreadable(
        f"cannot be read: {error.strerror or error}",
        where=name,
        remedy="check that it exists and that you may read it; other objects were not affected",
    )


class TextReading:
    """A text object, gzip or plain, being read."""

    def __init__(
        self,
        raw: BinaryIO,
        name: str,
        given: Sequence[Field] | None,
        registered: Callable[[str], Sequence[tuple[Field, ...]]],
        *,
        quick: bool,
        buffers: Buffers,
    ) -> None:
        self._buffers = buffers
        self._content = ContentStream(raw, quick=quick)
        self._raw = raw
        self._name = name
        chunks = self._content.chunks()
        sample, _ = sampled(chunks, SAMPLE_BYTES)
        self._failure = ""
        self._has_header = False
        self._others: tuple[tuple[Field, ...], ...] = ()
        self.head = sample[:HEAD_BYTES]
        self.fields: tuple[Field, ...] = ()
        self._shape = ShapedContent(chain([sample] if sample else [], self._until_failure(chunks)))
        text, self._chunks = sampled(self._shape.chunks, SAMPLE_BYTES)
        # What a damaged object ends with is the torso of a line: it could pass for another header.
        whole = text[: text.rfind(b"\n") + 1] if self.damage else text
        if whole:
            self._tell_format(whole[:SAMPLE_BYTES], given, registered(self.log_group))
        elif not self.damage:
            raise self._without_records() if self._shape.kind else NotFlowLogs("empty", where=name)

    def _tell_format(
        self, sample: bytes, given: Sequence[Field] | None, registered: Sequence[tuple[Field, ...]]
    ) -> None:
        try:
            text_format = tell_format(sample, given, self._name, registered)
        except NotFlowLogs as error:
            if not self._shape.kind:
                raise
            raise self._without_records() from error
        self.fields, self._has_header = text_format.fields, text_format.starts_with_header
        self._others = text_format.others

    def _without_records(self) -> NotFlowLogs:
        return NotFlowLogs(f"not flow logs: {self._shape.kind} without records", where=self._name)

    @property
    def log_group(self) -> str:
        """The log group that the content says it comes from, ''."""
        return self._shape.log_group

    @property
    def content_hash(self) -> str:
        """Hash of the decompressed content."""
        return self._content.content_hash

    @property
    def content_bytes(self) -> int:
        """Length of the decompressed content."""
        return self._content.size_bytes

    @property
    def bytes_read(self) -> int:
        """How far the object, as it is stored, has been read."""
        return self._raw.tell()

    @property
    def damage(self) -> str:
        """Why the content may not be whole, or ''."""
        return self._failure or self._content.damage or self._shape.damage

    def parsed(self, pool: Executor) -> Iterator[ParsedBlock]:
        """The object's blocks in order, parsed side by side in `pool`; reject line numbers count
        from the start of the object.
        """
        lines_before = 0
        for block in _in_order(self._blocks(), self.fields, self._others, pool, self._buffers):
            block.rejects = [reject.moved(lines_before) for reject in block.rejects]
            lines_before += block.lines
            yield block

    def close(self) -> None:
        """Lets go of the object's bytes."""
        self._raw.close()

    def _blocks(self) -> Iterator[memoryview | ParsedBlock]:
        blocks = read_blocks(self._chunks, buffers=self._buffers)
        if self._has_header:
            before, body = _split_header(next(blocks, memoryview(b"")))
            yield ParsedBlock(self.fields, lines=before, headers=1, blank=before - 1)
            blocks = chain([body] if body else [], blocks)
        for block in blocks:
            # What a damaged object ends with is the torso of a line, not a line.
            yield whole_lines(block) if self.damage else block

    def _until_failure(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The chunks that the system gives; the first ones are in the sample already."""
        try:
            yield from chunks
        except OSError as error:
            self._failure = f"cannot be read to its end: {error.strerror or error}"


def _split_header(block: memoryview) -> tuple[int, memoryview]:
    """(lines up to and including the header, the rest); blank lines may stand before a header."""
    lines, end = 0, 0
    while end < len(block):
        start, end = end, line_end(block, end)
        lines += 1
        if normal_form(bytes(block[start:end]), 0):
            break
    return lines, block[end:]


def _in_order(
    blocks: Iterator[memoryview | ParsedBlock],
    fields: tuple[Field, ...],
    others: tuple[tuple[Field, ...], ...],
    pool: Executor,
    buffers: Buffers,
) -> Iterator[ParsedBlock]:
    """Parses blocks in the pool, a few ahead, and yields them in order; gives back their memory.

    A block is parsed in the log format that its predecessor ended with. That is known only when the
    predecessor is done, so blocks ahead assume that it does not change, and are parsed again if it did.
    """
    ahead: deque[tuple[memoryview, tuple[Field, ...], Future[ParsedBlock]]] = deque()

    def finish_oldest() -> ParsedBlock:
        nonlocal fields
        block, assumed, future = ahead.popleft()
        parsed = future.result() if assumed == fields else parse_block(block, fields, others)
        fields = parsed.fields
        buffers.give(block)
        return parsed

    for block in blocks:
        if isinstance(block, ParsedBlock):
            yield block
            continue
        if len(block) > _SMALL_BLOCK_BYTES:
            future = pool.submit(parse_block, block, fields, others)
        else:
            future = Future()
            future.set_result(parse_block(block, fields, others))
        ahead.append((block, fields, future))
        if len(ahead) > _BLOCKS_AHEAD:
            yield finish_oldest()
    while ahead:
        yield finish_oldest()
