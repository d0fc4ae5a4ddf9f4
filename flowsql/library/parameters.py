"""Parameters of a saved query: text typed by a user -> typed values that an engine can bind."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flowsql.errors import LibraryError, UsageError, did_you_mean
from flowsql.library.saved_query import FILE, NULL, ONE_OF, Parameter, SavedQuery
from flowsql.window import parse_cidr, parse_ip, parse_port, parse_span, parse_time

_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)  # 18 digits always fit a bigint
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_BOOLEANS = dict.fromkeys(("true", "yes", "on", "1"), True) | dict.fromkeys(
    ("false", "no", "off", "0"), False
)


def bind(query: SavedQuery, texts: Mapping[str, str], *, now: int, tz: ZoneInfo) -> dict[str, object]:
    """A value for every parameter of `query`, from `texts` or its default.

    Times are Unix seconds, spans seconds, both int; addresses and networks are normalised; a file
    is the path of one that exists, as text; an optional parameter left out, empty or `null` is None.
    Raises LibraryError for an unknown or missing parameter, and for a text its type or range refuses.
    """
    _refuse_unknown(query, texts)
    _refuse_missing(query, texts)
    return {p.name: _value(query, p, texts, now=now, tz=tz) for p in query.parameters}


def convert(parameter: Parameter, text: str, *, now: int, tz: ZoneInfo) -> object:
    """The typed value of `text`; None for `null` or nothing if the parameter is optional.

    Raises UsageError for a text that its type or range refuses.
    """
    if parameter.is_optional and text.strip() in ("", NULL):
        return None
    value = _typed(parameter, text, now=now, tz=tz)
    _refuse_outside(parameter, value, text, now=now, tz=tz)
    return value


def columns_needed(query: SavedQuery, values: Mapping[str, object]) -> frozenset[str]:
    """The columns without which `query` has no answer for these bound values."""
    conditional = (
        columns for (name, value), columns in query.conditional_needs.items() if values.get(name) == value
    )
    return query.needs.union(*conditional)


def _refuse_unknown(query: SavedQuery, texts: Mapping[str, str]) -> None:
    known = [p.name for p in query.parameters]
    for name in texts:
        if name not in known:
            hint = did_you_mean(name, known)
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            raise LibraryError(
                f"it has no parameter {name!r}",
                where=query.name,
                remedy=f"{hint} {takes}" if hint else takes,
            )


def _refuse_missing(query: SavedQuery, texts: Mapping[str, str]) -> None:
    missing = [p for p in query.parameters if p.is_required and p.name not in texts]
    if missing:
        assignments = " ".join(f"{p.name}={'|'.join(p.choices) or p.type.upper()}" for p in missing)
        raise LibraryError(
            f"it needs a value for {', '.join(p.name for p in missing)}",
            where=query.name,
            remedy=f"flowsql run {query.name} {assignments}",
        )


def _default(query: SavedQuery, parameter: Parameter) -> str:
    """Its text; the default of a file is the name of one beside the query."""
    if parameter.type == FILE and parameter.default not in (None, NULL):
        return str(query.path.with_name(str(parameter.default)))
    return parameter.default or ""


def _value(
    query: SavedQuery, parameter: Parameter, texts: Mapping[str, str], *, now: int, tz: ZoneInfo
) -> object:
    text = texts.get(parameter.name, _default(query, parameter))
    try:
        return convert(parameter, text, now=now, tz=tz)
    except UsageError as error:
        raise LibraryError(
            error.cause, where=f"{query.name} {parameter.name}={text}", remedy=error.remedy
        ) from error


def _typed(parameter: Parameter, text: str, *, now: int, tz: ZoneInfo) -> Any:
    word = text.strip()
    if not word:
        raise UsageError(f"{parameter.name} is empty", remedy=f"it is declared as {parameter.declaration()}")
    if parameter.type == "time":
        return parse_time(word, now=now, tz=tz)
    if parameter.type == ONE_OF:
        return _choice(parameter, word)
    return _BY_TYPE[parameter.type](text)


def _refuse_outside(parameter: Parameter, value: Any, text: str, *, now: int, tz: ZoneInfo) -> None:
    declared = f"it is declared as {parameter.declaration()}"
    if parameter.lowest and value < _typed(parameter, parameter.lowest, now=now, tz=tz):
        raise UsageError(f"{text!r} is below {parameter.lowest}", remedy=declared)
    if parameter.highest and value > _typed(parameter, parameter.highest, now=now, tz=tz):
        raise UsageError(f"{text!r} is above {parameter.highest}", remedy=declared)


def _choice(parameter: Parameter, word: str) -> str:
    if word not in parameter.choices:
        remedy = did_you_mean(word, parameter.choices) or f"one of {', '.join(parameter.choices)}"
        raise UsageError(f"{parameter.name} cannot be {word!r}", remedy=remedy)
    return word


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text.strip()):
        raise UsageError(f"{text!r} is no integer", remedy="digits only, at most 18 of them")
    return int(text)


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text.strip()) or not math.isfinite(float(text)):
        raise UsageError(f"{text!r} is no number", remedy="for example 20, 0.5 or 1e6")
    return float(text)


def _boolean(text: str) -> bool:
    try:
        return _BOOLEANS[text.strip().lower()]
    except KeyError as error:
        raise UsageError(
            f"{text!r} is neither yes nor no", remedy="one of true, yes, on, 1, false, no, off, 0"
        ) from error


def _existing_file(text: str) -> str:
    path = Path(text).expanduser()  # no shell expands the ~ of name=~/file
    if not path.is_file():
        raise UsageError(f"there is no file {str(path)!r}", remedy="give the path of a file that can be read")
    return str(path)


_BY_TYPE: dict[str, Callable[[str], object]] = {
    "integer": _integer,
    "number": _number,
    "text": str,
    "ip": parse_ip,
    "cidr": parse_cidr,
    "port": parse_port,
    "span": parse_span,
    "boolean": _boolean,
    "file": _existing_file,
}
