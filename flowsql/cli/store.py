"""`flowsql store`: the store itself."""

import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from flowsql.cli.narrator import Narrator
from flowsql.cli.option_groups import takes
from flowsql.cli.options import NarrationOptions, StoreOptions
from flowsql.window import parse_span, parse_time, parse_zone

if TYPE_CHECKING:
    from flowsql.store.compact import CompactReport
    from flowsql.store.forget import ForgetReport
    from flowsql.store.info import StoreInfo

app = typer.Typer(help="The store itself.", no_args_is_help=True)


@app.callback()
def root() -> None:
    """The store itself."""


@takes(store=StoreOptions)
def info(*, store: StoreOptions) -> int:
    """What is in the store: records, objects, times, formats, size on disk."""
    with store.workspace() as workspace:
        print(described(workspace.info()))
    return 0


app.command("info")(info)


@takes(store=StoreOptions, narration=NarrationOptions)
def compact(
    grace: Annotated[
        str,
        typer.Option(
            "--grace",
            metavar="SPAN",
            help="Delete replaced files once they have been so for this long; running queries may need them.",
        ),
    ] = "1h",
    *,
    store: StoreOptions,
    narration: NarrationOptions,
) -> int:
    """Merge small segments, remove dead records for real, delete replaced files."""
    narrator = Narrator(quiet=narration.quiet, verbose=narration.verbose, log=narration.log)
    with store.workspace() as workspace:
        report = workspace.compact(grace_s=parse_span(grace))
    narrator.figures("compact", compacted(report), **asdict(report))
    if report.left:
        narrator.notice(
            f"{_counted(report.left, 'merge')} gave way to other writers; run it again when they are done"
        )
    return 0


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
    text = forgotten(report, None if horizon is None else _time(horizon), dry_run=dry_run)
    narrator.figures("forget", text, dry_run=dry_run, before=horizon, **asdict(report))
    return 0


app.command("compact")(compact)
app.command("forget")(forget)


def described(facts: "StoreInfo") -> str:
    """The figures of a store, one a line, then its log formats."""
    lines = [
        ("store", str(facts.folder)),
        ("created", _time(facts.created_at)),
        ("last load", _time(facts.last_load_at)),
        ("records", f"{facts.records:,} (NODATA {facts.nodata:,}, SKIPDATA {facts.skipdata:,})"),
        ("from", _time(facts.first_time)),
        ("to", _time(facts.last_time)),
        ("rejects", f"{facts.rejects:,} lines"),
        (
            "objects",
            f"{facts.objects:,} whole, {facts.incomplete_objects:,} incomplete, "
            f"{facts.replaced_objects:,} replaced, {facts.expired_objects:,} expired, "
            f"{facts.forgotten_objects:,} forgotten",
        ),
        ("segments", f"{facts.segments:,} files, {facts.segment_bytes / 1e6:,.1f} MB"),
        ("catalogue", f"{facts.catalogue_bytes / 1e6:,.1f} MB, schema version {facts.schema_version}"),
    ]
    text = [f"{label:<11}{value}" for label, value in lines]
    for log_format in facts.formats:
        text += ["", f"{log_format.records:,} records of {log_format.objects:,} objects in the log format"]
        text.append(f"  {log_format.log_format}")
    return "\n".join(text)


def compacted(report: "CompactReport") -> str:
    """What a compaction did, in a sentence or two."""
    if not report.old_segments:
        text = "nothing to merge"
    else:
        text = (
            f"{_counted(report.old_segments, 'segment')} became {report.new_segments:,} with "
            f"{_counted(report.records, 'record')}, {_counted(report.dead_records, 'dead record')} removed; "
            f"{report.bytes_before / 1e6:,.1f} MB became {report.bytes_after / 1e6:,.1f} MB"
        )
    if report.deleted_files:
        text += f"; deleted {_counted(report.deleted_files, 'replaced file')}"
    if report.waiting_files:
        text += f"; {_counted(report.waiting_files, 'replaced file')} will go after the grace period"
    return text


def forgotten(report: "ForgetReport", before: str | None, *, dry_run: bool) -> str:
    """What was forgotten, in a sentence or two."""
    counts = f"{_counted(report.objects, 'object')} with {_counted(report.records, 'record')}"
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
        text += (
            f"; {_counted(stays.partly_objects, 'object')} with {_counted(stays.partly_records, 'record')}"
        )
        text += " only partly before it: kept whole"
    if stays.timeless_objects:
        text += f"; {_counted(stays.timeless_objects, 'object')} with records without times: kept"
    if report.objects and not dry_run:
        text += " (`flowsql store compact` frees the space)"
    return text


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _time(seconds: int | None) -> str:
    if seconds is None:
        return "-"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
