from __future__ import annotations

import io
import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsql.sources import s3_file
from flowsql.sources.s3_file import RangedFile

CONTENT = random.Random(7).randbytes(1000)


@pytest.fixture(autouse=True, scope="module")
def small_pieces() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(s3_file, "_PIECE_BYTES", 64)
        yield


@given(
    size=st.integers(0, 1000),
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("read"), st.integers(-1, 300)),
            st.tuples(st.just("seek"), st.integers(0, 1200)),
            st.tuples(st.just("from the end"), st.integers(-1000, 0)),
        ),
        max_size=12,
    ),
)
def test_it_reads_as_a_file_in_memory_does(size: int, steps: list[tuple[str, int]]) -> None:
    content = CONTENT[:size]
    asked: list[tuple[int, int]] = []

    def fetch(start: int, end: int) -> bytes:
        asked.append((start, end))
        return content[start:end]

    with RangedFile(fetch, size) as ranged:
        plain = io.BytesIO(content)
        for step, number in steps:
            if step == "read":
                assert ranged.read(number) == plain.read(number)
            elif step == "seek":
                assert ranged.seek(number) == plain.seek(number)
            else:
                assert ranged.seek(number, io.SEEK_END) == plain.seek(number, io.SEEK_END)
            assert ranged.tell() == plain.tell()
    assert all(0 <= start < end <= size and end - start <= 64 for start, end in asked)


def test_what_fetching_raises_comes_out_of_reading() -> None:
    def fetch(start: int, end: int) -> bytes:
        if start:
            raise OSError(5, "the line is cut")
        return CONTENT[start:end]

    with RangedFile(fetch, 1000) as ranged:
        assert ranged.read(64) == CONTENT[:64]
        with pytest.raises(OSError, match="the line is cut"):
            ranged.read(1)


def test_few_pieces_are_held() -> None:
    with RangedFile(lambda start, end: CONTENT[start:end], 1000) as ranged:
        for _ in range(1000 // 64):
            ranged.read(64)
            assert len(ranged._pieces) <= 2
