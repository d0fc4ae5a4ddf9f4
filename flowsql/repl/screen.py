"""The size of the screen."""

from __future__ import annotations

import os
import shutil
import sys


def screen_size() -> os.terminal_size:
    """Columns and lines of the terminal that stdout is, now; without one what the environment says.

    A window may be resized at any time, so $COLUMNS, where somebody exported it, counts less.
    """
    try:
        size = os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else 1)
    except (OSError, ValueError):
        return shutil.get_terminal_size()
    return size if size.columns and size.lines else shutil.get_terminal_size()
