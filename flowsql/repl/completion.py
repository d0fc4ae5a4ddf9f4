"""What the menu offers: names and values that fit the place of the cursor, likely ones first."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from flowsql.output.formats import FORMATS
from flowsql.output.visible import visible
from flowsql.repl.commands import COMMANDS, Command
from flowsql.repl.inputs import is_command
from flowsql.repl.look_commands import EVERYTHING, SCOPE_NAMES
from flowsql.repl.sql_context import Context, context_at
from flowsql.repl.vocabulary import Vocabulary
from flowsql.repl.well_known import NUMBER_NAMES, STATED_VALUES, TEXT_COLUMNS, VALUES_AS

if TYPE_CHECKING:
    from flowsql.library.saved_query import SavedQuery

_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")
# Beyond that nobody scrolls, and all are laid out at every key. The columns of `flows` are fewer.
_MOST = 100
_SCOPE_COLUMNS = {
    "account": "account_id",
    "region": "region",
    "vpc": "vpc_id",
    "subnet": "subnet_id",
    "interface": "interface_id",
    "ip": "srcaddr",
    "port": "dstport",
}
_PARAMETER_COLUMNS = {"ip": "srcaddr", "port": "dstport"}
_WINDOWS = ("15m", "1h", "24h", "7d", "today", "yesterday", "around", "all")
_CHARTS = ("bars", "series", "spark")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something the menu may show: the text to insert, what it is, and other words that find it."""

    text: str
    about: str = ""
    also: str = ""


class ShellCompleter(Completer):
    """Completes SQL and dot-commands from a Vocabulary that may change between two keys."""

    def __init__(
        self, vocabulary: Callable[[], Vocabulary], columns_of_answer: Callable[[], list[str]]
    ) -> None:
        self._vocabulary, self._columns_of_answer = vocabulary, columns_of_answer

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """The completions at the cursor, best first."""
        text = document.text
        if is_command(text) and document.on_last_line:
            word, candidates = self._of_command(document.text_before_cursor.lstrip())
            yield from _matching(word, [candidates])
            return
        vocabulary = self._vocabulary()
        known = {
            name: [column for column, _ in columns] for name, (_, columns) in vocabulary.relations.items()
        }
        context = context_at(text, document.cursor_position, known)
        if context.is_comment:
            return
        if not complete_event.completion_requested and not context.word and not _opens(context):
            return  # a menu of everything at each blank would only be in the way
        yield from _matching(context.word, _of_sql(context, vocabulary))

    def _of_command(self, typed: str) -> tuple[str, list[Candidate]]:
        name, blank, arguments = typed.partition(" ")
        if not blank:
            return name, [
                Candidate(f".{n}", command.about)
                for command in COMMANDS
                for n in command.names
                if not n.startswith("\\")
            ]
        command = next((c for c in COMMANDS if name.lstrip(".") in c.names or name in c.names), None)
        if command is None:
            return "", []
        words = arguments.split(" ")
        return words[-1], self._arguments(command, words)

    def _arguments(self, command: Command, words: list[str]) -> list[Candidate]:
        vocabulary = self._vocabulary()
        word = words[-1]
        ways: dict[str, Callable[[], Iterable[Candidate]]] = {
            "query": lambda: _query_words(vocabulary, words, command),
            "scope": lambda: _scope_words(vocabulary, word),
            "file": lambda: _paths(word),
            "table": lambda: [Candidate(name, kind) for name, (kind, _) in vocabulary.relations.items()],
            "field": _fields,
            "format": lambda: map(Candidate, [*(f.name for f in FORMATS.values() if not f.binary), "auto"]),
            "switch": lambda: map(Candidate, ("on", "off")),
            "window": lambda: map(Candidate, _WINDOWS),
            "command": lambda: (Candidate(c.names[0], c.about) for c in COMMANDS),
            "chart": lambda: map(Candidate, [*_CHARTS, *self._columns_of_answer()]),
        }
        return list(ways.get(command.completes, tuple)())


def _opens(context: Context) -> bool:
    """Whether a menu helps although nothing of the word is typed yet."""
    return context.wants_relation or context.value_of is not None or context.qualifier is not None


def _of_sql(context: Context, vocabulary: Vocabulary) -> Iterator[list[Candidate]]:
    """What fits, in groups: all of an earlier group comes before a later one."""
    if context.value_of is not None:
        yield list(_values(context, vocabulary))
    if context.is_literal:
        return
    if context.qualifier is not None:
        yield [
            Candidate(_as_name(column), "column") for column in context.relations.get(context.qualifier, ())
        ]
        return
    relations = vocabulary.relations
    if context.wants_relation:
        yield [Candidate(_as_name(name), "with") for name in context.ctes]
        yield [Candidate(_as_name(name), kind) for name, (kind, _) in relations.items()]
        return
    columns = {column: name for name, found in context.relations.items() for column in found}
    if not context.relations:  # `select` before its FROM is there: the columns that nearly always are meant
        columns = {column: "flows" for column, _ in relations.get("flows", ("", []))[1]}
    yield [Candidate(_as_name(c), f"column of {name}" if name else "column") for c, name in columns.items()]
    yield [Candidate(_as_name(name), "relation") for name in context.relations if name]
    yield _keywords(vocabulary.keywords)
    yield _functions(vocabulary.functions)


