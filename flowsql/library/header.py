"""A .sql file and the header it begins with -> a SavedQuery.

The header is read strictly: a typo that is skipped would silently change what a query claims.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import dropwhile
from pathlib import Path

from flowsql.errors import LibraryError, UsageError, did_you_mean
from flowsql.library.comment import PARAM, REPEATABLE, Entry, read_comment
from flowsql.library.declaration import ANY_MOMENT, ANY_ZONE, parse_declaration
from flowsql.library.parameters import convert
from flowsql.library.placeholders import placeholders
from flowsql.library.saved_query import FILE, WINDOW_PARAMETERS, Alert, Parameter, SavedQuery
from flowsql.logformat.fields import BY_NAME, DISTINCT_FIELDS
from flowsql.window import parse_span

_ALERT = re.compile(r"(?P<condition>\S.*?)\s*=>\s*(?P<severity>warning|critical)")
_WORD = re.compile(r"[a-z0-9][a-z0-9_-]*")


def read_query(path: Path, *, topic: str) -> SavedQuery:
    """The saved query in the file `path`, named by the file; its header is checked against its SQL.

    Raises LibraryError, with file and line, for a file that cannot be read and a header that breaks
    the grammar, names an unknown field, or declares other parameters than the SQL uses.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise LibraryError(f"it cannot be read: {error}", where=str(path)) from error
    return parse_query(text, path=path, topic=topic)


def parse_query(text: str, *, path: Path, topic: str) -> SavedQuery:
    """The saved query that `text`, the content of `path`, declares; errors as of `read_query`."""
    question, entries = read_comment(text, path)
    parameters = _parameters(entries)
    _match_placeholders(text, entries, path)
    once = {entry.key: entry for entry in entries if entry.condition is None and entry.key not in REPEATABLE}
    return SavedQuery(
        name=path.stem,
        topic=topic,
        path=path,
        question=question,
        sql=_statement(text, path),
        counts=once["counts"].value if "counts" in once else "",
        read=once["read"].value if "read" in once else "",
        needs=_columns(once.get("needs")),
        conditional_needs=_conditional_needs(entries, parameters),
        uses=_columns(once.get("uses")),
        parameters=tuple(parameters.values()),
        alerts=tuple(_alert(entry) for entry in entries if entry.key == "alert"),
        tags=_tags(once.get("tags")),
        history_s=_history_s(once.get("history")),
        absence=_absence(once.get("absence")),
        aliases=_aliases([entry for entry in entries if entry.key == "alias"], parameters, path.stem),
    )


def _parameters(entries: Sequence[Entry]) -> dict[str, Parameter]:
    parameters: dict[str, Parameter] = {}
    for entry in entries:
        if entry.key == PARAM:
            parameter = parse_declaration(entry)
            if parameter.name in parameters:
                raise entry.error(f"parameter {parameter.name} is declared twice", "remove one of the two")
            parameters[parameter.name] = parameter
    return parameters


def _match_placeholders(text: str, entries: Sequence[Entry], path: Path) -> None:
    declared = {entry.value.split()[0]: entry for entry in entries if entry.key == PARAM}
    used = placeholders(text)
    for name, line in used.items():
        if name not in declared and name not in WINDOW_PARAMETERS:
            raise LibraryError(
                f"${name} is not declared",
                where=f"{path}:{line}",
                remedy=did_you_mean(name, declared)
                or f"add to the header: -- param {name} TYPE : what it is",
            )
    for name, entry in declared.items():
        is_file = entry.value.split()[1:2] == [FILE]
        if is_file and name in used:
            raise entry.error(
                f"${name} is a file, which SQL reads as a table", f"write {name} without the dollar"
            )
        if not is_file and name not in used:
            raise entry.error(f"parameter {name} is not used", f"use ${name} in the SQL, or remove this line")


