"""What flowsql says on stderr: errors, notices, the trust line."""

from __future__ import annotations

import json
import os
import re
import sys
import textwrap

from flowsql.errors import FlowsqlError, UsageError

# A line of SQL with an error, and the line below that points at it.
_POINTED_AT = re.compile(r"LINE \d+: ")
_CARETS = re.compile(r" *\^+$")
_LEFT_OUT = "..."
# So much of the line is wanted behind them.
_AFTER_CARETS = 8


class Narrator:
    """Writes to stderr, as text or as one JSON object a line; errors always, the rest unless quiet."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False, log: str = "text") -> None:
        if log not in ("text", "json"):
            raise UsageError(f"{log!r} is neither text nor json", where="--log")
        self.is_quiet, self.is_verbose, self._json = quiet, verbose, log == "json"

    def error(self, error: FlowsqlError) -> None:
        """An error: where and what, then how to mend it."""
        if self._json:
            self._say_json("error", where=error.where, cause=error.cause, remedy=error.remedy)
            return
        _say(f"flowsql: {error}")
        if error.remedy:
            _say(f"  try: {error.remedy}")

    def notice(self, text: str) -> None:
        """Something the user should know."""
        if not self.is_quiet:
            self._say_json("notice", text=text) if self._json else _say(text)

    def detail(self, text: str) -> None:
        """Something only a curious user wants to know."""
        if self.is_verbose:
            self.notice(text)

    def figures(self, kind: str, text: str, **figures: object) -> None:
        """A sentence of figures; as JSON the figures themselves."""
        if not self.is_quiet:
            self._say_json(kind, **figures) if self._json else _say(text)

    @staticmethod
    def _say_json(kind: str, **content: object) -> None:
        print(json.dumps({"kind": kind, **content}, default=str), file=sys.stderr)


def _say(text: str) -> None:
    columns = _columns()
    lines = [_harmless(line) for line in text.split("\n")]
    shown: list[str] = []
    while lines:
        line = lines.pop(0)
        if lines and _POINTED_AT.match(line) and _CARETS.match(lines[0]):
            shown += _around_carets(line, lines.pop(0), columns)
        else:
            shown.append(_folded(line, columns))
    print("\n".join(shown), file=sys.stderr)


def _around_carets(line: str, carets: str, columns: int) -> list[str]:
    """A line of SQL and the carets below it, of which so much is left out before them that both fit."""
    if not 0 < columns < len(line):
        return [line, carets]
    label = _POINTED_AT.match(line)
    start = label.end() if label else 0
    surplus = len(carets) + _AFTER_CARETS - columns + len(_LEFT_OUT)
    left_out = min(surplus, len(carets) - carets.count("^") - start)
    if left_out > len(_LEFT_OUT):
        line = line[:start] + _LEFT_OUT + line[start + left_out :]
        carets = carets[left_out - len(_LEFT_OUT) :]
    return [line[:columns], carets[:columns]]


def _folded(line: str, columns: int) -> str:
    """The line in several that fit, broken at blanks."""
    if not 0 < columns < len(line):
        return line
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.fill(
        line, columns, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _columns() -> int:
    """The width of the terminal that stderr is, 0 if it is none."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):
        return 0


def _harmless(line: str) -> str:
    """The line without control characters: file names and log values must not steer the terminal."""
    if line.isprintable():
        return line
    import unicodedata

    return "".join(
        c if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") else f"\\x{ord(c):02x}"
        for c in line
    )
