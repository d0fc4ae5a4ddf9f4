"""`flowsql run`: a saved query with its parameters."""

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
from flowsql.errors import LibraryError
from flowsql.library.search_path import FOLDER, find_library, user_folder


def query_names(incomplete: str) -> list[str]:
    """The saved queries and aliases that begin so, for the shell's completion."""
    return sorted(
        name for name in find_library(Path.cwd() / FOLDER, user_folder()).names if name.startswith(incomplete)
    )


def parameter_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """The parameters of the query named before, as `name=`, or the choices of one as `name=value`."""
    query, _ = find_library(Path.cwd() / FOLDER, user_folder()).get(ctx.params["query"])
    names = [f"{p.name}=" for p in query.parameters if not p.choices]
    choices = [f"{p.name}={choice}" for p in query.parameters for choice in p.choices]
    return [text for text in names + choices if text.startswith(incomplete)]


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
def run(
    ctx: typer.Context,
    query: Annotated[
        str,
        typer.Argument(
            help="Name of a saved query; `flowsql queries` lists them.", autocompletion=query_names
        ),
    ],
    parameters: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME=VALUE]...", help="Parameters of the query.", autocompletion=parameter_names
        ),
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
    """Run a saved query."""
    narrator = Narrator(quiet=narration.quiet, verbose=narration.verbose, log=narration.log)
    options = query_options(window, scope, limits, output.max_rows)
    texts = _texts(parameters or [])
    history_s = _history_s(query) if logs.logs else 0
    with workspace_for(store, logs, remote, options, narrator, history_s) as (workspace, code):
        workspace.ends_process = bool(ctx.obj)
        answer(workspace.iterate_run(query, texts, options), output, options, narrator)
    return code


def _history_s(query: str) -> int:
    """How far before the window the saved query of that name looks, in seconds."""
    found, _ = find_library(Path.cwd() / FOLDER, user_folder()).get(query)
    return found.history_s or 0


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