def _statement(text: str, path: Path) -> str:
    body = "\n".join(dropwhile(lambda line: line.startswith("--"), text.split("\n")))
    statement = body.strip().rstrip("; \n")
    if not statement:
        raise LibraryError("it has no SQL after its header", where=str(path), remedy="add a SELECT statement")
    return statement


def _columns(entry: Entry | None) -> frozenset[str]:
    return frozenset(_column(word, entry) for word in _list(entry.value)) if entry else frozenset()


def _column(word: str, entry: Entry) -> str:
    field = BY_NAME.get(word.replace("_", "-"))
    if not field:
        hint = did_you_mean(word.replace("-", "_"), [f.column for f in DISTINCT_FIELDS])
        raise entry.error(f"unknown field {word!r}", hint or "`flowsql fields` lists them")
    return field.column


def _conditional_needs(
    entries: Sequence[Entry], parameters: Mapping[str, Parameter]
) -> dict[tuple[str, object], frozenset[str]]:
    needs: dict[tuple[str, object], frozenset[str]] = {}
    for entry in entries:
        if entry.condition is not None:
            name, value = _assignment(entry.condition, entry, parameters)
            if parameters[name].type in (FILE, "time"):
                raise entry.error(
                    f"{name} is a {parameters[name].type}", "needs can depend on other types only"
                )
            condition = (name, _converted(parameters[name], value, entry))
            if condition in needs:
                raise entry.error(f"needs[{entry.condition}]: is there twice", "make it one line")
            needs[condition] = _columns(entry)
    return needs


def _aliases(
    entries: Sequence[Entry], parameters: Mapping[str, Parameter], own_name: str
) -> dict[str, dict[str, str]]:
    aliases: dict[str, dict[str, str]] = {}
    for entry in entries:
        alias, *assignments = entry.value.split()
        if not _WORD.fullmatch(alias):
            raise entry.error(f"{alias!r} is no query name", "small letters, digits, hyphens")
        if alias == own_name or alias in aliases:
            raise entry.error(f"the name {alias} is already taken", "choose another")
        preset = dict(_assignment(text, entry, parameters) for text in assignments)
        if len(preset) < len(assignments):
            raise entry.error(f"{alias} sets a parameter twice", "remove one of the two")
        for name, text in preset.items():
            _converted(parameters[name], text, entry)
        aliases[alias] = preset
    return aliases


def _assignment(text: str, entry: Entry, parameters: Mapping[str, Parameter]) -> tuple[str, str]:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals:
        raise entry.error(f"{text!r} is not name=value", "for example: by=source")
    if name not in parameters:
        hint = did_you_mean(name, parameters)
        raise entry.error(f"parameter {name!r} is not declared", hint or "declare it with a param line")
    return name, value


def _converted(parameter: Parameter, text: str, entry: Entry) -> object:
    try:
        return convert(parameter, text, now=ANY_MOMENT, tz=ANY_ZONE)
    except UsageError as error:
        raise entry.error(error.cause, error.remedy) from error


def _alert(entry: Entry) -> Alert:
    match = _ALERT.fullmatch(entry.value)
    if not match:
        raise entry.error(f"{entry.value!r} is no alert", "for example: rows > 0 => warning (or critical)")
    return Alert(match["condition"], match["severity"])


def _tags(entry: Entry | None) -> tuple[str, ...]:
    tags = _list(entry.value) if entry else []
    for tag in tags:
        if entry and not _WORD.fullmatch(tag):
            raise entry.error(f"{tag!r} is no tag", "small letters, digits, hyphens; commas between tags")
    return tuple(tags)


def _history_s(entry: Entry | None) -> int | None:
    if entry is None:
        return None
    try:
        return parse_span(entry.value)
    except UsageError as error:
        raise entry.error(error.cause, error.remedy) from error


def _absence(entry: Entry | None) -> bool:
    if entry and entry.value not in ("yes", "no"):
        raise entry.error(f"absence cannot be {entry.value!r}", "write yes or no")
    return entry is not None and entry.value == "yes"


def _list(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]
