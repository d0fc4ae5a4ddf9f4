"""Text for a screen: long lines go on below where their text began."""

from __future__ import annotations

import re
import textwrap

# What stands before the text of a line: blanks, or a few labels, each with at least two of them.
_LABEL = re.compile(r"\s*(?:\S+(?: \S+)*?\s{2,}){0,3}")
_LEAST_ROOM = 20


def wrapped(text: str, columns: int) -> str:
    """The text with every line in at most that many columns, if words allow it; broken at blanks only."""
    return "\n".join(_wrapped_line(line, columns) for line in text.split("\n"))


def _wrapped_line(line: str, columns: int) -> str:
    if len(line) <= columns:
        return line
    label = _LABEL.match(line)
    indent = len(label[0]) if label else 0
    if columns - indent < _LEAST_ROOM:
        indent = 2
    lines = textwrap.wrap(
        line,
        columns,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )
    return "\n".join(lines)
