from __future__ import annotations

import gzip
import hashlib
import io
import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import flowsql.ingest.decompress
from flowsql.ingest.decompress import ContentStream
from flowsql.ingest.digest import digest_of

TRUTH = b"".join(b"2 %d ACCEPT OK\n" % (i * i * 7919) for i in range(40))
SECOND = b"2 42 REJECT OK\n" * 3
MEMBERS = gzip.compress(TRUTH, mtime=0) + gzip.compress(SECOND, mtime=0)


def content_of(raw: bytes) -> tuple[bytes, ContentStream]:
    stream = ContentStream(io.BytesIO(raw))
    pieces = list(stream.chunks())
    assert all(pieces)
    content = b"".join(pieces)
    assert stream.size_bytes == len(content)
    assert stream.content_hash == hashlib.sha256(content).hexdigest()
    return content, stream


def all_that_zlib_gives(raw: bytes) -> bytes:
    """What zlib decodes when it is fed byte by byte, member after member, until it complains."""
    member, out = zlib.decompressobj(31), b""
    for i in range(len(raw)):
        if member.eof:
            member = zlib.decompressobj(31)
        try:
            out += member.decompress(raw[i : i + 1])
        except zlib.error:
            break
    return out


@pytest.fixture(params=[None, 1, 7], ids=["read at once", "read by 1", "read by 7"])
def pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param:
        monkeypatch.setattr(flowsql.ingest.decompress, "_READ_BYTES", request.param + 2)


@pytest.mark.parametrize(
    ("raw", "content"),
    [
        (b"", b""),
        (TRUTH, TRUTH),
        (b"\x1f", b"\x1f"),
        (gzip.compress(TRUTH), TRUTH),
        (gzip.compress(b""), b""),
        (MEMBERS, TRUTH + SECOND),
        (gzip.compress(b"") + MEMBERS + gzip.compress(b""), TRUTH + SECOND),
        (b"".join(gzip.compress(b"%d\n" % i) for i in range(99)), b"".join(b"%d\n" % i for i in range(99))),
        (MEMBERS + bytes(1000), TRUTH + SECOND),
        (gzip.compress(TRUTH) + bytes(31) + gzip.compress(SECOND), TRUTH + SECOND),
    ],
    ids=[
        "empty",
        "plain",
        "one byte of gzip's magic",
        "one member",
        "an empty member",
        "two members",
        "empty members around",
        "99 members",
        "zero padding",
        "padding between members",
    ],
)
@pytest.mark.usefixtures("pieces")
def test_whole_content(raw: bytes, content: bytes) -> None:
    found, stream = content_of(raw)
    assert found == content
    assert stream.damage == ""


@pytest.mark.parametrize("garbage", [b"x", b"\x00\x00not gzip", b"\x1f", b"\n", TRUTH], ids=repr)
@pytest.mark.usefixtures("pieces")
def test_garbage_after_the_end_is_told(garbage: bytes) -> None:
    found, stream = content_of(MEMBERS + garbage)
    assert found == TRUTH + SECOND
    assert stream.damage == "bytes after the end of the gzip data are not gzip"


@pytest.mark.parametrize("cut", range(3, len(MEMBERS)))
def test_a_cut_at_any_byte_gives_what_there_is(cut: int) -> None:
    found, stream = content_of(MEMBERS[:cut])
    assert found == all_that_zlib_gives(MEMBERS[:cut])
    first_member = len(gzip.compress(TRUTH, mtime=0))
    assert bool(stream.damage) == (cut != first_member)


def test_a_cut_behind_padding_and_many_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flowsql.ingest.decompress, "_READ_BYTES", 16)
    raw = gzip.compress(TRUTH) + bytes(100) + gzip.compress(TRUTH)
    for cut in range(len(raw) - 40, len(raw)):
        found, stream = content_of(raw[:cut])
        assert found.startswith(TRUTH)
        assert found[len(TRUTH) :] == all_that_zlib_gives(raw[len(gzip.compress(TRUTH)) + 100 : cut])
        assert stream.damage == "the gzip data ends in the middle of a member"