# Made once for all keys: there are over a thousand.
@lru_cache(maxsize=1)
def _keywords(words: tuple[str, ...]) -> list[Candidate]:
    return [Candidate(word) for word in words]


@lru_cache(maxsize=1)
def _functions(names: tuple[str, ...]) -> list[Candidate]:
    return [Candidate(f"{name}(", "function") for name in names]


def _as_name(name: str) -> str:
    """The name as SQL wants it: in double quotes if it is no plain word, or reserved as `end` is."""
    if _PLAIN_NAME.fullmatch(name) and name not in (
        "end",
        "group",
        "order",
        "select",
        "from",
        "where",
        "table",
    ):
        return name
    return '"' + name.replace('"', '""') + '"'


def _values(context: Context, vocabulary: Vocabulary) -> Iterator[Candidate]:
    column = context.value_of or ""
    found = list(vocabulary.values.get(VALUES_AS.get(column, column), ()))
    values = list(dict.fromkeys([*STATED_VALUES.get(column, ()), *found]))
    names = NUMBER_NAMES.get(column, {})
    is_text = column in TEXT_COLUMNS
    for value in values:
        quoted = "'" + value.replace("'", "''") + "'"
        if is_text or context.is_literal:
            yield Candidate(quoted, "value", also=f"'{value}")
        else:
            name = names.get(value, "")
            yield Candidate(value, name or "value", also=name)


def _query_words(vocabulary: Vocabulary, words: list[str], command: Command) -> Iterator[Candidate]:
    library = vocabulary.library
    if library is None:
        return
    if len(words) == 1:
        yield from (Candidate(query.name, query.question) for query in library.all())
        aliases = set(library.names) - {query.name for query in library.all()}
        yield from (Candidate(name, "alias") for name in sorted(aliases))
        return
    if command.names[0] != "run" or words[0] not in library.names:
        return
    query, preset = library.get(words[0])
    given = {word.partition("=")[0] for word in words[1:-1]} | set(preset)
    name, equals, _ = words[-1].partition("=")
    if equals:
        yield from _parameter_values(query, name, vocabulary)
        return
    yield from (Candidate(f"{p.name}=", p.about or p.type) for p in query.parameters if p.name not in given)


def _parameter_values(query: SavedQuery, name: str, vocabulary: Vocabulary) -> Iterator[Candidate]:
    for parameter in query.parameters:
        if parameter.name == name:
            stated = parameter.choices or (("true", "false") if parameter.type == "boolean" else ())
            column = _PARAMETER_COLUMNS.get(parameter.type, f"{name}_id" if name == "interface" else "")
            for value in [*stated, *vocabulary.values.get(column, ())]:
                yield Candidate(f"{name}={value}", parameter.type)
            if parameter.default is not None and parameter.default not in stated:
                yield Candidate(f"{name}={parameter.default}", "default")


def _scope_words(vocabulary: Vocabulary, word: str) -> Iterator[Candidate]:
    name, equals, _ = word.partition("=")
    if equals:
        values = vocabulary.values.get(_SCOPE_COLUMNS.get(name, ""), ())
        yield from (Candidate(f"{name}={value}") for value in values)
    else:
        yield from (Candidate(f"{name}=", "scope") for name in SCOPE_NAMES)
        yield Candidate(EVERYTHING[0], "no scope")


def _fields() -> list[Candidate]:
    from flowsql.logformat.fields import DISTINCT_FIELDS

    return [Candidate(field.name, field.about) for field in DISTINCT_FIELDS]


def _paths(word: str) -> Iterator[Candidate]:
    folder, slash, _ = word.rpartition("/")
    try:
        where = Path(folder + slash).expanduser()
        entries = sorted(os.scandir(where), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if not entry.name.startswith(".") and " " not in entry.name and entry.name.isprintable():
            yield Candidate(f"{folder}{slash}{entry.name}{'/' if entry.is_dir() else ''}")


def _matching(word: str, groups: Iterable[Sequence[Candidate]]) -> Iterator[Completion]:
    """Of each group those that begin like the word, then those that contain it; each text once."""
    typed = word.lower()
    seen: set[str] = set()
    for group in groups:
        for fits in (_begins, _contains):
            for candidate in group:
                if candidate.text not in seen and fits(candidate, typed):
                    seen.add(candidate.text)
                    yield _completion(candidate, word)
                    if len(seen) == _MOST:
                        return


def _begins(candidate: Candidate, word: str) -> bool:
    text = candidate.text.lower()
    return text.startswith((word, f'"{word}')) or (bool(word) and candidate.also.lower().startswith(word))


def _contains(candidate: Candidate, word: str) -> bool:
    return (
        len(word) > 1
        and word.strip("'") in candidate.text.lower()
        and candidate.about not in ("", "function")
    )


def _completion(candidate: Candidate, word: str) -> Completion:
    text = candidate.text.upper() if candidate.about == "" and word.isupper() else candidate.text
    return Completion(
        text, start_position=-len(word), display=visible(text), display_meta=visible(candidate.about)
    )
