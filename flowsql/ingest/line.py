"""One text line: its normal form, what is wrong with it, and whether it looks like a record."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from flowsql.ingest.values import MILLISECONDS_TO
from flowsql.logformat.fields import Field

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LEADING_MARKS = re.compile(rb"\A(?:\s*" + BYTE_ORDER_MARK + rb")+")
# CloudWatch Logs export tasks put the event's time before the record, and so does `aws logs tail`; that also
# puts the log stream's name behind a longer time.
_TIME = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
_EVENT_TIMES = {1: re.compile(_TIME + rb"(?:\.\d+)?Z?"), 2: re.compile(_TIME + rb"(?:\.\d+)?[+-]\d\d:\d\d")}
ACTIONS = {"ACCEPT", "REJECT"}
# The integers that pyarrow.csv reads; more digits than these fit no 64 bits.
_INTEGER = re.compile(r"-?(?:[0-9]{1,40}|0[xX][0-9a-fA-F]{1,16})")


def normal_form(line: bytes, values: int) -> bytes:
    """The line with single blanks between its values, and nothing around them.

    Byte order marks, carriage returns and what CloudWatch Logs' tools put before `values` values are
    dropped: an event's time, or that and a log stream.
    """
    tokens = _LEADING_MARKS.sub(b"", line).split()
    before = len(tokens) - values if values else 0
    if before in _EVENT_TIMES and _EVENT_TIMES[before].fullmatch(tokens[0]):
        return normal_form(b" ".join(tokens[before:]), 0)
    return b" ".join(tokens)


def fault_of(text: bytes, fields: Sequence[Field]) -> str:
    """Why a line in normal form is no record of the log format `fields`; '' if it is one."""
    if b"\x00" in text:
        return "contains a NUL byte"
    try:
        tokens = text.decode("utf-8").split(" ")
    except UnicodeDecodeError:
        return "not UTF-8 text"
    if len(tokens) != len(fields):
        return f"found {_count(len(tokens), 'value')} for {_count(len(fields), 'field')}"
    for token, field in zip(tokens, fields, strict=True):
        if field.is_integer and token != "-" and (fault := _integer_fault(token, field)):
            return fault
    return ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _integer_fault(token: str, field: Field) -> str:
    bits = 32 if field.type == "int32" else 64
    is_integer = _INTEGER.fullmatch(token) is not None
    value = int(token, 16 if "x" in token.lower() else 10) if is_integer else 0
    if not is_integer or value >= 1 << (bits - 1):
        return f"{field.name}: {_shown(token)} is not a {bits}-bit integer"
    if value < 0:
        return f"{field.name}: {_shown(token)} is negative"
    if field.unit == "unix seconds" and value >= MILLISECONDS_TO:
        return f"{field.name}: {_shown(token)} is neither a time in seconds nor in milliseconds"
    return ""


def _shown(token: str) -> str:
    return repr(token if len(token) <= 40 else token[:39] + "…")


def looks_like(text: bytes, fields: Sequence[Field]) -> bool:
    """Whether values with a shape of their own (addresses, ids, actions) stand where `fields` says."""
    values = zip(text.decode("utf-8", "replace").split(" "), fields, strict=True)
    return all(value == "-" or _has_shape(value, field) for value, field in values)


def _has_shape(value: str, field: Field) -> bool:
    match field.name:
        case "account-id":
            return value.isdigit() or value == "unknown"
        case "interface-id":
            return value.startswith("eni-")
        case "action":
            return value in ACTIONS
        case "log-status":
            return value.isupper()
        case "srcaddr" | "dstaddr" | "pkt-srcaddr" | "pkt-dstaddr":
            return is_address(value)
        case _:
            return True


def is_address(value: str) -> bool:
    """Whether it is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True
