"""The console script: arguments in, exit code out. The only place where errors become text."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from flowsql import exit_codes
from flowsql.cli.narrator import Narrator
from flowsql.errors import FlowsqlError, UsageError


def script() -> NoReturn:
    """The whole process: `main`, then out at once.

    Taking Python, DuckDB and Arrow down in good order costs a short command a tenth of its time and nobody
    sees the difference: `main` has closed and flushed what it used.
    """
    gc.set_threshold(50_000)  # imports make many objects and hardly any garbage
    code = main(is_whole_process=True)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def main(arguments: Sequence[str] | None = None, *, is_whole_process: bool = False) -> int:
    """Runs the command line and returns its exit code (exit_codes.py); never raises.

    `is_whole_process` says that the process ends thereafter.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if is_for_the_shell(given) and sys.stdin.isatty() and sys.stdout.isatty():
        given = ["repl", *given]
    try:
        code = _run(given, is_whole_process=is_whole_process)
        sys.stdout.flush()
        return code
    except FlowsqlError as error:
        _narrator(given).error(error)
        return exit_codes.of_error(error)
    except KeyboardInterrupt:
        _narrator(given).notice("flowsql: interrupted")
        return exit_codes.INTERRUPTED
    except BrokenPipeError:
        # Whoever read stdout has seen enough; Python must not try to flush it again on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.DONE
    except Exception as error:
        return _defect(error, given)


def _run(arguments: Sequence[str], *, is_whole_process: bool) -> int:
    from typer import TyperException
    from typer.main import get_command

    from flowsql.cli.app import COMMANDS, app_of

    command: Any = get_command(app_of(_meant(arguments, COMMANDS)))
    try:
        code = command.main(
            args=options_behind_command([_as_text(argument) for argument in arguments], command),
            prog_name="flowsql",
            standalone_mode=False,
            obj=is_whole_process,
        )
    except TyperException as error:
        message = error.format_message()
        if not message or message.startswith("\n"):
            return exit_codes.USAGE
        raise UsageError(message, remedy=_help_hint(arguments, command)) from error
    except SystemExit as stop:
        # Typer ends the program at a closed pipe before `main` can, and as if something had failed.
        if isinstance(stop.__context__, BrokenPipeError):
            raise stop.__context__ from None
        raise
    return code if isinstance(code, int) else exit_codes.DONE


def is_for_the_shell(arguments: Sequence[str]) -> bool:
    """Whether there is no command, but options of the shell at most."""
    first = arguments[0] if arguments else "--"
    if not first.startswith("-") or first in ("-h", "--help", "--version") or first.endswith("-completion"):
        return False
    from flowsql.cli.app import COMMANDS

    return not set(COMMANDS).intersection(arguments)


def _meant(arguments: Sequence[str], commands: Sequence[str]) -> Sequence[str]:
    """The commands of which one can be meant: to make all of them ready takes as long as a short query."""
    first = arguments[0] if arguments else ""
    is_behind_options = first.startswith("-") and first not in ("-h", "--help", "--version")
    named = arguments if is_behind_options else [first]
    return [command for command in commands if command in named] or commands


def _as_text(argument: str) -> str:
    """The same argument, but one that begins with a comment of SQL cannot be taken for an option."""
    return f" {argument}" if argument.startswith("--") and argument[2:3].isspace() else argument


def options_behind_command(arguments: Sequence[str], root: Any) -> list[str]:
    """The same arguments with the options that stood before the command moved behind it."""
    takes_value = {
        name: not getattr(parameter, "is_flag", False)
        for command in _commands(root)
        for parameter in command.params
        for name in parameter.opts
        if name.startswith("-")
    }
    moved: list[str] = []
    rest = list(arguments)
    while (rest and rest[0] in takes_value) or (rest and rest[0].partition("=")[0] in takes_value):
        option = rest.pop(0)
        moved.append(option)
        if takes_value[option.partition("=")[0]] and "=" not in option and rest:
            moved.append(rest.pop(0))
    path: list[str] = []
    level: Any = root
    while rest and rest[0] in getattr(level, "commands", {}):
        level = level.commands[rest[0]]
        path.append(rest.pop(0))
    # An unknown command is to be named as such.
    return [*path, *moved, *rest] if path else [*rest, *moved]


def _commands(group: Any) -> Iterator[Any]:
    for command in group.commands.values():
        yield command
        if hasattr(command, "commands"):
            yield from _commands(command)


def _help_hint(arguments: Sequence[str], root: Any) -> str:
    named = [word for word in arguments if word in root.commands][:1]
    return " ".join(["`flowsql", *named, "--help`"])


def _narrator(arguments: Sequence[str]) -> Narrator:
    """How the user wants errors said, as far as the arguments can be understood at all."""
    joined = " ".join(arguments)
    return Narrator(log="json" if "--log json" in joined or "--log=json" in joined else "text")


def _defect(error: Exception, arguments: Sequence[str]) -> int:
    import traceback

    place = traceback.extract_tb(error.__traceback__)[-1]
    narrator = _narrator(arguments)
    narrator.error(
        FlowsqlError(
            f"{type(error).__name__}: {error}",
            where=f"a defect in flowsql ({place.name}, line {place.lineno})",
            remedy="please report it with the command, `flowsql --version`, and what --verbose prints here",
        )
    )
    if "--verbose" in arguments or "-v" in arguments:
        traceback.print_exception(error)
    return exit_codes.DEFECT


if __name__ == "__main__":
    script()
