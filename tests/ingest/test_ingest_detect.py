from __future__ import annotations

import bz2
import functools
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from flowsql.ingest.detect import NotFlowLogs, UndecidedFormat, tell_format
from flowsql.ingest.read import Unreadable, start_reading
from flowsql.logformat.fields import DEFAULT_FIELDS, TGW_FIELDS, VPC_FIELDS, Field
from flowsql.logformat.format_string import parse_format_string, to_format_string
from flowsql.sources.source import LogObject

Read = Callable[..., Any]
LINE = "2 123456789010 eni-1 10.0.0.1 10.0.0.2 443 49152 6 20 4249 1418530010 1418530070 ACCEPT OK"
NODATA = "2 123456789010 eni-1 - - - - - - - 1431280876 1431280934 - NODATA"
HEADER = " ".join(f.name for f in DEFAULT_FIELDS)
PAIR = parse_format_string("srcaddr dstport")


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.log", content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "given", "fields", "starts_with_header"),
    [
        (HEADER, None, DEFAULT_FIELDS, True),
        (f"{HEADER}\n{LINE}\n", None, DEFAULT_FIELDS, True),
        (f"\n\n{HEADER}\n{LINE}\n", None, DEFAULT_FIELDS, True),
        (f"\ufeff{HEADER}\r\n{LINE}\r\n", None, DEFAULT_FIELDS, True),
        ("srcaddr dstport\n10.0.0.1 5\n", DEFAULT_FIELDS, PAIR, True),
        ("srcaddr\n10.0.0.1\n", DEFAULT_FIELDS, PAIR[:1], True),
        ("srcaddr\n10.0.0.1\n", None, PAIR[:1], True),
        ("srcport\n5\n", PAIR[1:], parse_format_string("srcport"), True),
        (f"end\n{LINE}\n", None, DEFAULT_FIELDS, False),
        (f"srcaddr srcport\n{LINE}\n", None, DEFAULT_FIELDS, False),
        (f"{LINE}\n", None, DEFAULT_FIELDS, False),
        (f"{NODATA}\n", None, DEFAULT_FIELDS, False),
        (f"prose first\n{LINE}\n", None, DEFAULT_FIELDS, False),
        (f"{LINE}\n{HEADER}\n", None, DEFAULT_FIELDS, False),
        (f"2014-12-14T04:06:50.000Z {LINE}\n", None, DEFAULT_FIELDS, False),
        ("10.0.0.1 5\n", PAIR, PAIR, False),
        ("prose\n10.0.0.1 5\n", PAIR, PAIR, False),
        (f"{LINE}\n", PAIR, DEFAULT_FIELDS, False),
        (f"10.0.0.1 5\n{LINE}\n{LINE}\n", PAIR, DEFAULT_FIELDS, False),
        (f"prose\n{HEADER}\n{LINE}\n", None, DEFAULT_FIELDS, False),
        ("version\nstart\n", parse_format_string("instance-tag"), parse_format_string("instance-tag"), False),
    ],
    ids=[
        "header alone",
        "header",
        "header after blank lines",
        "header behind a byte order mark",
        "header against --log-format",
        "one field against --log-format",
        "one field",
        "one field against --log-format that fits",
        "a stray word first",
        "two stray words first",
        "default",
        "NODATA",
        "default after prose",
        "header second",
        "export timestamp",
        "given",
        "given after prose",
        "given fits no line",
        "given fits fewer lines",
        "header after prose",
        "tags that are field names",
    ],
)
def test_formats_told(
    content: str, given: list[Field] | None, fields: tuple[Field, ...], starts_with_header: bool
) -> None:
    told = tell_format(content.encode(), given, "a.log")
    assert (told.fields, told.starts_with_header) == (tuple(fields), starts_with_header)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"srcaddr": "10.0.0.1"}\n', "JSON"),
        (b'[\n  {"a": 1}\n]\n', "JSON"),
        (b"\xef\xbb\xbf{}", "JSON"),
        (b"<?xml version='1.0'?><a/>", "XML or HTML"),
        (b"<!doctype html>\n<p>10.0.0.1", "XML or HTML"),
        (b"---\nname: x\n", "YAML"),
        (b"%YAML 1.2\n", "YAML"),
        (b"name: x\nlogs:\n  - a\n", "YAML"),
        (zipped(LINE.encode()), "a zip archive: unpack it first"),
        (bz2.compress(LINE.encode()), "bzip2 data: decompress it first"),
        (lzma.compress(LINE.encode()), "xz data: decompress it first"),
        (b"\x28\xb5\x2f\xfd\x04\x00", "zstd data: decompress it first"),
        (
            functools.reduce(lambda data, _: gzip.compress(data, mtime=0), range(4), LINE.encode()),
            "gzip inside gzip: decompress it first",
        ),
        (
            gzip.compress(b"PAR1xxxxPAR1", mtime=0),
            "Parquet inside gzip: gunzip it first, AWS compresses inside the file",
        ),
        (b"ORC\x00\x01", "an ORC file"),
        (b"Obj\x01\x04", "an Avro file"),
        (b"%PDF-1.7\n", "a PDF document"),
        (LINE.encode("utf-16"), "UTF-16 text: convert it to UTF-8 first"),
        (b"\xfe\xff" + LINE.encode("utf-16-be"), "UTF-16 text: convert it to UTF-8 first"),
        (LINE.encode("utf-16-le"), "binary data"),
        (bytes(range(256)) * 4, "binary data"),
        (b"\x7fELF\x02\x01\x01\x00", "binary data"),
        (b"a,b,c\n1,2,3\n", "comma-separated text"),
        (b"Dear all,\nthe logs are attached.\n", "comma-separated text"),
        (b"The quick brown fox\njumps over the lazy dog\n", "no line looks like a record"),
        (b"\n \r\n\t\n", "nothing but blank lines"),
        (b"\xef\xbb\xbf\n", "nothing but blank lines"),
    ],
)
@pytest.mark.parametrize("given", [None, DEFAULT_FIELDS], ids=["", "log format given"])
def test_foreign_content_is_named(
    content: bytes, kind: str, given: tuple[Field, ...] | None, read: Read
) -> None:
    with pytest.raises(NotFlowLogs) as caught:
        read(content, given)
    assert (caught.value.cause, caught.value.where) == (f"not flow logs: {kind}", "a.log")


