"""Lines that are no records: kept with their place, text and reason."""

from __future__ import annotations

from dataclasses import dataclass

# The text of a rejected line is kept up to this many bytes; `text_bytes` tells its full length
# (of an overlong line: of the part that was read).
MAX_TEXT_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Reject:
    """One refused line (of a text object) or row (of a Parquet object), counted from 1."""

    line_number: int
    text: str
    text_bytes: int
    reason: str

    def moved(self, lines: int) -> Reject:
        """The same reject, `lines` further down."""
        return Reject(self.line_number + lines, self.text, self.text_bytes, self.reason)


def reject_of(line_number: int, line: bytes, reason: str) -> Reject:
    """A Reject for raw bytes; what is not UTF-8 is kept as backslash escapes."""
    text = line[:MAX_TEXT_BYTES].decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
    return Reject(line_number, text, len(line), reason)
