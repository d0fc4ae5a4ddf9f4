"""Arrow times as text: ISO 8601, with a fraction only where there is one."""

from __future__ import annotations

import pyarrow as pa

from flowsql.output import compute as pc

_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_NS = 10**9


def timestamp_texts(array: pa.Array, timezone: str) -> pa.StringArray:
    """`2026-11-23T10:00:00Z` a value; nulls stay null; DuckDB's infinities are `infinity`, `-infinity`.

    A timestamp with a zone is written in `timezone` with its offset, Z for UTC; one without stays
    as it is and gets no offset, for nothing says which zone it is in.
    """
    if array.type.tz is None:
        return _iso(array)
    unit = array.type.unit
    utc = array.cast(pa.int64()).cast(pa.timestamp(unit))
    if timezone == "UTC":
        return _with_suffix(_iso(utc), "Z")
    # An infinity has no offset, and adding one would overflow.
    ordinary = pc.if_else(_is_out_of_range(_plain(utc)), None, utc)
    local = pc.local_timestamp(ordinary.cast(pa.timestamp(unit, timezone)))
    offsets = pc.subtract(local.cast(pa.int64()), ordinary.cast(pa.int64())).dictionary_encode()
    per_second = _PER_SECOND[unit]
    spelled = pa.array(
        [_offset(value // per_second) for value in offsets.dictionary.to_pylist()], pa.string()
    )
    suffixes = pa.DictionaryArray.from_arrays(offsets.indices, spelled).dictionary_decode()
    return pc.if_else(pc.is_null(local), _iso(utc), _with_suffix(_iso(local), suffixes))


def clock_texts(array: pa.Array) -> pa.StringArray:
    """`10:00:00` a value of type time."""
    return _without_zeros(array.cast(pa.string()), array.type.unit)


def date_texts(array: pa.Array) -> pa.StringArray:
    """`2026-11-23` a value of type date; DuckDB's infinities as for timestamps."""
    return _infinities(array.cast(pa.date32()).cast(pa.string()))


def interval_texts(array: pa.Array) -> pa.StringArray:
    """`1 year 2 months 3 days 04:05:06.5` a value, as DuckDB writes (and reads) intervals."""
    return pa.array(
        [None if value is None else _interval(*value) for value in array.to_pylist()], pa.string()
    )


def duration_texts(array: pa.Array) -> pa.StringArray:
    """`04:05:06.5` a duration, days not taken out."""
    scale = _NS // _PER_SECOND[array.type.unit]
    counts = array.cast(pa.int64()).to_pylist()
    return pa.array([None if count is None else _clock(count * scale) for count in counts], pa.string())


def _iso(array: pa.Array) -> pa.StringArray:
    texts = _without_zeros(_plain(array), array.type.unit)
    return _infinities(pc.replace_substring(texts, " ", "T", max_replacements=1))


def _plain(array: pa.Array) -> pa.StringArray:
    return array.cast(pa.string())


def _without_zeros(texts: pa.StringArray, unit: str) -> pa.StringArray:
    # pyarrow writes all digits of the unit; whole seconds have no dot to strip from.
    return texts if unit == "s" else pc.replace_substring_regex(texts, r"\.?0+$", "")


def _is_out_of_range(texts: pa.StringArray) -> pa.BooleanArray:
    return pc.starts_with(texts, "<")


def _infinities(texts: pa.StringArray) -> pa.StringArray:
    """pyarrow's text for values outside its calendar, which are DuckDB's infinities, replaced."""
    beyond = _is_out_of_range(texts)
    if not pc.any(beyond).as_py():
        return texts
    negative = pc.match_substring(texts, "-")
    return pc.if_else(beyond, pc.if_else(negative, "-infinity", "infinity"), texts)


def _with_suffix(texts: pa.StringArray, suffix: str | pa.StringArray) -> pa.StringArray:
    infinite = pc.ends_with(texts, "infinity")
    return pc.if_else(infinite, texts, pc.binary_join_element_wise(texts, suffix, ""))


def _offset(seconds: int) -> str:
    sign = "-" if seconds < 0 else "+"
    hours, rest = divmod(abs(seconds), 3600)
    minutes, seconds = divmod(rest, 60)
    # Before standard time, zones had offsets with seconds.
    return f"{sign}{hours:02}:{minutes:02}" + (f":{seconds:02}" if seconds else "")


def _interval(months: int, days: int, nanoseconds: int) -> str:
    years, months = (
        abs(months) // 12 * (-1 if months < 0 else 1),
        abs(months) % 12 * (-1 if months < 0 else 1),
    )
    parts = [
        f"{count} {unit}{'' if abs(count) == 1 else 's'}"
        for count, unit in ((years, "year"), (months, "month"), (days, "day"))
        if count
    ]
    if nanoseconds or not parts:
        parts.append(_clock(nanoseconds))
    return " ".join(parts)


def _clock(nanoseconds: int) -> str:
    seconds, fraction = divmod(abs(nanoseconds), _NS)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if fraction:
        text += f".{fraction:09}".rstrip("0")
    return f"-{text}" if nanoseconds < 0 else text
