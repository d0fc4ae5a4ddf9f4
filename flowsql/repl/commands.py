r"""The dot-commands: one table, which `.help` prints and completion reads.

A command gets the shell and the text behind its name; it may return an exit code other than 0. psql's names
for the same things are aliases.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowsql import exit_codes
from flowsql.errors import UsageError, did_you_mean
from flowsql.repl import answer_commands, look_commands, output_commands, statement_commands
from flowsql.repl.chart_command import chart
from flowsql.repl.save_command import save
from flowsql.repl.screen import screen_size
from flowsql.repl.watch_command import watch

if TYPE_CHECKING:
    from flowsql.repl.shell import Shell

Run = Callable[["Shell", str], int | None]
_HELP_WIDTH = 100
_USAGE_WIDTH = 30


@dataclass(frozen=True, slots=True)
class Command:
    """A dot-command: its names (the first is the one that help shows), arguments, one line about it.

    `completes` says what its arguments may be: 'query', 'format', 'file', 'table', 'field', 'switch',
    'window', 'scope', 'command', 'chart' or ''.
    """

    names: tuple[str, ...]
    arguments: str
    about: str
    run: Run
    completes: str = ""

    @property
    def usage(self) -> str:
        """Name and arguments."""
        return f".{self.names[0]} {self.arguments}".rstrip()


def quit_shell(shell: Shell, text: str) -> None:
    """Ends the shell."""
    shell.is_over = True


def help_text(shell: Shell, text: str) -> None:
    """All commands, or one."""
    width = screen_size().columns if shell.terminal else _HELP_WIDTH
    name = text.strip()
    lines = _one(find(name), width) if name else _all(width)
    shell.display.text("\n".join(lines))


def _all(width: int) -> list[str]:
    lines = textwrap.wrap(
        "SQL ends in ; and may take several lines; \\G instead shows each row as lines.", width
    )
    for title, group in GROUPS.items():
        lines += ["", title, *(line for command in group for line in _help_lines(command, width))]
    return lines


def _one(command: Command, width: int) -> list[str]:
    others = [name if name.startswith("\\") else f".{name}" for name in command.names[1:]]
    return [*_help_lines(command, width), *([f"  also {', '.join(others)}"] if others else [])]


def _help_lines(command: Command, width: int) -> list[str]:
    room = width - _USAGE_WIDTH - 3
    if room < _USAGE_WIDTH:
        about = textwrap.wrap(command.about, max(width - 6, 10))
        return [f"  {command.usage}", *(f"      {line}" for line in about)]
    about = textwrap.wrap(command.about, room)
    if len(command.usage) > _USAGE_WIDTH:
        about.insert(0, "")
    heads = [command.usage, *[""] * (len(about) - 1)]
    return [f"  {head:<{_USAGE_WIDTH}} {line}".rstrip() for head, line in zip(heads, about, strict=True)]


GROUPS: dict[str, tuple[Command, ...]] = {
    "Saved queries": (
        Command(("queries",), "", "the saved queries", statement_commands.queries),
        Command(
            ("show",),
            "QUERY",
            "what a query answers, its parameters, how to read it",
            statement_commands.show,
            "query",
        ),
        Command(("run",), "QUERY [name=value ...]", "run a saved query", statement_commands.run, "query"),
        Command(
            ("between",),
            "A B [PORT]",
            "what the records say about A talking to B",
            statement_commands.between,
        ),
        Command(
            ("save",),
            "NAME [QUESTION]",
            "make the last statement a saved query; asks for what it needs",
            save,
        ),
    ),
    "What answers are about": (
        Command(
            ("window",),
            "[SINCE [UNTIL]]",
            "show or set the window: 24h, 14:05, 2026-11-23, around T[/SPAN], all",
            look_commands.window,
            "window",
        ),
        Command(
            ("scope",),
            "[name=value ...]",
            "show or set the scope: account, region, vpc, subnet, interface, ip, cidr, port; all removes it",
            look_commands.scope,
            "scope",
        ),
        Command(
            ("refresh",),
            "",
            "look at the store anew: what was loaded since, saved queries that changed",
            look_commands.refresh,
        ),
        Command(
            ("load",),
            "SOURCE... [--option ...]",
            "load log objects, as `flowsql load` does",
            look_commands.load,
            "file",
        ),
    ),
    "What there is": (
        Command(("tables", "\\dt", "\\dv"), "", "the relations that SQL can ask", look_commands.tables),
        Command(
            ("schema", "\\d"),
            "[TABLE]",
            "the columns of a relation, and what they mean",
            look_commands.schema,
            "table",
        ),
        Command(("fields",), "[FIELD]", "the glossary of AWS's fields", look_commands.fields, "field"),
    ),
    "The last answer": (
        Command(("why",), "", "what it counted, left out, and how complete it is", answer_commands.why),
        Command(
            ("chart",),
            "[bars|series|spark] [COLUMN ...]",
            "draw it: bars, a time series, sparklines",
            chart,
            "chart",
        ),
        Command(
            ("watch", "\\watch"),
            "[SPAN] [--diff] [--times N]",
            "ask again every SPAN (10s); --diff shows only rows that are new",
            watch,
        ),
        Command(
            ("explain",),
            "[analyze] [SQL]",
            "the plan of a statement, by default the last",
            statement_commands.explain,
        ),
    ),
    "How answers look": (
        Command(
            ("format", "mode"),
            "[NAME]",
            "table, csv, tsv, json, ndjson, markdown, expanded; auto",
            output_commands.format_,
            "format",
        ),
        Command(
            ("expanded", "\\x"),
            "[on|off]",
            "each row as lines, nothing cut",
            output_commands.expanded,
            "switch",
        ),
        Command(
            ("maxrows",), "[N|all]", "how many rows are shown; files always get all", output_commands.maxrows
        ),
        Command(
            ("pager",),
            "[on|off|COMMAND]",
            "page what is taller than the screen",
            output_commands.pager,
            "switch",
        ),
        Command(
            ("timer", "\\timing"), "[on|off]", "the time of each statement", output_commands.timer, "switch"
        ),
        Command(
            ("once",),
            "FILE | '|' COMMAND",
            "where the next answer goes; --overwrite replaces a file",
            output_commands.once,
            "file",
        ),
        Command(
            ("output", "\\o"),
            "[FILE | '|' COMMAND]",
            "where all answers go; without a file to the screen again",
            output_commands.output,
            "file",
        ),
    ),
    "The shell": (
        Command(
            ("edit", "\\e"),
            "",
            "the last statement in $VISUAL or $EDITOR, and then in the prompt",
            statement_commands.edit,
        ),
        Command(
            ("read", "\\i"),
            "FILE",
            "run the statements and dot-commands of a file",
            statement_commands.read,
            "file",
        ),
        Command(
            ("history",),
            "[N|TEXT]",
            "the last inputs, or those that contain TEXT",
            statement_commands.history,
        ),
        Command(
            ("bail",), "[on|off]", "stop a file or a batch at its first error", output_commands.bail, "switch"
        ),
        Command(("help", "\\?", "\\h"), "[COMMAND]", "this", help_text, "command"),
        Command(("quit", "exit", "\\q"), "", "leave; Ctrl-D does too", quit_shell),
    ),
}
COMMANDS: tuple[Command, ...] = tuple(command for group in GROUPS.values() for command in group)
_BY_NAME = {
    name if name.startswith("\\") else f".{name}": command for command in COMMANDS for name in command.names
}


def find(name: str) -> Command:
    """The command of that name, with or without its dot. Raises UsageError if there is none."""
    word = name if name[:1] in (".", "\\") else f".{name}"
    found = _BY_NAME.get(word.lower())
    if found is None:
        hint = did_you_mean(word.lower(), _BY_NAME)
        raise UsageError(f"unknown command {word!r}", remedy=hint or ".help lists them")
    return found


def run_command(shell: Shell, text: str) -> int:
    """Runs one dot-command; the exit code that it means. Raises FlowsqlError."""
    name, _, arguments = text.partition(" ")
    command = find(name.rstrip(";"))
    try:
        return command.run(shell, arguments.strip()) or exit_codes.DONE
    except UsageError as error:
        if error.where:
            raise
        raise UsageError(
            error.cause, where=f".{command.names[0]}", remedy=error.remedy or f"usage: {command.usage}"
        ) from error
