"""Typed text -> inputs: dot-commands, each a line of its own, and SQL that ends in a semicolon.

Where SQL ends is the engine's tokenizer's to say: a semicolon in a string, a name or a comment is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import duckdb

# Words that people type without a dot or a semicolon because another shell knows them.
BARE_WORDS = frozenset({"quit", "exit", "help"})
EXPANDED = "\\G"


@dataclass(frozen=True, slots=True)
class Token:
    """A token of SQL text: what it is (as duckdb.token_type names it), where it stands, in characters."""

    kind: str
    start: int
    text: str

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Input:
    """A dot-command or some SQL as typed, and the number of its first line, from 1."""

    text: str
    line: int

    @property
    def is_command(self) -> bool:
        """Whether it is a dot-command."""
        return is_command(self.text)


def tokens_of(text: str) -> list[Token]:
    """The tokens of SQL text that need not be whole; comments are tokens."""
    # Bytes that are no text reach a prompt as lone surrogates; each stays one character.
    encoded = text.encode("utf-8", "replace")
    found = duckdb.tokenize(encoded.decode())
    if not found:
        return []
    ends = [*(offset for offset, _ in found[1:]), len(encoded)]
    tokens = []
    position = start_byte = 0
    for (offset, kind), end in zip(found, ends, strict=True):
        # The tokenizer counts bytes.
        position += len(encoded[start_byte:offset].decode(errors="replace"))
        start_byte = offset
        tokens.append(Token(kind.name, position, encoded[offset:end].decode(errors="replace").rstrip()))
    return tokens


def is_command(text: str) -> bool:
    r"""Whether the text is a dot-command: `.name`, psql's `\name`, or one of the BARE_WORDS."""
    stripped = text.strip()
    return (stripped[:1] in (".", "\\") and "\n" not in stripped) or stripped.lower() in BARE_WORDS


def is_complete(text: str) -> bool:
    r"""Whether Enter runs it: a dot-command, or SQL that ends in `;` or `\G`; blank text also."""
    return is_command(text) or not text.strip() or _ends_statement(text)


def split_expanded(sql: str) -> tuple[str, bool]:
    r"""The SQL without a `\G` at its end, and whether there was one."""
    stripped = sql.rstrip().removesuffix(";").rstrip()
    if stripped.endswith(EXPANDED) and _ends_statement(stripped):
        return stripped.removesuffix(EXPANDED), True
    return sql, False


def split_inputs(lines: Iterable[str]) -> Iterator[Input]:
    """The inputs in these lines, in order; the last may be SQL without its semicolon.

    A line is a dot-command only between statements. Blank lines and comments alone are no inputs.
    """
    pending: list[str] = []
    first = 1
    for number, line in enumerate(lines, start=1):
        if is_command(line) and not _has_sql("".join(pending)):
            yield Input(line.strip(), number)
            pending = []
            continue
        if not pending:
            first = number
        pending.append(line if line.endswith("\n") else f"{line}\n")
        # Tokenizing what has been read so far at each line would take a long statement for ever.
        if (";" in line or EXPANDED in line) and _ends_statement("".join(pending)):
            yield from _sql(pending, first)
            pending = []
    yield from _sql(pending, first)


def _sql(lines: list[str], first: int) -> Iterator[Input]:
    text = "".join(lines)
    if _has_sql(text):
        leading = text[: len(text) - len(text.lstrip())]
        yield Input(text.strip(), first + leading.count("\n"))


def _has_sql(text: str) -> bool:
    return any(token.kind != "comment" and token.text != ";" for token in tokens_of(text))


def _ends_statement(text: str) -> bool:
    written = [token for token in tokens_of(text) if token.kind != "comment"]
    if not written:
        return False
    return written[-1].text == ";" or (
        text[written[-1].start - 1 : written[-1].end] == EXPANDED and written[-1].kind == "identifier"
    )
