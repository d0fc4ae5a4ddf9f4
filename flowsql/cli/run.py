"""`flowsql run`: a saved query with its parameters."""

from __future__ import annotations

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
    ScopeOptions,
    StoreOptions,
    WindowOptions,
    query_options,
)
from flowsql.errors import LibraryError


@takes(
    store=StoreOptions,
    logs=LogsOptions,
    window=WindowOptions,
    scope=ScopeOptions,
    output=OutputOptions,
    limits=LimitOptions,
    narration=NarrationOptions,
)
def run(
    query: Annotated[str, typer.Argument(help="Name of a saved query; `flowsql queries` lists them.")],
    parameters: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME=VALUE]...", help="Parameters of the query.")
    ] = None,
    *,
    store: StoreOptions,
    logs: LogsOptions,
    window: WindowOptions,
    scope: ScopeOptions,
    output: OutputOptions,
    limits: LimitOptions,
    narration: NarrationOptions,
) -> int:
    """Run a saved query."""
    narrator = Narrator(quiet=narration.quiet, verbose=narration.verbose, log=narration.log)
    options = query_options(window, scope, limits, output.max_rows)
    texts = _texts(parameters or [])
    with workspace_for(store, logs, narrator) as (workspace, code):
        answer(workspace.iterate_run(query, texts, options), output, options, narrator)
    return code


def _texts(parameters: list[str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for parameter in parameters:
        name, equals, value = parameter.partition("=")
        if not equals:
            raise LibraryError(
                f"{parameter!r} is no parameter", remedy="write parameters as name=value, for example top=20"
            )
        if name in texts:
            raise LibraryError(f"the parameter {name} is given twice")
        texts[name] = value
    return texts
