"""`flowsql doctor`: what is in a store or a source, and what can be asked of it."""

import shutil
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from flowsql.cli.narrator import Narrator
from flowsql.cli.one_off import workspace_for
from flowsql.cli.option_groups import takes
from flowsql.cli.options import (
    LogsOptions,
    NarrationOptions,
    RemoteOptions,
    StoreOptions,
    WindowOptions,
)
from flowsql.query_options import QueryOptions

if TYPE_CHECKING:
    from flowsql.result import Result

# Of a section, but for that of the saved queries.
_MOST_ROWS = 30


@takes(store=StoreOptions, remote=RemoteOptions, window=WindowOptions, narration=NarrationOptions)
def doctor(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE...", help="Logs to look at without keeping them; the store if none."),
    ] = None,
    log_format: Annotated[
        str | None,
        typer.Option(
            "--log-format", metavar="'${...} ${...}'", help="Field list of text without a header line."
        ),
    ] = None,
    *,
    store: StoreOptions,
    remote: RemoteOptions,
    window: WindowOptions,
    narration: NarrationOptions,
) -> int:
    """Tell what is there: layout, formats, gaps, overlaps, rejects, lag, and which saved queries work."""
    narrator = Narrator(quiet=narration.quiet, verbose=narration.verbose, log=narration.log)
    options = QueryOptions.parse(**asdict(window))
    logs = LogsOptions(sources or None, log_format)
    with workspace_for(store, logs, remote, options, narrator) as (workspace, code):
        for number, section in enumerate(workspace.diagnose(options)):
            _show(section, options, is_first=not number)
    return code


def _show(section: "Result", options: QueryOptions, *, is_first: bool) -> None:
    """Writes a section: its title, and its rows as a table."""
    from flowsql.doctor.sections import SAVED_QUERIES
    from flowsql.output.formats import format_named
    from flowsql.output.options import Options
    from flowsql.result import Result

    table = section.read_all()
    most = table.num_rows if section.title == SAVED_QUERIES else _MOST_ROWS
    print(
        "\n".join([*([] if is_first else [""]), section.title, *([] if table.num_rows else ["none"])]),
        flush=True,
    )
    if table.num_rows:
        is_terminal = sys.stdout.isatty()
        width = shutil.get_terminal_size().columns if is_terminal else None
        shown = Options(width=width, terminal=is_terminal, timezone=options.tz.key, whole="a wider terminal")
        first = table.slice(0, most)
        format_named("table").render(Result(first.schema, first.to_batches()), sys.stdout.buffer, shown)
        sys.stdout.buffer.flush()
    if table.num_rows > most:
        print(f"... and {table.num_rows - most:,} rows more", flush=True)
