"""Decompressed bytes -> blocks of whole lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

# Big enough for the parser to be at full speed, small enough that some of them fit the cache.
BLOCK_BYTES = 8 << 20
_FIRST_BLOCK_BYTES = 2 << 20
# No flow log line comes near this; a longer one is binary data, and is rejected without being kept.
MAX_LINE_BYTES = 1 << 20
# Marks a line that was cut at MAX_LINE_BYTES; the parser refuses lines with a NUL byte.
CUT_MARK = b"\x00"


# A block ends with the first piece that makes it big enough.
_SPARE_BYTES = 1 << 20
# A memoryview cannot be searched: so much of it is, at a time.
_PIECE_BYTES = 1 << 12
# More than these are not in use at a time, but while a single object is read line by line.
_KEPT_BUFFERS = 8


class Buffers:
    """Memory for blocks. New memory costs the system as much time as gunzip takes to fill it, so what is
    given back is used again. Only one thread takes and gives.
    """

    def __init__(self) -> None:
        self._free: list[bytearray] = []

    def take(self, size: int) -> bytearray:
        """Memory of that size at least."""
        buffer = self._free.pop() if self._free else bytearray()
        return buffer if len(buffer) >= size else bytearray(size)

    def give(self, block: memoryview) -> None:
        """Takes back the memory of a block, which must not be used any more."""
        buffer = block.obj
        block.release()
        if isinstance(buffer, bytearray) and len(self._free) < _KEPT_BUFFERS:
            self._free.append(buffer)


def read_blocks(
    chunks: Iterable[bytes], *, block_bytes: int = BLOCK_BYTES, buffers: Buffers | None = None
) -> Iterator[memoryview]:
    """Blocks of about `block_bytes`, each ending with a line end, except perhaps the last one.

    A line longer than MAX_LINE_BYTES is cut there and marked with CUT_MARK. The blocks lie in `buffers`, to
    which they may be given back.
    """
    buffers = buffers or Buffers()
    room = block_bytes + _SPARE_BYTES
    block, size = memoryview(b""), 0
    skipping = False
    # Small at first, so that parsing begins while the rest is still being read.
    enough = min(block_bytes, _FIRST_BLOCK_BYTES)
    for chunk in chunks:
        piece = chunk
        if skipping:
            end = piece.find(b"\n")
            if end < 0:
                continue
            piece, skipping = piece[end:], False
        if size + len(piece) > len(block):
            # A small object does not need the room of a block.
            block = _moved(block[:size], buffers.take(max(size + len(piece), min(room, 4 * len(piece)))))
        block[size : size + len(piece)] = piece
        size += len(piece)
        if size < enough:
            continue
        enough = min(block_bytes, 2 * enough)
        end = len(whole_lines(block[:size]))
        rest = bytes(block[end:size])
        if len(rest) > MAX_LINE_BYTES:
            rest, skipping = rest[:MAX_LINE_BYTES] + CUT_MARK, True
        if end:
            yield _cut_long_lines(block[:end])
            block = memoryview(buffers.take(room))
        block[: len(rest)] = rest
        size = len(rest)
    if size:
        yield _cut_long_lines(block[:size])


def _moved(block: memoryview, buffer: bytearray) -> memoryview:
    """The larger buffer, which begins with what the block holds."""
    room = memoryview(buffer)
    room[: len(block)] = block
    return room


def line_end(block: memoryview, start: int) -> int:
    """Where the line ends that begins at `start`, its line feed included."""
    for at in range(start, len(block), _PIECE_BYTES):
        found = bytes(block[at : at + _PIECE_BYTES]).find(b"\n")
        if found >= 0:
            return at + found + 1
    return len(block)


def whole_lines(block: memoryview) -> memoryview:
    """The block without what follows its last line end."""
    for end in range(len(block), 0, -_PIECE_BYTES):
        at = max(0, end - _PIECE_BYTES)
        found = bytes(block[at:end]).rfind(b"\n")
        if found >= 0:
            return block[: at + found + 1]
    return block[:0]


def _cut_long_lines(block: memoryview) -> memoryview:
    """The same block with its overlong lines cut; the block itself when it has none."""
    start = 0
    while start + MAX_LINE_BYTES < len(block):
        # The last line end within reach of `start`: lines before it are short enough.
        end = len(whole_lines(block[: start + MAX_LINE_BYTES + 1]))
        if end <= start:
            lines = bytes(block).split(b"\n")
            cut = (x if len(x) <= MAX_LINE_BYTES else x[:MAX_LINE_BYTES] + CUT_MARK for x in lines)
            return memoryview(b"\n".join(cut))
        start = end
    return block
