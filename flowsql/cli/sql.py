"""`flowsql sql`: SQL given as text, in a file, or on stdin."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from flowsql.cli.answer import answer
from flowsql.cli.narrator import Narrator
from flowsql.cli.one_off import workspace_for
from flowsql.cli.option_groups import takes
from flowsql.cli.options import (
    LimitOptions,
    LogsOptions,
    NarrationOptions,
    OutputOptions,
    RemoteOptions,
    ScopeOptions,
    StoreOptions,
    WindowOptions,
    query_options,
)
from flowsql.errors import UsageError


@takes(
    store=StoreOptions,
    logs=LogsOptions,
    remote=RemoteOptions,
    window=WindowOptions,
    scope=ScopeOptions,
    output=OutputOptions,
    limits=LimitOptions,
    narration=NarrationOptions,
)
def sql(
    text: Annotated[
        str | None, typer.Argument(help="SQL statements; default: stdin.", show_default=False)
    ] = None,
    file: Annotated[
        Path | None, typer.Option("-f", "--file", metavar="FILE", help="Read the SQL from FILE.")
    ] = None,
    *,
    store: StoreOptions,
    logs: LogsOptions,
    remote: RemoteOptions,
    window: WindowOptions,
    scope: ScopeOptions,
    output: OutputOptions,
    limits: LimitOptions,
    narration: NarrationOptions,
) -> int:
    """Run SQL. `records`, `flows`, `loads` and `rejects` are there to be asked."""
    narrator = Narrator(quiet=narration.quiet, verbose=narration.verbose, log=narration.log)
    options = query_options(window, scope, limits, output.max_rows)
    statements = _read(text, file)
    with workspace_for(store, logs, remote, options, narrator) as (workspace, code):
        results = workspace.iterate_sql(statements, {}, options, one_result=output.output is not None)
        answer(results, output, options, narrator)
    return code


def _read(text: str | None, file: Path | None) -> str:
    if text is not None and file is not None:
        raise UsageError("SQL given twice: as text and with -f")
    if text is not None:
        return text
    if file is None:
        if sys.stdin.isatty():
            raise UsageError(
                "no SQL given", remedy="flowsql sql 'select count(*) from flows', -f FILE, or a pipe"
            )
        return sys.stdin.read()
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {error}", where=str(file)) from error
