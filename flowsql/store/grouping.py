"""Rows with the same keys -> groups, by the compiled library (group_by.c), where this installation has it.

It is compiled when flowsql is installed and a C compiler can be had (hatch_build.py). Groups grow batch by
batch; other threads run meanwhile. A buffer holds one number a row: an int32 code, or an int64 value.
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

LIBRARY = Path(__file__).with_name("group_by.so")
# A code that stands for null.
ABSENT = -(1 << 31)
SUM, MIN, MAX, BIT, FIRST, LAST = range(6)
# Groups that need more memory than this are not made.
_MOST_BYTES = 64 << 20
_NO_VALUE = {MIN: (1 << 63) - 1, MAX: -(1 << 63), FIRST: ABSENT, LAST: ABSENT}


class TooManyGroups(Exception):
    """Groups, or different texts, that would take too much memory."""


class _Places(ctypes.Structure):
    _fields_ = [("slots", ctypes.c_void_p), ("mask", ctypes.c_uint64)]


class _Dictionary(ctypes.Structure):
    """`Dictionary` of group_by.c."""

    _fields_ = [
        ("most_bytes", ctypes.c_int64),
        ("texts", ctypes.c_int64),
        ("text_bytes", ctypes.c_int64),
        ("offsets", ctypes.c_void_p),
        ("text", ctypes.c_void_p),
        ("_rooms", ctypes.c_int64 * 2),
        ("_places", _Places),
    ]


class _Groups(ctypes.Structure):
    """`Groups` of group_by.c."""

    _fields_ = [
        ("keys", ctypes.c_int64),
        ("values", ctypes.c_int64),
        ("kinds", ctypes.c_int64 * 8),
        ("texts", ctypes.POINTER(_Dictionary)),
        ("most_bytes", ctypes.c_int64),
        ("groups", ctypes.c_int64),
        ("_data", ctypes.c_void_p),
        ("_room", ctypes.c_int64),
        ("_places", _Places),
    ]


@cache
def _library() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(str(LIBRARY))
    except OSError:
        return None
    address, number = ctypes.c_void_p, ctypes.c_int64
    groups, dictionary = ctypes.POINTER(_Groups), ctypes.POINTER(_Dictionary)
    for name, result, arguments in (
        ("flowsql_group", number, [groups, address, address, address, number, address]),
        ("flowsql_greatest", number, [address, address, number, number, number, address]),
        ("flowsql_group_keys", None, [groups, number, address]),
        ("flowsql_group_results", None, [groups, number, address]),
        ("flowsql_release_groups", None, [groups]),
        ("flowsql_places", number, [dictionary, address, address, number, address]),
        ("flowsql_release_dictionary", None, [dictionary]),
        ("flowsql_codes", None, [address, address, number, number, address, address]),
        ("flowsql_coalesce", None, [address, address, number]),
        ("flowsql_exchanges", number, [address, address, number, number, address]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def is_available() -> bool:
    """Whether this installation has the compiled library."""
    return _library() is not None


def _compiled() -> ctypes.CDLL:
    library = _library()
    assert library is not None, "is_available() was not asked"
    return library


class Dictionary:
    """Different texts, numbered in the order in which they came."""

    def __init__(self) -> None:
        self._state = _Dictionary(most_bytes=_MOST_BYTES)
        weakref.finalize(self, _compiled().flowsql_release_dictionary, self._state)

    def codes(self, column: pa.DictionaryArray) -> pa.Buffer:
        """The number of each row's text. Raises TooManyGroups."""
        if column.dictionary.null_count:
            column = column.dictionary_decode().dictionary_encode()
        texts = column.dictionary
        _, offsets, text = texts.buffers()
        places = pa.allocate_buffer(4 * len(texts))
        start = offsets.address + 4 * texts.offset if len(texts) else None
        text_address = text.address if text is not None else None
        if _compiled().flowsql_places(self._state, start, text_address, len(texts), places.address):
            raise TooManyGroups
        return _codes(column.indices, places)

    def texts(self) -> pa.Array:
        """All texts, by their numbers."""
        state = self._state
        if not state.texts:
            return pa.array([], pa.large_string())
        offsets = pa.py_buffer(ctypes.string_at(state.offsets, 8 * (state.texts + 1)))
        text = pa.py_buffer(ctypes.string_at(state.text, state.text_bytes))
        return pa.Array.from_buffers(pa.large_string(), state.texts, [None, offsets, text], 0)


