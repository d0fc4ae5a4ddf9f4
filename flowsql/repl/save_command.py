"""`.save`: the last statement becomes a saved query in the user's folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from flowsql.errors import LibraryError, UsageError
from flowsql.library.header import parse_query
from flowsql.library.search_path import user_folder
from flowsql.output.visible import visible
from flowsql.repl.arguments import parse_assignments, split_words
from flowsql.repl.inputs import Token, tokens_of
from flowsql.store.records import RECORD_COLUMNS
from flowsql.window import parse_cidr, parse_ip

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flowsql.repl.shell import Shell

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_HOW = "small letters, digits and hyphens, for example rejected-ssh"
_NOT_FIELDS = frozenset(["extra", "load_id", "flow_log_id"])


def save(shell: Shell, text: str) -> None:
    """Asks for the question and the parameters, and writes the file; nothing is ever replaced."""
    name, _, question = text.partition(" ")
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no query name" if name else "under which name?", remedy=_HOW)
    sql = shell.last_sql
    if not sql:
        raise UsageError("there is no statement yet", remedy="run one first; .save keeps the last")
    path = user_folder() / f"{name}.sql"
    if [statement.type.name for statement in shell.session.statements(sql)] != ["SELECT"]:
        raise UsageError("a saved query is one SELECT statement, which the last one is not")
    if path.exists():
        raise UsageError(
            "there is a query of that name", where=str(path), remedy="choose another, or edit the file"
        )
    question = " ".join(split_words(question)) or shell.ask("What does it answer? ").strip()
    given = shell.ask("Values that become parameters, as name=value (top=10 ip=10.0.0.5), or none: ")
    content = saved_text(sql, question or f"{name}?", parse_assignments(split_words(given)))
    _check(content, path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(content)
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", where=str(path)) from error
    shell.workspace.forget_library()
    shell.names.expire()
    shell.narration.notice(f"saved: {path}")
    shell.narration.notice(f".run {name}, or on the command line: flowsql run {name}")


def saved_text(sql: str, question: str, parameters: Mapping[str, str]) -> str:
    """The .sql file for a statement in which the `parameters` (name -> value) stand as values.

    Each such value in the SQL becomes `$name`, with the value as its default. Raises UsageError for a value
    that the statement does not have.
    """
    tokens = tokens_of(sql)
    replaced: dict[int, str] = {}
    declared = []
    for name, value in parameters.items():
        found = [token for token in tokens if _value(token) == value]
        if not found:
            raise UsageError(f"the statement has no value {value!r}", where=f"{name}={value}")
        if any(token.start in replaced for token in found):
            raise UsageError(f"two parameters have the value {value!r}", where=name)
        replaced |= {token.start: f"${name}" for token in found}
        declared.append(f"-- param {name} {_type(name, found[0], value)} = {value}")
    needs = _fields_in(tokens)
    lines = [f"-- {' '.join(visible(question).split())}"]
    lines += [f"-- needs: {', '.join(needs)}"] if needs else []
    body = sql
    for token in reversed(tokens):
        if token.start in replaced:
            body = body[: token.start] + replaced[token.start] + body[token.end :]
    # A comment that the statement begins with is no part of the header.
    return "\n".join([*lines, *declared, *([""] if body.startswith("--") else []), body, ""])


def _value(token: Token) -> str | None:
    if token.kind == "string_const" and token.text.startswith("'"):
        return token.text[1:-1].replace("''", "'")
    return token.text if token.kind == "numeric_const" else None


def _type(name: str, token: Token, value: str) -> str:
    if token.kind == "numeric_const":
        if not value.isdigit():
            return "number"
        return "port" if name.endswith("port") and int(value) <= 65_535 else "integer"
    for kind, parse in (("ip", parse_ip), ("cidr", parse_cidr)):
        try:
            if parse(value) == value:
                return kind
        except UsageError:
            continue
    return "text"


def _fields_in(tokens: Sequence[Token]) -> list[str]:
    """The fields of records that the statement names."""
    names = {column for column, _ in RECORD_COLUMNS} - _NOT_FIELDS
    words = [token.text.strip('"').lower() for token in tokens if token.kind in ("identifier", "keyword")]
    plain = {t.text.lower() for t in tokens if t.kind == "keyword"}
    return [word for word in dict.fromkeys(words) if word in names and not (word == "end" and word in plain)]


def _check(content: str, path: Path) -> None:
    """Raises UsageError if the library could not read a file of that content."""
    try:
        parse_query(content, path=path, topic="")
    except LibraryError as error:
        raise UsageError(f"would be no saved query: {error.cause}", remedy=error.remedy) from error
