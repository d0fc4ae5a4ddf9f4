"""The leading comment of a .sql file -> its question and its entries, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from flowsql.errors import LibraryError, did_you_mean

PARAM = "param"
KEYS = ("counts", "needs", "uses", "alert", "tags", "history", "absence", "alias", "read")
REPEATABLE = frozenset({PARAM, "alert", "alias"})

_KEYED = re.compile(r"(?P<key>[A-Za-z_]+)(?:\[(?P<condition>[^\]]*)\])?\s*:(?:\s+(?P<value>.*))?")
_PARAM = re.compile(r"param\s+(?P<value>.*)")
_CONTINUATION = re.compile(r"\s{2,}\S")


class Entry(NamedTuple):
    """One `key: value` of the comment, or a `param` line; `condition` is what stands in brackets.

    `where` is file:line.
    """

    key: str
    value: str
    where: str
    condition: str | None = None

    def error(self, cause: str, remedy: str) -> LibraryError:
        """The error to raise about this line."""
        return LibraryError(cause, where=self.where, remedy=remedy)


def read_comment(text: str, path: Path) -> tuple[str, list[Entry]]:
    """The question and the entries of the comment that `text` begins with.

    A line indented by two or more blanks after `--` continues the one above; the comment ends at
    the first line that does not begin with `--`. Raises LibraryError, naming file and line, for a
    missing question, a line that is no entry, an empty value and a key that may not be repeated.
    """
    lines = list(_joined_lines(text))
    question = lines[0][1] if lines else ""
    declares = _KEYED.fullmatch(question)
    if not question or _PARAM.fullmatch(question) or (declares and declares["key"] in KEYS):
        raise LibraryError(
            "it does not begin with its question",
            where=f"{path}:1",
            remedy="make the first line a comment, such as: -- Which source addresses sent the most bytes?",
        )
    entries = [_entry(content, f"{path}:{number}") for number, content in lines[1:]]
    _refuse_repeated(entries)
    return question, entries


def _joined_lines(text: str) -> Iterator[tuple[int, str]]:
    """(line number, content) without `--`, continuations joined to their line by one blank."""
    joined: tuple[int, str] | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.startswith("--"):
            break
        content = line.removeprefix("--").rstrip()
        if joined and _CONTINUATION.match(content):
            joined = (joined[0], f"{joined[1]} {content.strip()}")
        elif content:
            if joined:
                yield joined
            joined = (number, content.strip())
    if joined:
        yield joined


def _entry(content: str, where: str) -> Entry:
    if declaration := _PARAM.fullmatch(content):
        return Entry(PARAM, declaration["value"], where)
    match = _KEYED.fullmatch(content)
    if not match:
        raise LibraryError(
            f"{content!r} is no header line",
            where=where,
            remedy="put an empty line above other comments; two blanks after -- continue the line above",
        )
    entry = Entry(match["key"], match["value"] or "", where, match["condition"])
    _check(entry)
    return entry


def _check(entry: Entry) -> None:
    if entry.key not in KEYS:
        lines = f"a header line is {', '.join(f'{key}:' for key in KEYS)} or {PARAM} NAME TYPE"
        raise entry.error(f"unknown header key {entry.key!r}", did_you_mean(entry.key.lower(), KEYS) or lines)
    if not entry.value:
        raise entry.error(f"{entry.key}: has no value", "give one, or remove the line")
    if entry.condition is not None and entry.key != "needs":
        raise entry.error(f"{entry.key} takes no condition", f"write {entry.key}: without brackets")


def _refuse_repeated(entries: list[Entry]) -> None:
    seen: set[tuple[str, str | None]] = set()
    for entry in entries:
        if entry.key not in REPEATABLE and (entry.key, entry.condition) in seen:
            raise entry.error(
                f"{entry.key}: is there twice",
                "make it one line; indent its continuation by two blanks",
            )
        seen.add((entry.key, entry.condition))
