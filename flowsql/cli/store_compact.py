"""`flowsql store compact`: few big segments, and no dead records."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from flowsql.cli.figures import counted
from flowsql.cli.narrator import Narrator
from flowsql.cli.option_groups import takes
from flowsql.cli.options import NarrationOptions, StoreOptions
from flowsql.window import parse_span

if TYPE_CHECKING:
    from flowsql.store.compact import CompactReport


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
            f"{counted(report.left, 'merge')} gave way to other writers; run it again when they are done"
        )
    return 0


def compacted(report: "CompactReport") -> str:
    """What a compaction did, in a sentence or two."""
    if not report.old_segments:
        text = "nothing to merge"
    else:
        text = (
            f"{counted(report.old_segments, 'segment')} became {report.new_segments:,} with "
            f"{counted(report.records, 'record')}, {counted(report.dead_records, 'dead record')} removed; "
            f"{report.bytes_before / 1e6:,.1f} MB became {report.bytes_after / 1e6:,.1f} MB"
        )
    if report.deleted_files:
        text += f"; deleted {counted(report.deleted_files, 'replaced file')}"
    if report.waiting_files:
        text += f"; {counted(report.waiting_files, 'replaced file')} will go after the grace period"
    return text