class Groups:
    """Groups of rows with the same key."""

    def __init__(self, keys: int, kinds: Sequence[int] = (), texts: Dictionary | None = None) -> None:
        """`keys` is how many codes make a key; `kinds` are what to do with each of a row's values: SUM, MIN
        and MAX take int64, the others codes; FIRST and LAST go by the order of `texts`.
        """
        self._kinds = tuple(kinds)
        self._texts = texts
        self._state = _Groups(keys=keys, values=len(kinds), kinds=tuple(kinds), most_bytes=_MOST_BYTES)
        if texts is not None:
            self._state.texts = ctypes.pointer(texts._state)
        weakref.finalize(self, _compiled().flowsql_release_groups, self._state)

    def __len__(self) -> int:
        return int(self._state.groups)

    def add(
        self,
        keys: Sequence[pa.Buffer],
        count: int,
        *,
        values: Sequence[pa.Buffer] = (),
        rows: pa.Array | None = None,
        places: pa.Buffer | None = None,
    ) -> None:
        """Groups `count` rows, or of these the ones that `rows` numbers; `places` gets the group of each.

        Raises TooManyGroups; the groups mean nothing then.
        """
        found = _compiled().flowsql_group(
            self._state,
            _addresses(keys),
            _addresses(values),
            None if rows is None else _data_of(rows).address,
            count if rows is None else len(rows),
            None if places is None else places.address,
        )
        if found < 0:
            raise TooManyGroups

    def key(self, position: int) -> pa.Buffer:
        """The code at that position in the key of each group."""
        codes = pa.allocate_buffer(4 * len(self))
        _compiled().flowsql_group_keys(self._state, position, codes.address)
        return codes

    def records(self) -> pa.Array:
        """How many rows each group has, int64."""
        return self._results(0)

    def result(self, position: int) -> pa.Array:
        """What the values at that position come to in each group, int64; null where there was none."""
        results = self._results(position + 1)
        nothing = _NO_VALUE.get(self._kinds[position])
        return results if nothing is None else pc.if_else(pc.equal(results, nothing), None, results)

    def _results(self, position: int) -> pa.Array:
        results = pa.allocate_buffer(8 * len(self))
        _compiled().flowsql_group_results(self._state, position, results.address)
        return pa.Array.from_buffers(pa.int64(), len(self), [None, results])


def _addresses(buffers: Sequence[pa.Buffer]) -> ctypes.Array[ctypes.c_void_p]:
    return (ctypes.c_void_p * len(buffers))(*(buffer.address for buffer in buffers))


def _data_of(column: pa.Array) -> pa.Buffer:
    """The values of a column of numbers without nulls, or where nulls do not matter."""
    width = column.type.bit_width // 8
    return column.buffers()[1].slice(width * column.offset, width * len(column))


def integer_codes(column: pa.Int32Array) -> pa.Buffer:
    """An integer column as codes."""
    return _codes(column, None)


def _codes(column: pa.Int32Array, places: pa.Buffer | None) -> pa.Buffer:
    if places is None and not column.null_count:
        return _data_of(column)
    codes = pa.allocate_buffer(4 * len(column))
    valid = column.buffers()[0] if column.null_count else None
    _compiled().flowsql_codes(
        _data_of(column).address,
        valid.address if valid is not None else None,
        column.offset,
        len(column),
        places.address if places is not None else None,
        codes.address,
    )
    return codes


def integers(codes: pa.Buffer) -> pa.Array:
    """Codes as an integer column, with null for ABSENT."""
    column = pa.Array.from_buffers(pa.int32(), codes.size // 4, [None, codes])
    return pc.if_else(pc.equal(column, pa.scalar(ABSENT, pa.int32())), None, column)


def absent_codes(count: int) -> pa.Buffer:
    """The codes of a column of nulls."""
    return _data_of(pa.repeat(pa.scalar(ABSENT, pa.int32()), count))


def values_of(column: pa.Int64Array, kind: int = SUM) -> pa.Buffer:
    """An int64 column as values; nulls, which there may be for MIN and MAX, change nothing."""
    return _data_of(pc.fill_null(column, _NO_VALUE[kind]) if column.null_count else column)


def coalesced(first: pa.Buffer, second: pa.Buffer) -> pa.Buffer:
    """The codes of `first`, and those of `second` where it has none."""
    codes = pa.allocate_buffer(first.size)
    ctypes.memmove(codes.address, first.address, first.size)
    _compiled().flowsql_coalesce(codes.address, second.address, first.size // 4)
    return codes


def exchange_rows(port: pa.Buffer, peer_port: pa.Buffer, *, some: bool) -> pa.Array:
    """The numbers of the rows that have a port other than 0 and a port of the peer; `some`, of one in eight
    of the pairs of ports, the same ones both ways.
    """
    rows = pa.allocate_buffer(2 * port.size)
    found = _compiled().flowsql_exchanges(port.address, peer_port.address, port.size // 4, some, rows.address)
    return pa.Array.from_buffers(pa.int64(), found, [None, rows])


def greatest(values: pa.Int64Array, most: int, keys: Sequence[pa.Buffer] = ()) -> pa.Array:
    """The numbers of the rows that have the `most` greatest values among those with the same key, and of
    those that equal the least of these. No value may be negative. Raises TooManyGroups.
    """
    count = len(values)
    groups, places = Groups(len(keys)), pa.allocate_buffer(4 * count)
    groups.add(keys, count, places=places)
    if 8 * len(groups) * most > _MOST_BYTES:
        raise TooManyGroups
    rows = pa.allocate_buffer(8 * count)
    found = _compiled().flowsql_greatest(
        places.address, values_of(values).address, count, len(groups), most, rows.address
    )
    if found < 0:
        raise TooManyGroups
    return pa.Array.from_buffers(pa.int64(), found, [None, rows])
