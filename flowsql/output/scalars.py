"""Arrow values that hold no other values, as text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from flowsql.output import compute as pc
from flowsql.output import times
from flowsql.output.small import MOST_VALUES, small_texts


def value_type(kind: pa.DataType) -> pa.DataType:
    """The type of the values themselves: behind dictionaries, run ends and extension types."""
    if isinstance(kind, pa.BaseExtensionType):
        return value_type(kind.storage_type)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return value_type(kind.value_type)
    return kind


def values(array: pa.Array) -> pa.Array:
    """The values themselves, an array of `value_type(array.type)`."""
    if isinstance(array, pa.ExtensionArray):
        return values(array.storage)
    if isinstance(array, pa.DictionaryArray):
        return values(array.dictionary_decode())
    if isinstance(array, pa.RunEndEncodedArray):
        return values(pc.run_end_decode(array))
    return array


def is_text(kind: pa.DataType) -> bool:
    """Whether its values are text."""
    kind = value_type(kind)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def is_number(kind: pa.DataType) -> bool:
    """Whether its values are integers, decimals or floats."""
    kind = value_type(kind)
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def scalar_texts(array: pa.Array, timezone: str) -> pa.StringArray:
    """The text of each value; null stays null. `array` holds neither lists, structs nor maps.

    Integers and decimals are plain digits, floats the shortest text that reads back as the same
    float, booleans true and false, bytes hex, moments ISO 8601 in `timezone`.
    """
    array = values(array)
    kind = array.type
    small = small_texts(array, timezone) if len(array) <= MOST_VALUES else None
    if small is not None:
        return small
    if pa.types.is_timestamp(kind):
        return times.timestamp_texts(array, timezone)
    writer = next((write for applies, write in _WRITERS if applies(kind)), _any_texts)
    return writer(array)


def _cast(array: pa.Array) -> pa.StringArray:
    return array.cast(pa.string())


def _float_texts(array: pa.Array) -> pa.StringArray:
    # pyarrow finds the shortest digits, of a 32-bit float too, but writes 1.2e+11 for 120000000000.0.
    texts = array.cast(pa.string()).to_pylist()
    return pa.array([None if text is None else repr(float(text)) for text in texts], pa.string())


def _decimal_texts(array: pa.Array) -> pa.StringArray:
    texts = array.cast(pa.string())
    if not pc.any(pc.match_substring(texts, "E")).as_py():
        return texts
    return pa.array([None if value is None else f"{value:f}" for value in array.to_pylist()], pa.string())


def _hex_texts(array: pa.Array) -> pa.StringArray:
    return pa.array([None if value is None else value.hex() for value in array.to_pylist()], pa.string())


def _any_texts(array: pa.Array) -> pa.StringArray:
    return pa.array([None if value is None else str(value) for value in array.to_pylist()], pa.string())


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_binary_view(kind)
    )


def _casts_plainly(kind: pa.DataType) -> bool:
    return bool(
        is_text(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind)
    )


_WRITERS: tuple[tuple[Callable[[pa.DataType], Any], Callable[[pa.Array], pa.StringArray]], ...] = (
    (_casts_plainly, _cast),
    (pa.types.is_decimal, _decimal_texts),
    (pa.types.is_floating, _float_texts),
    (pa.types.is_date, times.date_texts),
    (pa.types.is_time, times.clock_texts),
    (pa.types.is_interval, times.interval_texts),
    (pa.types.is_duration, times.duration_texts),
    (_is_bytes, _hex_texts),
)
