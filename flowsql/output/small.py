"""The text of the values of a small array, by Python: sooner done than pyarrow.compute is imported."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

# Up to so many values Python is quick enough.
MOST_VALUES = 500
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = -62_135_596_800, 253_402_300_799  # the years 1 and 9999, which datetime covers


def small_texts(array: pa.Array, timezone: str) -> pa.StringArray | None:
    """What `scalar_texts` gives, or None for a type or value that it is left to."""
    kind = array.type
    if pa.types.is_string(kind):
        return array
    if pa.types.is_timestamp(kind) and timezone == "UTC":
        return _moments(array)
    write = next((write for applies, write in _WRITERS if applies(kind)), None)
    return None if write is None else _written(array.to_pylist(), write)


def _written(values: Iterable[Any], write: Callable[[Any], str]) -> pa.StringArray:
    return pa.array([None if value is None else write(value) for value in values], pa.string())


def _moments(array: pa.Array) -> pa.StringArray | None:
    per_second = _PER_SECOND[array.type.unit]
    counts = array.view(pa.int64()).to_pylist()
    if any(count is not None and not _FIRST <= count // per_second <= _LAST for count in counts):
        return None
    zone = "Z" if array.type.tz else ""
    return _written(counts, lambda count: _moment(count, per_second) + zone)


def _moment(count: int, per_second: int) -> str:
    seconds, fraction = divmod(count, per_second)
    text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    digits = str(fraction + per_second)[1:].rstrip("0")
    return f"{text}.{digits}" if digits else text


def _truth(value: bool) -> str:
    return "true" if value else "false"


_WRITERS: tuple[tuple[Callable[[pa.DataType], Any], Callable[[Any], str]], ...] = (
    (pa.types.is_integer, str),
    (pa.types.is_boolean, _truth),
    (pa.types.is_float64, repr),
    (pa.types.is_decimal, "{:f}".format),
)
