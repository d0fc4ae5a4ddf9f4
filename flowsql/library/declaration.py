"""The `param` line of a header -> a Parameter."""

from __future__ import annotations

import re
from pathlib import PurePath
from zoneinfo import ZoneInfo

from flowsql.errors import UsageError, did_you_mean
from flowsql.library.comment import Entry
from flowsql.library.parameters import convert
from flowsql.library.saved_query import FILE, NULL, ONE_OF, RANGED_TYPES, TYPES, WINDOW_PARAMETERS, Parameter

GRAMMAR = "-- param top integer [1..10000] = 50 : rows to show"
# A default may be a relative time; whether it is well formed does not depend on the clock.
ANY_MOMENT, ANY_ZONE = 1_700_000_000, ZoneInfo("UTC")

_CHOICE = r"[A-Za-z0-9][\w.-]*"
_DECLARATION = re.compile(
    rf"""
    (?P<name>\S+)
    \s+(?: one\ of\s+(?P<choices>{_CHOICE}(?:\s*\|\s*{_CHOICE})*) | (?P<type>[A-Za-z]+) )
    (?: \s*\[\s*(?P<lowest>[^\s\]]*?)\s*\.\.\s*(?P<highest>[^\s\]]*)\s*\] )?
    (?: \s*=\s*(?P<default>\S.*?) )?
    (?: \s+:\s+(?P<about>.+) )?
    """,
    re.VERBOSE | re.ASCII,
)
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def parse_declaration(entry: Entry) -> Parameter:
    """The parameter that a `param` line declares.

    Raises LibraryError when the line is not in the grammar, and when its range or default does not
    fit its type.
    """
    match = _DECLARATION.fullmatch(entry.value)
    if not match:
        raise entry.error(f"{entry.value!r} declares no parameter", f"write it like {GRAMMAR}")
    parameter = Parameter(
        name=match["name"],
        type=match["type"] or ONE_OF,
        choices=tuple(re.split(r"\s*\|\s*", match["choices"])) if match["choices"] else (),
        lowest=match["lowest"] or "",
        highest=match["highest"] or "",
        default=match["default"],
        about=match["about"] or "",
    )
    _check_name(parameter, entry)
    _check_type(parameter, entry)
    _check_values(parameter, entry)
    return parameter


def _check_name(parameter: Parameter, entry: Entry) -> None:
    if not _NAME.fullmatch(parameter.name):
        raise entry.error(
            f"{parameter.name!r} is no parameter name",
            "small letters, digits and underscores, a letter first",
        )
    if parameter.name in WINDOW_PARAMETERS:
        raise entry.error(f"${parameter.name} is always bound to the window", "remove this line")


def _check_type(parameter: Parameter, entry: Entry) -> None:
    if parameter.type not in TYPES:
        hint = did_you_mean(parameter.type, TYPES)
        raise entry.error(f"unknown type {parameter.type!r}", hint or f"a type is {', '.join(TYPES)} a|b")
    if len(set(parameter.choices)) < len(parameter.choices):
        raise entry.error(f"{parameter.name} has a choice twice", "remove one of the two")
    if (parameter.lowest or parameter.highest) and parameter.type not in RANGED_TYPES:
        ranged = ", ".join(sorted(RANGED_TYPES))
        raise entry.error(f"the type {parameter.type} has no range", f"these types have one: {ranged}")


def _check_values(parameter: Parameter, entry: Entry) -> None:
    if parameter.type == FILE and parameter.default not in (None, NULL):
        # It is looked for when it is used: a query may be read before the files beside it are there.
        if PurePath(parameter.default or "").name != parameter.default:
            raise entry.error("the default of a file is the name of one beside the query", "such as list.csv")
        return
    bound = parameter._replace(default=None)  # null is no bound
    values = ((bound, parameter.lowest), (bound, parameter.highest), (parameter, parameter.default))
    try:
        for declared, text in values:
            if text:
                convert(declared, text, now=ANY_MOMENT, tz=ANY_ZONE)
    except UsageError as error:
        raise entry.error(error.cause, error.remedy) from error
