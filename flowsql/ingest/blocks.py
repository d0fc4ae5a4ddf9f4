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


def read_blocks(chunks: Iterable[bytes], *, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Blocks of about `block_bytes`, each ending with a line end, except perhaps the last one.

    A line longer than MAX_LINE_BYTES is cut there and marked with CUT_MARK.
    """
    pieces: list[bytes] = []
    size = 0
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
        pieces.append(piece)
        size += len(piece)
        if size < enough:
            continue
        enough = min(block_bytes, 2 * enough)
        whole, rest = _parted(pieces)
        if len(rest) > MAX_LINE_BYTES:
            rest, skipping = rest[:MAX_LINE_BYTES] + CUT_MARK, True
        pieces, size = [rest], len(rest)
        if whole:
            yield _cut_long_lines(b"".join(whole))
    if size:
        yield _cut_long_lines(b"".join(pieces))


def _parted(pieces: list[bytes]) -> tuple[list[bytes], bytes]:
    """(the pieces up to the last line end, what follows it); only the piece with that end is copied."""
    for i in range(len(pieces) - 1, -1, -1):
        end = pieces[i].rfind(b"\n") + 1
        if end:
            return [*pieces[:i], pieces[i][:end]], b"".join([pieces[i][end:], *pieces[i + 1 :]])
    return [], b"".join(pieces)


def _cut_long_lines(block: bytes) -> bytes:
    """The same block with its overlong lines cut; the block itself when it has none."""
    if len(block) <= MAX_LINE_BYTES:
        return block
    start = 0
    while start + MAX_LINE_BYTES < len(block):
        # The last line end within reach of `start`: lines before it are short enough.
        end = block.rfind(b"\n", start, start + MAX_LINE_BYTES + 1)
        if end < 0:
            return b"\n".join(
                line if len(line) <= MAX_LINE_BYTES else line[:MAX_LINE_BYTES] + CUT_MARK
                for line in block.split(b"\n")
            )
        start = end + 1
    return block
