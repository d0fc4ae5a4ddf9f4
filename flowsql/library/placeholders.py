"""The $names in SQL text, found without the engine: listing queries must not wait for its import."""

from __future__ import annotations

import re

# What may hold a dollar sign that is no placeholder comes first. An identifier may contain dollar
# signs, and e'' strings have backslash escapes.
_TOKEN = re.compile(
    r"""
      [eE]'(?:[^'\\]|\\.|'')*'
    | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | --[^\n]*
    | (?P<comment>/\*)
    | \$(?P<tag>[^\W\d]\w*)?\$.*?\$(?(tag)(?P=tag))\$
    | [^\W\d][\w$]*
    | \$(?P<name>\w+)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")


def placeholders(sql: str) -> dict[str, int]:
    """Each $name outside strings, comments and quoted identifiers -> the first line that has it.

    Lines count from 1, the dollar sign is left off, and the names are in the order of the text.
    """
    found: dict[str, int] = {}
    position = 0
    while match := _TOKEN.search(sql, position):
        position = _end_of_comment(sql, match.end()) if match["comment"] else match.end()
        if match["name"]:
            found.setdefault(match["name"], sql.count("\n", 0, match.start()) + 1)
    return found


def _end_of_comment(sql: str, position: int) -> int:
    # Comments nest, which no regular expression can count.
    depth = 1
    while depth and (edge := _COMMENT_EDGE.search(sql, position)):
        depth += 1 if edge[0] == "/*" else -1
        position = edge.end()
    return position if not depth else len(sql)
