"""`flowsql load`: log objects into the store."""

import ctypes
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from flowsql.cli.load_report import tell_report
from flowsql.cli.narrator import Narrator
from flowsql.cli.option_groups import takes
from flowsql.cli.options import NarrationOptions, RemoteOptions, StoreOptions, TimeOptions
from flowsql.cli.progress import progress_bar
from flowsql.query_options import QueryOptions
from flowsql.window import parse_span

if TYPE_CHECKING:
    from flowsql.sources.source import Wanted


@takes(store=StoreOptions, remote=RemoteOptions, time=TimeOptions, narration=NarrationOptions)
def load(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="Files, folders, glob patterns, - for stdin, s3://bucket/prefix,"
            " cloudwatch:GROUP[#STREAM-PREFIX], @NAME of a registered flow log.",
        ),
    ],
    log_format: Annotated[
        str | None,
        typer.Option(
            "--log-format",
            metavar="'${...} ${...}'",
            help="Field list of text without a header line; also: default, tgw, all.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read everything, write nothing.")] = False,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Load also what was forgotten, is too old, or is there under another name."
        ),
    ] = False,
    max_rejects: Annotated[
        int | None,
        typer.Option("--max-rejects", metavar="N", min=0, help="Exit with 6 if more lines are rejected."),
    ] = None,
    *,
    store: StoreOptions,
    remote: RemoteOptions,
    time: TimeOptions,
    narration: NarrationOptions,
) -> int:
    """Load log objects into the store, each once."""
    _keep_freed_memory()
    narrator = Narrator(quiet=narration.quiet, verbose=narration.verbose, log=narration.log)
    with store.workspace() as workspace, progress_bar(narrator) as on_progress:
        report = workspace.load(
            sources,
            log_format=log_format,
            again=again,
            dry_run=dry_run,
            wanted=_wanted(time, remote),
            access=remote.access(),
            on_progress=on_progress,
        )
    code = tell_report(report, narrator, dry_run=dry_run, max_rejects=max_rejects)
    if report.stopped_by:
        narrator.error(report.stopped_by)
    return code


def _wanted(time: TimeOptions, remote: RemoteOptions) -> "Wanted":
    """Of which time objects are loaded. Raises UsageError."""
    from flowsql.errors import UsageError
    from flowsql.sources.source import Wanted

    options = QueryOptions.parse(**asdict(time))
    if remote.full and options.window.since is not None:
        raise UsageError("means without a lower bound of time", where="--full", remedy="leave out --since")
    return Wanted(options.window, remote.full, parse_span(remote.overlap), options.now)


def _keep_freed_memory() -> None:
    """Lets glibc reuse the big blocks that come and go by the dozen.

    By default it gives each back to the system, and faulting the pages in again costs a tenth of a load.
    https://man7.org/linux/man-pages/man3/mallopt.3.html
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
    if mallopt is not None:
        trim_threshold, mmap_threshold = -1, -3
        mallopt(mmap_threshold, 64 << 20)
        mallopt(trim_threshold, 256 << 20)
