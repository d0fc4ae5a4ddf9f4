"""Text that is no result, on stdout."""

from __future__ import annotations

import shutil
import sys

from flowsql.output.wrapped import wrapped


def show(text: str) -> None:
    """Prints the text; on a terminal in lines that fit it."""
    print(wrapped(text, shutil.get_terminal_size().columns) if sys.stdout.isatty() else text)
