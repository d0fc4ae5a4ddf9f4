"""Dot-commands that run things: saved queries, files, plans; and the editor."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from flowsql.errors import UsageError
from flowsql.repl.arguments import only_word, parse_assignments, split_words
from flowsql.repl.inputs import split_expanded
from flowsql.repl.look_commands import paged_command

if TYPE_CHECKING:
    from flowsql.repl.shell import Shell

_HISTORY = 20


def run(shell: Shell, text: str) -> None:
    """Runs a saved query."""
    line, expanded = split_expanded(text)
    words = split_words(line.rstrip(";"))
    if not words:
        raise UsageError("which query?", remedy=".queries lists them")
    shell.run_saved(words[0], parse_assignments(words[1:]), expanded=expanded)


def between(shell: Shell, text: str) -> int:
    """What `flowsql between` says, of the shell's store, window and scope; its exit code."""
    words = split_words(text)
    if not words:
        raise UsageError("between what?")
    return shell.command_line(["between", *words, *shell.as_options()])


def queries(shell: Shell, text: str) -> int:
    """Lists the saved queries."""
    return paged_command(shell, ["queries", *split_words(text)])


def show(shell: Shell, text: str) -> int:
    """Explains one saved query."""
    return paged_command(shell, ["queries", only_word(text, "query")])


def explain(shell: Shell, text: str) -> None:
    """Shows a statement's plan; with `analyze` it runs and is measured."""
    first, _, rest = text.partition(" ")
    analyze = first.lower() == "analyze"
    sql = (rest if analyze else text).strip() or shell.last_sql
    if not sql:
        raise UsageError("there is no statement yet")
    last = shell.last_sql
    shell.run_sql(f"explain {'analyze ' if analyze else ''}{sql}")
    shell.last_sql = sql if rest else last


def read(shell: Shell, text: str) -> int:
    """Runs the inputs of a file; the exit code that they mean."""
    return shell.run_file(Path(only_word(text, "file")).expanduser())


def history(shell: Shell, text: str) -> None:
    """Prints earlier inputs, oldest first."""
    inputs = list(shell.history())
    if text and not text.isdigit():
        found = [typed for typed in inputs if text.lower() in typed.lower()]
    else:
        found = inputs[-int(text) :] if text.isdigit() and int(text) else inputs[-_HISTORY:]
    with_ends = "\n".join(found)
    if with_ends:
        print(with_ends)


def edit(shell: Shell, text: str) -> None:
    """Opens the last statement in an editor; what is saved there stands in the next prompt."""
    if not shell.terminal:
        raise UsageError("needs a terminal")
    shell.draft = edited(shell.last_sql)


def edited(text: str) -> str:
    """The text as the user left it in $VISUAL or $EDITOR. Raises UsageError if that cannot be run."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="flowsql-") as folder:
        path = Path(folder) / "statement.sql"
        path.write_text(f"{text.rstrip(';')};\n" if text else "", encoding="utf-8")
        try:
            code = subprocess.call([*shlex.split(editor), str(path)])
        except OSError as error:
            raise UsageError(f"cannot run {editor!r}: {error.strerror}", remedy="set $EDITOR") from error
        if code:
            raise UsageError(f"{editor!r} ended with code {code}", remedy="the statement stays as it was")
        return path.read_text(encoding="utf-8").strip()
