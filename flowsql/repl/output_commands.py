"""Dot-commands about how answers look and where they go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowsql.errors import UsageError
from flowsql.output.formats import format_named
from flowsql.repl.arguments import only_word, split_words, switched, take_flag
from flowsql.repl.destination import Destination
from flowsql.repl.pager import default_pager

if TYPE_CHECKING:
    from flowsql.repl.shell import Shell

_DEFAULT = "auto"


def format_(shell: Shell, text: str) -> None:
    """Shows or sets the output format."""
    if text:
        name = only_word(text, "format").lower()
        chosen = None if name == _DEFAULT else format_named(name)
        if chosen and chosen.binary:
            raise UsageError(
                f"{name} is not for a screen", remedy=f".once FILE{chosen.suffixes[0]} writes it"
            )
        shell.settings.format = chosen.name if chosen else None
    shell.narration.notice(f"format: {shell.settings.format or _DEFAULT}")


def expanded(shell: Shell, text: str) -> None:
    """Rows as lines, or as a table."""
    shell.settings.expanded = switched(text, shell.settings.expanded)
    shell.narration.notice(f"expanded: {_word(shell.settings.expanded)}")


def timer(shell: Shell, text: str) -> None:
    """Says the time of each statement, or not."""
    shell.settings.timer = switched(text, shell.settings.timer)
    shell.narration.notice(f"timer: {_word(shell.settings.timer)}")


def bail(shell: Shell, text: str) -> None:
    """Whether a file or batch ends at its first error."""
    shell.settings.bail = switched(text, shell.settings.bail)
    shell.narration.notice(f"bail: {_word(shell.settings.bail)}")


def maxrows(shell: Shell, text: str) -> None:
    """Shows or sets how many rows are shown."""
    if text:
        word = only_word(text, "number").lower()
        if word != "all" and not (word.isascii() and word.isdigit()):
            raise UsageError(f"{word!r} is neither a number nor all")
        shell.settings.max_rows = None if word == "all" else int(word)
    shown = shell.settings.max_rows
    shell.narration.notice(f"maxrows: {'all' if shown is None else f'{shown:,}'}")


def pager(shell: Shell, text: str) -> None:
    """Sets the pager."""
    if text in ("", "on"):
        shell.settings.pager = shell.settings.pager or default_pager() if text else shell.settings.pager
    else:
        shell.settings.pager = "" if text == "off" else text
    shell.narration.notice(f"pager: {shell.settings.pager or 'off'}")


def once(shell: Shell, text: str) -> None:
    """Sends the next answer to a file or a command."""
    if not text:
        raise UsageError("to which file?")
    shell.display.once = _destination(shell, text, once=True)


def output(shell: Shell, text: str) -> None:
    """Sends all answers to a file or a command, or to the screen again."""
    chosen = _destination(shell, text, once=False) if text not in ("", "stdout", "off") else None
    if shell.display.destination:
        shell.display.destination.close()
    shell.display.destination = chosen


def _destination(shell: Shell, text: str, *, once: bool) -> Destination:
    if text.startswith("|"):
        if not text[1:].strip():
            raise UsageError("to which command?")
        return Destination.parse(text, once=once, overwrite=False, default=shell.settings.format)
    words, overwrite = take_flag(split_words(text), "--overwrite")
    if len(words) != 1:
        raise UsageError("wants one file")
    return Destination.parse(words[0], once=once, overwrite=overwrite, default=shell.settings.format)


def _word(truth: bool) -> str:
    return "on" if truth else "off"
