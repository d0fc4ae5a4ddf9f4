"""A part of an object that gave no line of text: it travels among the lines, with its reason, to the parser.

So every event keeps its place, and what is refused is counted where all rejects are.
"""

from __future__ import annotations

# No line of a record has a NUL byte, and none gets past the parser.
_MARK = b"\x00refused\x00"
_MAX_TEXT_BYTES = 1 << 16


def refused(reason: str, text: bytes) -> bytes:
    """The line that stands for a part that cannot be read; its text is cut where it is very long."""
    return b"%b%b\x00%b" % (_MARK, reason.encode(), text[:_MAX_TEXT_BYTES].replace(b"\n", b" "))


def refusal_of(line: bytes) -> tuple[str, bytes] | None:
    """(reason, text) of such a line; None for any other."""
    if not line.startswith(_MARK):
        return None
    reason, _, text = line[len(_MARK) :].partition(b"\x00")
    return reason.decode("utf-8", "replace"), text
