"""`flowsql repl`: the interactive shell, or a batch of what it understands."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from flowsql import exit_codes
from flowsql.cli.narrator import Narrator
from flowsql.cli.one_off import workspace_for
from flowsql.cli.option_groups import takes
from flowsql.cli.options import (
    LimitOptions,
    LogsOptions,
    NarrationOptions,
    RemoteOptions,
    ScopeOptions,
    StoreOptions,
    WindowOptions,
)
from flowsql.errors import UsageError
from flowsql.query_options import QueryOptions

if TYPE_CHECKING:
    from flowsql.repl.shell import Shell


@takes(
    store=StoreOptions,
    logs=LogsOptions,
    remote=RemoteOptions,
    window=WindowOptions,
    scope=ScopeOptions,
    limits=LimitOptions,
    narration=NarrationOptions,
)
def repl(
    *,
    store: StoreOptions,
    logs: LogsOptions,
    remote: RemoteOptions,
    window: WindowOptions,
    scope: ScopeOptions,
    limits: LimitOptions,
    narration: NarrationOptions,
) -> int:
    """Ask questions interactively; without a terminal, run what stdin has. `.help` lists the dot-commands."""
    if scope.where is not None:
        raise UsageError("is not for the shell", where="--where", remedy="write it into the statements")
    from flowsql.repl.settings import DEFAULT_MAX_ROWS, Settings
    from flowsql.repl.shell import Shell

    narrator = Narrator(quiet=narration.quiet, verbose=narration.verbose, log=narration.log)
    texts = {**asdict(window), **asdict(scope), **asdict(limits)}
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    settings = Settings(max_rows=DEFAULT_MAX_ROWS if interactive else None, bail=not interactive)
    with (
        workspace_for(store, logs, remote, QueryOptions.parse(**texts), narrator) as (workspace, code),
        Shell(
            workspace, narrator, command_line, texts, settings=settings, terminal=sys.stdout.isatty()
        ) as shell,
    ):
        ends_with = _interact(shell, narrator) if interactive else shell.run_lines(_lines(), "stdin")
    return exit_codes.worst([code, ends_with])


def _lines() -> Iterator[str]:
    try:
        for line in sys.stdin.buffer:
            yield line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"is no text: {error}", where="stdin", remedy="write it in UTF-8") from error


def _interact(shell: "Shell", narrator: Narrator) -> int:
    from flowsql import __version__
    from flowsql.repl.config import config_path, read_config
    from flowsql.repl.interactive import interact
    from flowsql.repl.pager import default_pager

    config, mistakes = read_config(config_path())
    for mistake in mistakes:
        narrator.error(mistake)  # a typo in it must not keep anyone from their logs
    shell.settings.pager = default_pager() if config.pager is None else config.pager
    narrator.notice(f"flowsql {__version__}: SQL ends in ;  .help lists the commands, Ctrl-D leaves")
    if not shell.workspace.store.exists:
        narrator.notice(f"there is no store at {shell.workspace.store.folder} yet: .load FILES makes one")
    return interact(shell, config)


def command_line(arguments: Sequence[str]) -> int:
    """Runs another command in this process; its exit code."""
    from flowsql.cli.main import main

    return main(arguments)
