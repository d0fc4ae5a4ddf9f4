"""Text with nothing in it that could steer a terminal or hide from the reader."""

from __future__ import annotations

import unicodedata

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Joiners shape emoji and several scripts; they neither move the cursor nor reorder text.
_HARMLESS = frozenset("\u200c\u200d")


def is_hidden(char: str) -> bool:
    """Whether `char` is a control, a direction override, a line separator or otherwise not shown."""
    return not char.isprintable() and char not in _HARMLESS and unicodedata.category(char) != "Zs"


def visible(text: str, keep: str = "") -> str:
    r"""`text` with each hidden character escaped: \n, \r, \t, \x1b, \u202e; those in `keep` stay."""
    if text.isprintable():
        return text
    return "".join(_escape(char) if is_hidden(char) and char not in keep else char for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return _SHORT.get(char) or (f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}")
