"""How many terminal columns a text takes, and cutting it to fewer."""

from __future__ import annotations

import unicodedata

ELLIPSIS = "…"


def display_width(text: str) -> int:
    """Terminal columns of `text`, which has no control characters: wide ones 2, combining ones 0."""
    return len(text) if text.isascii() else sum(map(_char_width, text))


def cut(text: str, width: int) -> str:
    """`text` in at most `width` (1 or more) terminal columns; what was cut off ends in an ellipsis."""
    if display_width(text) <= width:
        return text
    room = width - 1
    for position, char in enumerate(text):
        room -= _char_width(char)
        if room < 0:
            return text[:position] + ELLIPSIS
    return text + ELLIPSIS


def _char_width(char: str) -> int:
    # The vowels and finals of conjoining Hangul are letters, yet share the cell of their initial.
    if unicodedata.category(char) in ("Mn", "Me", "Cf") or "\u1160" <= char <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