@pytest.mark.parametrize("content", [b"", gzip.compress(b"", mtime=0)], ids=["plain", "gzip"])
def test_an_empty_object(content: bytes, read: Read) -> None:
    with pytest.raises(NotFlowLogs, match=r"^a\.log: empty$"):
        read(content)


TGW_LINE = (
    " ".join(
        {"account-id": "123456789010", "srcaddr": "10.0.0.1", "log-status": "OK"}.get(
            f.name, "6" if f.is_integer else "x"
        )
        for f in TGW_FIELDS
    )
    .replace(" x 10.0.0.1 x ", " x 10.0.0.1 - ")
    .replace(" 10.0.0.1 x", " 10.0.0.1 10.0.0.2")
)


@pytest.mark.parametrize(
    ("line", "given", "cause", "remedy"),
    [
        (
            LINE.removesuffix(" OK"),
            None,
            "no header line, and its lines (13 values) do not fit the default format (14 fields)",
            "--log-format with the 13 field names, in the order of the flow log's configuration",
        ),
        (
            f"{LINE} more",
            parse_format_string("srcaddr dstaddr"),
            "no header line, and its lines (15 values) do not fit --log-format (2 fields) or the default format"
            " (14 fields)",
            "--log-format with the 15 field names, in the order of the flow log's configuration",
        ),
        (
            f"{LINE} vpc-1 subnet-1 i-1 2 IPv4 10.0.0.1 10.0.0.2",
            None,
            "no header line, and its lines (21 values) do not fit the default format (14 fields)",
            f"--log-format '{to_format_string(VPC_FIELDS[:21])}' would fit",
        ),
        (
            TGW_LINE,
            None,
            "no header line, and its lines (36 values) do not fit the default format (14 fields)",
            f"--log-format '{to_format_string(TGW_FIELDS)}' would fit",
        ),
        (
            "10.0.0.1 443",
            None,
            "no header line, and its lines (2 values) do not fit the default format (14 fields)",
            "--log-format with the 2 field names, in the order of the flow log's configuration",
        ),
    ],
    ids=["too few", "too many", "all of version 3", "transit gateway", "custom"],
)
def test_an_undecided_format_says_what_would_fit(
    line: str, given: list[Field] | None, cause: str, remedy: str
) -> None:
    with pytest.raises(UndecidedFormat) as caught:
        tell_format(f"{line}\n{line}\n".encode(), given, "a.log")
    assert (caught.value.cause, caught.value.where, caught.value.remedy) == (cause, "a.log", remedy)


def test_fourteen_values_in_another_order_are_not_the_default_format() -> None:
    values = LINE.split()
    shuffled = " ".join([values[0], *values[3:5], values[1], values[2], *values[5:]])
    with pytest.raises(UndecidedFormat):
        tell_format(shuffled.encode(), None, "a.log")


def _no_such_file() -> io.BytesIO:
    raise FileNotFoundError(2, "No such file or directory")


class _FailingDisk(io.BytesIO):
    """Bytes of which the disk gives the first `sound` ones only."""

    def __init__(self, content: bytes, sound: int) -> None:
        super().__init__(content)
        self._sound = sound

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= self._sound:
            raise OSError(5, "Input/output error")
        return super().read(min(size or 0, self._sound - self.tell()))


@pytest.mark.parametrize(
    ("opener", "cause"),
    [
        (_no_such_file, "cannot be read: No such file or directory"),
        (lambda: _FailingDisk(b"version", 0), "cannot be read: Input/output error"),
        (lambda: _FailingDisk(b"PAR1" * 9, 4), "cannot be read: Input/output error"),
    ],
    ids=["gone", "text", "parquet"],
)
def test_what_the_system_does_not_give(opener: Callable[[], io.BytesIO], cause: str) -> None:
    with pytest.raises(Unreadable) as caught:
        start_reading(LogObject("a.log", 1, "", True, opener), None)
    assert (caught.value.cause, caught.value.where) == (cause, "a.log")


@pytest.mark.parametrize("sound", [2 << 20, 16 << 20], ids=["in the first block", "in the second"])
def test_a_disk_that_fails_later_costs_only_what_it_holds_back(sound: int, pool: ThreadPoolExecutor) -> None:
    content = (f"{LINE}\n" * 200_000).encode()
    reading = start_reading(LogObject("a.log", 1, "", True, lambda: _FailingDisk(content, sound)), None)
    assert sum(block.records for block in reading.parsed(pool)) == sound // len(f"{LINE}\n")
    assert reading.damage == "cannot be read to its end: Input/output error"
