from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

import flowsql.ingest.blocks
from flowsql.ingest.blocks import CUT_MARK, Buffers, line_end, read_blocks, whole_lines

LONGEST = 8


@pytest.fixture(scope="module", autouse=True)
def _short_lines() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flowsql.ingest.blocks, "MAX_LINE_BYTES", LONGEST)
        yield


def shortened(content: bytes) -> bytes:
    """The content with each line cut after LONGEST bytes."""
    return b"\n".join(
        line if len(line) <= LONGEST else line[:LONGEST] + CUT_MARK for line in content.split(b"\n")
    )


def chunked(content: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(content) + 1) for cut in cuts), len(content)]
    return [content[a:b] for a, b in itertools.pairwise(edges) if a < b]


CONTENT = st.lists(
    st.one_of(st.binary(max_size=3), st.just(b"\n"), st.integers(0, 30).map(lambda n: b"x" * n))
).map(b"".join)


@given(CONTENT, st.lists(st.integers(0, 10_000), max_size=8), st.integers(1, 40))
def test_joined_blocks_are_the_content(content: bytes, cuts: list[int], block_bytes: int) -> None:
    chunks = chunked(content, cuts)
    blocks = list(read_blocks(chunks, block_bytes=block_bytes))
    assert b"".join(blocks) == shortened(content)
    assert all(block[-1:] == b"\n" for block in blocks[:-1])
    assert all(blocks)


@given(CONTENT, st.lists(st.integers(0, 10_000), max_size=8), st.integers(1, 40))
def test_no_block_holds_more_than_a_chunk_and_a_line_too_much(
    content: bytes, cuts: list[int], block_bytes: int
) -> None:
    chunks = chunked(content, cuts)
    largest = max(map(len, chunks), default=0)
    for block in read_blocks(chunks, block_bytes=block_bytes):
        assert len(block) <= block_bytes + largest + 2 * (LONGEST + len(CUT_MARK))


@given(
    st.lists(CONTENT, min_size=1, max_size=4),
    st.integers(1, 40),
    st.integers(0, 3),
    st.lists(st.integers(0, 99)),
)
def test_memory_given_back_is_used_again_and_no_other(
    contents: list[bytes], block_bytes: int, held: int, cuts: list[int]
) -> None:
    """Objects one after the other, of each the last few blocks still in use."""
    buffers = Buffers()
    for content in contents:
        found, waiting = [], []
        for block in read_blocks(chunked(content, cuts), block_bytes=block_bytes, buffers=buffers):
            waiting.append(block)
            if len(waiting) > held:
                found.append(bytes(waiting[0]))
                buffers.give(waiting.pop(0))
        assert b"".join([*found, *waiting]) == shortened(content)
        for block in waiting:
            buffers.give(block)


@given(CONTENT, st.integers(0, 40), st.integers(0, 40), st.integers(1, 9))
def test_lines_are_found_in_any_part_of_a_block(content: bytes, start: int, line: int, piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flowsql.ingest.blocks, "_PIECE_BYTES", piece)
        part, text = memoryview(bytearray(content))[start:], content[start:]
        assert bytes(whole_lines(part)) == text[: text.rfind(b"\n") + 1]
        if line < len(part):
            assert line_end(part, line) == (text.find(b"\n", line) + 1 or len(text))


def test_buffers_keep_the_memory_given_back() -> None:
    buffers = Buffers()
    memory = buffers.take(100)
    buffers.give(memoryview(memory)[:10])
    assert buffers.take(50) is memory
    assert buffers.take(50) is not memory


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", b""),
        (b"12345678", b"12345678"),
        (b"12345678\n", b"12345678\n"),
        (b"123456789", b"12345678\x00"),
        (b"123456789\nab\n", b"12345678\x00\nab\n"),
        (b"ab\n" + b"x" * 100 + b"\ncd", b"ab\nxxxxxxxx\x00\ncd"),
        (b"\n\n\n", b"\n\n\n"),
    ],
    ids=["empty", "as long as may be", "with its end", "one too long", "in front", "within", "blank"],
)
@pytest.mark.parametrize("chunk", [1, 3, 1000])
def test_overlong_lines_are_cut_and_marked(content: bytes, expected: bytes, chunk: int) -> None:
    chunks = [content[i : i + chunk] for i in range(0, len(content), chunk)]
    assert b"".join(read_blocks(chunks, block_bytes=4)) == expected
