"""Objects that are damaged or cut: what can be read is read, and nothing else."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsql.errors import SourceError
from flowsql.logformat.fields import DEFAULT_FIELDS

Read = Callable[..., Any]
HEADER = " ".join(f.name for f in DEFAULT_FIELDS)
LINES = [
    f"2 123456789010 eni-{i} 10.0.0.{i} 10.9.8.7 {i * i} 22 6 1 {i * 7919} 1 2 ACCEPT OK" for i in range(30)
]
ZIPPED = gzip.compress("\n".join([HEADER, *LINES, ""]).encode(), mtime=0)


@pytest.mark.parametrize("cut", range(2, len(ZIPPED) - 1))
def test_a_cut_object_gives_its_whole_lines(cut: int, read: Read) -> None:
    outcome = read(ZIPPED[:cut])
    assert outcome.damage == "the gzip data ends in the middle of a member"
    assert [row["interface_id"] for row in outcome.rows] == [f"eni-{i}" for i in range(len(outcome.rows))]
    assert [row["bytes"] for row in outcome.rows] == [i * 7919 for i in range(len(outcome.rows))]
    assert outcome.reasons == []
    # The torso of a header line names no fields.
    assert outcome.fields in ((), DEFAULT_FIELDS)
    assert outcome.lines == outcome.accounted_for


def test_a_cut_in_the_trailer_loses_no_record(read: Read) -> None:
    assert len(read(ZIPPED[:-1]).rows) == len(LINES)


@given(at=st.integers(10, len(ZIPPED) - 1), bit=st.integers(0, 7))
@settings(max_examples=200, deadline=None)
def test_a_flipped_bit_is_told(at: int, bit: int, read: Read) -> None:
    raw = bytearray(ZIPPED)
    raw[at] ^= 1 << bit
    try:
        outcome = read(bytes(raw))
    except SourceError:
        return
    # The last byte of the compressed data may have bits that stand for nothing.
    assert outcome.damage or len(outcome.rows) == len(LINES)
    assert outcome.lines == outcome.accounted_for


def test_a_plain_file_may_end_without_a_line_end(read: Read) -> None:
    outcome = read("\n".join([HEADER, *LINES]).encode())
    assert (len(outcome.rows), outcome.damage) == (len(LINES), "")
