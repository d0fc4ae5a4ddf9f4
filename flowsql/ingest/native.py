"""A block of lines -> columns, by the compiled tokenizer (tokenizer.c), where this installation has it.

It is compiled when flowsql is installed and a C compiler can be had (hatch_build.py). Without it the same
blocks are read by pyarrow.csv, which takes more than twice as long.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pyarrow as pa

from flowsql.ingest.values import MILLISECONDS_TO
from flowsql.logformat.fields import Field

LIBRARY = Path(__file__).with_name("tokenizer.so")
_TEXT, _INT32, _INT64 = 0, 1, 2
_LIMITS = {_TEXT: 0, _INT32: 1 << 31, _INT64: (1 << 63) - 1}
_KINDS = {"string": _TEXT, "int32": _INT32, "int64": _INT64}
_ARROW_TYPES = {_TEXT: pa.int32(), _INT32: pa.int32(), _INT64: pa.int64()}


class _Column(ctypes.Structure):
    """`Column` of tokenizer.c."""

    _fields_ = [
        ("kind", ctypes.c_int64),
        ("limit", ctypes.c_int64),
        ("values", ctypes.c_void_p),
        ("valid", ctypes.c_void_p),
        ("nulls", ctypes.c_int64),
        ("largest", ctypes.c_int64),
        ("texts", ctypes.c_int64),
        ("text_bytes", ctypes.c_int64),
        ("offsets", ctypes.c_void_p),
        ("text", ctypes.c_void_p),
        ("_slots", ctypes.c_void_p),
        ("_numbers", ctypes.c_int64 * 4),
    ]


@cache
def _library() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(str(LIBRARY))
    except OSError:
        return None
    columns, number = ctypes.POINTER(_Column), ctypes.c_int64
    library.flowsql_lines.argtypes = [ctypes.c_void_p, number]
    library.flowsql_lines.restype = number
    library.flowsql_tokenize.argtypes = [ctypes.c_void_p, number, columns, number, number]
    library.flowsql_tokenize.restype = number
    library.flowsql_release.argtypes = [columns, number]
    library.flowsql_release.restype = None
    return library


def is_available() -> bool:
    """Whether this installation has the compiled tokenizer."""
    return _library() is not None


def tokenize(block: bytes | memoryview, fields: Sequence[Field]) -> pa.Table | None:
    """One row a line, one column a field under its AWS name: integers, and text as dictionaries; `-` is null.

    Integers are not negative and fit their type; times are smaller than MILLISECONDS_TO; texts are any bytes
    above the blank, not yet known to be UTF-8. None if any line is different, or there is no compiled
    tokenizer. Other threads run meanwhile.
    """
    library = _library()
    if library is None:
        return None
    text = pa.py_buffer(block)
    rows = library.flowsql_lines(text.address, text.size)
    columns = (_Column * len(fields))()
    buffers = _prepare(columns, fields, rows)
    try:
        if library.flowsql_tokenize(text.address, text.size, columns, len(fields), rows) != rows:
            return None
        arrays = [_array(column, rows, *kept) for column, kept in zip(columns, buffers, strict=True)]
    finally:
        library.flowsql_release(columns, len(fields))
    return pa.table(arrays, names=[field.name for field in fields])


def _prepare(
    columns: ctypes.Array[_Column], fields: Sequence[Field], rows: int
) -> list[tuple[pa.Buffer, pa.Buffer]]:
    """Gives the columns room for their values; returns what Arrow keeps of each: validity bits and values."""
    bits = _padded((rows + 7) // 8)
    sizes = [rows * (8 if field.type == "int64" else 4) for field in fields]
    # All in one piece: small blocks would spend their time on asking for memory.
    room = pa.allocate_buffer(len(fields) * bits + sum(map(_padded, sizes)))
    ctypes.memset(room.address, 0, len(fields) * bits)
    buffers = []
    valid, values = 0, len(fields) * bits
    for column, field, size in zip(columns, fields, sizes, strict=True):
        column.kind = _KINDS[field.type]
        column.limit = MILLISECONDS_TO if field.unit == "unix seconds" else _LIMITS[column.kind]
        column.valid, column.values = room.address + valid, room.address + values
        buffers.append((room.slice(valid, bits), room.slice(values, size)))
        valid, values = valid + bits, values + _padded(size)
    return buffers


def _padded(size: int) -> int:
    """The size, so that what comes after it is aligned as Arrow likes it."""
    return -(-size // 64) * 64


def _array(column: _Column, rows: int, valid: pa.Buffer, values: pa.Buffer) -> pa.Array:
    kept = [valid if column.nulls else None, values]
    array = pa.Array.from_buffers(_ARROW_TYPES[column.kind], rows, kept, column.nulls)
    if column.kind != _TEXT:
        return array
    texts = pa.array([], pa.string())
    if column.texts:
        offsets = pa.py_buffer(ctypes.string_at(column.offsets, 4 * (column.texts + 1)))
        text = pa.py_buffer(ctypes.string_at(column.text, column.text_bytes))
        texts = pa.Array.from_buffers(pa.string(), column.texts, [None, offsets, text], 0)
    return pa.DictionaryArray.from_arrays(array, texts, safe=False)
