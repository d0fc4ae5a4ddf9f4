"""`flowsql store forget`: objects whose records are to count no more."""

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from flowsql.cli.figures import counted, utc_time
from flowsql.cli.narrator import Narrator
from flowsql.cli.option_groups import takes
from flowsql.cli.options import NarrationOptions, StoreOptions
from flowsql.window import parse_time, parse_zone

if TYPE_CHECKING:
    from flowsql.store.forget import ForgetReport


@takes(store=StoreOptions, narration=NarrationOptions)
def forget(
    loads: Annotated[
        list[str] | None, typer.Argument(metavar="LOAD...", help="Load ids, or names of objects.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--source", metavar="PREFIX", help="All objects whose names begin so: a folder, a bucket."
        ),
    ] = None,
    before: Annotated[
        str | None,
        typer.Option(
            "--before",
            metavar="DATE",
            help="All objects that are wholly older; later loads leave such objects out. 90d: so long ago.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be forgotten.")] = False,
    *,
    store: StoreOptions,
    narration: NarrationOptions,
) -> int:
    """Take objects out of the store; no load brings them back, except with --again."""
    narrator = Narrator(quiet=narration.quiet, verbose=narration.verbose, log=narration.log)
    horizon = None
    if before is not None:
        horizon = parse_time(before, now=int(time.time()), tz=parse_zone("UTC"))
    with store.workspace() as workspace:
        report = workspace.forget(loads or (), source=source, before=horizon, dry_run=dry_run)
    if dry_run or narrator.is_verbose:
        for name in report.names:
            narrator.notice(name)
        if len(report.names) < report.objects:
            narrator.notice(f"... and {report.objects - len(report.names):,} more")
    text = forgotten(report, None if horizon is None else utc_time(horizon), dry_run=dry_run)
    narrator.figures("forget", text, dry_run=dry_run, before=horizon, **asdict(report))
    return 0


def forgotten(report: "ForgetReport", before: str | None, *, dry_run: bool) -> str:
    """What was forgotten, in a sentence or two."""
    counts = f"{counted(report.objects, 'object')} with {counted(report.records, 'record')}"
    if before is None and not report.objects:
        text = "nothing to forget: it is forgotten already"
    elif before is None:
        text = f"{'would forget' if dry_run else 'forgot'} {counts}"
    else:
        text = f"{counts} before {before} {'would expire' if dry_run else 'expired'}"
        later = "would leave" if dry_run else "leave"
        text += f"; later loads {later} older objects out"
    stays = report.staying
    if stays.partly_objects:
        text += f"; {counted(stays.partly_objects, 'object')} with {counted(stays.partly_records, 'record')}"
        text += " only partly before it: kept whole"
    if stays.timeless_objects:
        text += f"; {counted(stays.timeless_objects, 'object')} with records without times: kept"
    if report.objects and not dry_run:
        text += " (`flowsql store compact` frees the space)"
    return text
