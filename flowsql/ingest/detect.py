"""What is in an object: Parquet or text, and in which log format; or that it is no flow log at all.

Only content decides: never the file's extension, and never the value of `version` in a record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from flowsql.errors import SourceError
from flowsql.ingest.header import MIN_NAMES, header_fields
from flowsql.ingest.line import ACTIONS, fault_of, is_address, looks_like, normal_form
from flowsql.ingest.shapes.refused import refusal_of
from flowsql.logformat.fields import DEFAULT_FIELDS, TGW_FIELDS, VPC_FIELDS, Field
from flowsql.logformat.format_string import to_format_string

PARQUET_MAGIC = b"PAR1"
# So much of the content is looked at to tell its log format.
SAMPLE_BYTES = 1 << 20
_SAMPLE_LINES = 1000


class NotFlowLogs(SourceError):
    """An object that holds something else than flow logs, or nothing."""


class UndecidedFormat(SourceError):
    """Lines that may be flow logs, in a log format that cannot be told."""


@dataclass(frozen=True, slots=True)
class TextFormat:
    """The log format of a text object, and whether its first line is the header that names it.

    Without a header, lines that do not fit it may be records in one of `others`: a log stream has the records
    of all flow logs that write to it.
    """

    fields: tuple[Field, ...]
    starts_with_header: bool
    others: tuple[tuple[Field, ...], ...] = ()


_MAGIC = (
    (PARQUET_MAGIC, "Parquet inside gzip: gunzip it first, AWS compresses inside the file"),
    (b"PK\x03\x04", "a zip archive: unpack it first"),
    (b"BZh", "bzip2 data: decompress it first"),
    (b"\xfd7zXZ", "xz data: decompress it first"),
    (b"\x28\xb5\x2f\xfd", "zstd data: decompress it first"),
    (b"\x1f\x8b", "gzip inside gzip: decompress it first"),
    (b"ORC", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"%PDF", "a PDF document"),
    (b"\xff\xfe", "UTF-16 text: convert it to UTF-8 first"),
    (b"\xfe\xff", "UTF-16 text: convert it to UTF-8 first"),
)
_YAML_KEY = re.compile(rb"[A-Za-z_][\w.-]*:(?:\s|$)")
_TIME = re.compile(r"1\d{9}")
_STATUS = {"OK", "NODATA", "SKIPDATA"}


def tell_format(
    sample: bytes,
    given: Sequence[Field] | None,
    where: str,
    registered: Sequence[tuple[Field, ...]] = (),
) -> TextFormat:
    """The log format of text that begins with `sample`.

    In order: its header line; those that are `registered` for it; the `given` fields; the default format if
    lines fit it exactly. Of several that lines fit, the one that most do.
    Raises NotFlowLogs for other kinds of content, UndecidedFormat where no format fits.
    """
    texts = _normal_lines(sample)
    lines = list(islice(texts, 1))
    # Most objects begin with a header line: what follows need not be looked at.
    header = _header_of(lines[0], given, is_first=True) if lines else None
    if header is not None and len(header) >= MIN_NAMES:
        return TextFormat(tuple(header), starts_with_header=True)
    lines.extend(texts)
    candidates = _candidates(given, registered)
    for number, text in enumerate(lines):
        header = _header_of(text, given, is_first=not number)
        if header is None or (number and len(header) < MIN_NAMES):
            continue
        rest = lines[number + 1 :]
        if len(header) < MIN_NAMES and (fields := _best_fit(rest, given, candidates, tuple(header))):
            return TextFormat(fields, starts_with_header=False)
        if number == 0:
            return TextFormat(tuple(header), starts_with_header=True)
        return TextFormat(
            _best_fit(lines[:number], given, candidates) or tuple(header), starts_with_header=False
        )
    fields = _best_fit(lines, given, candidates)
    if fields:
        others = tuple(other for other in candidates if other != fields)
        return TextFormat(fields, starts_with_header=False, others=others)
    raise _refusal(sample, lines, given, registered, where)


def _normal_lines(sample: bytes) -> Iterator[bytes]:
    """The first lines of the sample that hold anything, in normal form."""
    start = 0
    for _ in range(_SAMPLE_LINES):
        if start >= len(sample):
            return
        end = sample.find(b"\n", start)
        end = len(sample) if end < 0 else end
        line = sample[start:end]
        text = normal_form(line, 0)
        if text and not refusal_of(line):
            yield text
        start = end + 1


def _header_of(text: bytes, given: Sequence[Field] | None, *, is_first: bool) -> list[Field] | None:
    """The fields that a line names, if it is a header line."""
    tokens = text.split(b" ")
    current = given if given and len(given) == len(tokens) else ()
    return header_fields(tokens, current, is_first=is_first)


def _best_fit(
    lines: Sequence[bytes],
    given: Sequence[Field] | None,
    candidates: Sequence[tuple[Field, ...]],
    header: tuple[Field, ...] = (),
) -> tuple[Field, ...]:
    """Of the candidates the one that most lines fit; () if no line fits any.

    () also if what a line of a word or two names, `header`, fits better; else those words (`end`) stood there
    by chance. Of formats that fit equally well the longer one is the less likely to do so by chance.
    """
    fits = [(sum(_fits(text, fields, given) for text in lines), len(fields), fields) for fields in candidates]
    most, length, fields = max(fits, key=lambda fit: fit[0])
    named = sum(_fits(text, header, header) for text in lines) if header else 0
    return fields if (most, length) > (named, len(header)) and most else ()


def _candidates(
    given: Sequence[Field] | None, registered: Sequence[tuple[Field, ...]]
) -> list[tuple[Field, ...]]:
    """The log formats that an object without a header may have, each once, the likeliest first."""
    return list(dict.fromkeys([*registered, *([tuple(given)] if given else []), DEFAULT_FIELDS]))


def _fits(line: bytes, fields: tuple[Field, ...], given: Sequence[Field] | None) -> bool:
    text = normal_form(line, len(fields))
    if fault_of(text, fields):
        return False
    return (given is not None and fields == tuple(given)) or looks_like(text, fields)


def _refusal(
    sample: bytes,
    lines: Sequence[bytes],
    given: Sequence[Field] | None,
    registered: Sequence[tuple[Field, ...]],
    where: str,
) -> SourceError:
    kind = _foreign_kind(sample, lines)
    if kind:
        return NotFlowLogs(f"not flow logs: {kind}", where=where)
    values = len(lines[0].split(b" "))
    tried = [f"the default format ({len(DEFAULT_FIELDS)} fields)"]
    if given:
        tried.insert(0, f"--log-format ({len(given)} fields)")
    tried[:0] = [f"that of a registered flow log ({len(fields)} fields)" for fields in registered]
    fitting = [
        to_format_string(fields)
        for fields in _documented_formats()
        if not fault_of(lines[0], fields) and looks_like(lines[0], fields)
    ]
    return UndecidedFormat(
        f"no header line, and its lines ({values} values) do not fit {' or '.join(tried)}",
        where=where,
        remedy=f"--log-format '{fitting[0]}' would fit"
        if fitting
        else f"--log-format with the {values} field names, in the order of the flow log's configuration",
    )


def _documented_formats() -> list[tuple[Field, ...]]:
    """AWS's own orders: the transit gateway default, and all VPC fields up to each version."""
    versions = sorted({field.version for field in VPC_FIELDS})
    return [TGW_FIELDS, *(tuple(f for f in VPC_FIELDS if f.version <= v) for v in versions)]