def test_damage_behind_padding_and_many_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flowsql.ingest.decompress, "_READ_BYTES", 16)
    for at in range(20, 200):
        last = bytearray(gzip.compress(TRUTH))
        last[at] ^= 0xFF
        found, stream = content_of(gzip.compress(SECOND) + bytes(100) + bytes(last))
        assert found.startswith(SECOND + all_that_zlib_gives(bytes(last)))
        assert stream.damage


def test_a_wrong_checksum_is_told_though_every_byte_came_out() -> None:
    raw = bytearray(gzip.compress(TRUTH))
    raw[-8] ^= 1
    found, stream = content_of(bytes(raw))
    assert found == TRUTH
    assert stream.damage.startswith("the gzip data is damaged")


@given(
    at=st.integers(0, len(MEMBERS) - 1), bit=st.integers(0, 7), read_bytes=st.sampled_from([5, 64, 1 << 18])
)
@settings(max_examples=300, deadline=None)
def test_a_flipped_bit_never_adds_to_the_truth(at: int, bit: int, read_bytes: int) -> None:
    raw = bytearray(MEMBERS)
    raw[at] ^= 1 << bit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flowsql.ingest.decompress, "_READ_BYTES", read_bytes)
        found, stream = content_of(bytes(raw))
    if raw[:2] != MEMBERS[:2]:
        assert found == raw
    elif not stream.damage:
        assert found == TRUTH + SECOND
    else:
        zlib_says = all_that_zlib_gives(bytes(raw))
        assert found.startswith(zlib_says) or zlib_says.startswith(found)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_anything_behind_the_magic_is_damage_not_a_crash(junk: bytes) -> None:
    _, stream = content_of(b"\x1f\x8b" + junk)
    assert stream.damage


def test_large_content_comes_in_pieces() -> None:
    noise = random.Random(1).randbytes(3 << 20)
    stream = ContentStream(io.BytesIO(gzip.compress(noise, 1)))
    pieces = list(stream.chunks())
    assert b"".join(pieces) == noise
    assert len(pieces) > 5


@pytest.mark.parametrize(
    ("raw", "content"),
    [(TRUTH, TRUTH), (MEMBERS, TRUTH + SECOND), (b"PAR1" + TRUTH, b"PAR1" + TRUTH), (b"", b"")],
    ids=["plain", "gzip", "parquet", "empty"],
)
def test_digest_of_content_and_its_beginnings(raw: bytes, content: bytes) -> None:
    lengths = [0, 1, 5, len(content), len(content) + 1]
    digest = digest_of(io.BytesIO(raw), lengths)
    assert (digest.hashes, digest.size_bytes) == (both_hashes(content), len(content))
    # Lengths of known content; no content is known that is empty.
    reached = {n: both_hashes(content[:n]) for n in lengths if content and n <= len(content)}
    assert digest.beginnings == reached
    assert digest.damage == ""


def both_hashes(content: bytes) -> frozenset[str]:
    crc = f"crc32:{zlib.crc32(content):08x}:{len(content)}"
    return frozenset((hashlib.sha256(content).hexdigest(), crc))


@pytest.mark.parametrize("raw", [TRUTH, MEMBERS], ids=["plain", "gzip"])
def test_quick_hash_is_one_of_the_digest(raw: bytes) -> None:
    stream = ContentStream(io.BytesIO(raw), quick=True)
    assert b"".join(stream.chunks())
    assert stream.content_hash in digest_of(io.BytesIO(raw)).hashes
    assert stream.content_hash.startswith("crc32:")


def test_digest_tells_damage() -> None:
    assert digest_of(io.BytesIO(MEMBERS[:-1])).damage == "the gzip data ends in the middle of a member"
