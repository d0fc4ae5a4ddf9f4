"""`flowsql between`: did A reach B, and since when not?"""

from __future__ import annotations

from typing import Annotated

import typer

from flowsql.cli.answer import answer, format_of
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
from flowsql.cli.page import show


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
def between(
    ctx: typer.Context,
    a: Annotated[str, typer.Argument(metavar="A", help="An address, CIDR block, interface or instance id.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The other end, likewise.")],
    service: Annotated[
        str | None, typer.Argument(metavar="[PORT]", help="The port of the service.", show_default=False)
    ] = None,
    *,
    bins: Annotated[
        str | None,
        typer.Option("--bin", metavar="SPAN", help="Length of a row's time; about 15 rows if not given."),
    ] = None,
    store: StoreOptions,
    logs: LogsOptions,
    remote: RemoteOptions,
    window: WindowOptions,
    scope: ScopeOptions,
    output: OutputOptions,
    limits: LimitOptions,
    narration: NarrationOptions,
) -> int:
    """Say whether A reached B, since when not, and show what was seen of it."""
    narrator = Narrator(quiet=narration.quiet, verbose=narration.verbose, log=narration.log)
    options = query_options(window, scope, limits, output.max_rows)
    with workspace_for(store, logs, remote, options, narrator) as (workspace, code):
        workspace.ends_process = bool(ctx.obj)
        with workspace.open_between(a, b, service, bins, options) as found:
            if output.output is None and format_of(output).name == "table":
                show("\n".join([found.verdict, *(f"  {note}" for note in found.notes), ""]))
            else:
                # Data on stdout stays data.
                narrator.figures("verdict", found.verdict, verdict=found.verdict, notes=found.notes)
                for note in found.notes:
                    narrator.detail(note)
            answer([found.result], output, options, narrator)
    return code