def _foreign_kind(sample: bytes, lines: Sequence[bytes]) -> str:
    """What the content is if it is nothing like flow logs, else ''."""
    if not lines:
        return "nothing but blank lines"
    kinds = (kind for magic, kind in _MAGIC if sample.startswith(magic))
    return next(kinds, "") or _foreign_text(sample, lines)


def _foreign_text(sample: bytes, lines: Sequence[bytes]) -> str:
    start, first = sample[:4096], lines[0]
    undecodable = start.decode("utf-8", "replace").count("\ufffd")
    signs = (
        (b"\x00" in sample or undecodable > len(start) // 10, "binary data"),
        (first.startswith((b"{", b"[")), "JSON"),
        (first.startswith(b"<"), "XML or HTML"),
        (first.startswith((b"---", b"%YAML")), "YAML"),
        (2 * sum(_has_log_value(text) for text in lines[:50]) >= len(lines[:50]), ""),
        (any(_YAML_KEY.match(text) for text in lines[:50]), "YAML"),
        (b"," in first, "comma-separated text"),
        (True, "no line looks like a record"),
    )
    return next(kind for applies, kind in signs if applies)


def _has_log_value(text: bytes) -> bool:
    """Whether a line of several values has one that flow logs are full of."""
    values = text.decode("utf-8", "replace").split(" ")
    return any(
        value in ACTIONS
        or value in _STATUS
        or _TIME.fullmatch(value)
        or is_address(value)
        or value.startswith(("eni-0", "tgw-0", "vpc-0"))
        for value in values
    )
