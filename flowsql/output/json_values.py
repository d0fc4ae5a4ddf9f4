"""Arrow values as JSON text."""

from __future__ import annotations

import json

import pyarrow as pa

from flowsql.output import compute as pc
from flowsql.output.scalars import is_number, scalar_texts, values
from flowsql.output.visible import is_hidden

# One character that JSON text cannot hold as it is, or that Python must look at.
_NOT_PLAIN = r"[^ !#-\[\]-~]"


def is_nested(kind: pa.DataType) -> bool:
    """Whether its values hold other values: lists, structs, maps."""
    return bool(_is_list(kind) or pa.types.is_struct(kind) or pa.types.is_map(kind))


def json_texts(array: pa.Array, timezone: str) -> pa.StringArray:
    """The JSON of each value, without blanks; null, NaN and infinite floats are `null`.

    Numbers are JSON numbers of any length, maps objects; all else is a string of the cell's text,
    its control characters and other hidden ones escaped.
    """
    array = values(array)
    kind = array.type
    if pa.types.is_map(kind):
        texts = _map_texts(array, timezone)
    elif _is_list(kind):
        texts = _list_texts(array, timezone)
    elif pa.types.is_struct(kind):
        texts = _struct_texts(array, timezone)
    elif pa.types.is_floating(kind):
        texts = pc.if_else(pc.is_finite(array.cast(pa.float64())), scalar_texts(array, timezone), None)
    elif is_number(kind) or pa.types.is_boolean(kind):
        texts = scalar_texts(array, timezone)
    else:
        texts = _quoted(scalar_texts(array, timezone))
    return pc.fill_null(texts, "null")


def json_string(text: str) -> str:
    """`text` as a JSON string that is safe on a terminal."""
    quoted = json.dumps(text, ensure_ascii=False)
    if quoted.isprintable():
        return quoted
    return "".join(json.dumps(char)[1:-1] if is_hidden(char) else char for char in quoted)


def join_members(names: list[str], members: list[pa.StringArray]) -> pa.StringArray:
    """One JSON object a row from the JSON of its members, one array a name."""
    pieces: list[str | pa.StringArray] = []
    for position, (name, texts) in enumerate(zip(names, members, strict=True)):
        pieces += [("," if position else "{") + json_string(name) + ":", texts]
    return pc.binary_join_element_wise(*pieces, "}", "")


def _is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind)
        or pa.types.is_large_list(kind)
        or pa.types.is_fixed_size_list(kind)
        or pa.types.is_list_view(kind)
        or pa.types.is_large_list_view(kind)
    )


def _quoted(texts: pa.StringArray) -> pa.StringArray:
    if pc.any(pc.match_substring_regex(texts, _NOT_PLAIN)).as_py():
        return pa.array(
            [None if text is None else json_string(text) for text in texts.to_pylist()], pa.string()
        )
    return pc.binary_join_element_wise('"', texts, '"', "")


def _struct_texts(array: pa.StructArray, timezone: str) -> pa.StringArray:
    members = [json_texts(child, timezone) for child in array.flatten()]
    texts = join_members([field.name for field in array.type], members)
    return pc.if_else(array.is_valid(), texts, None)


def _list_texts(array: pa.Array, timezone: str) -> pa.StringArray:
    array = array.cast(pa.list_(array.type.value_type))
    first, last = _bounds(array)
    items = json_texts(array.values.slice(first, last - first), timezone)
    return _joined(array, items, "[", "]")


def _map_texts(array: pa.MapArray, timezone: str) -> pa.StringArray:
    first, last = _bounds(array)
    keys = _quoted(scalar_texts(array.keys.slice(first, last - first), timezone))
    items = json_texts(array.items.slice(first, last - first), timezone)
    return _joined(array, pc.binary_join_element_wise(keys, items, ":"), "{", "}")


def _bounds(array: pa.Array) -> tuple[int, int]:
    """The range of child values that the rows of `array` use, which may be a slice."""
    return array.offsets[0].as_py(), array.offsets[-1].as_py()


def _joined(array: pa.Array, items: pa.StringArray, opening: str, closing: str) -> pa.StringArray:
    offsets = pc.subtract(array.offsets, array.offsets[0])
    bodies = pc.binary_join(pa.ListArray.from_arrays(offsets, items), ",")
    return pc.if_else(array.is_valid(), pc.binary_join_element_wise(opening, bodies, closing, ""), None)
