"""`flowsql store check` and `flowsql store repair`."""

from typing import TYPE_CHECKING, Annotated

import typer

from flowsql import exit_codes
from flowsql.cli.figures import counted
from flowsql.cli.narrator import Narrator
from flowsql.cli.option_groups import takes
from flowsql.cli.options import NarrationOptions, OutputOptions, StoreOptions
from flowsql.cli.result_table import show_rows

if TYPE_CHECKING:
    from flowsql.store.check import CheckReport
    from flowsql.store.repair import RepairReport


@takes(store=StoreOptions, output=OutputOptions, narration=NarrationOptions)
def check(
    quick: Annotated[
        bool, typer.Option("--quick", help="Do not read the segments: only names, sizes and footers.")
    ] = False,
    *,
    store: StoreOptions,
    output: OutputOptions,
    narration: NarrationOptions,
) -> int:
    """Compare the store with its catalogue: every file, count and byte. Exit code 3: something is damaged."""
    narrator = Narrator(quiet=narration.quiet, verbose=narration.verbose, log=narration.log)
    with store.workspace() as workspace:
        report = workspace.check(quick=quick)
    rows = [(finding.file, finding.problem, finding.remedy) for finding in report.findings]
    show_rows(("file", "problem", "remedy"), rows, output, narrator)
    narrator.figures(
        "check",
        _summary(report),
        segments=report.segments,
        records=report.records,
        checked_bytes=report.checked_bytes,
        findings=len(report.findings),
        clean=report.is_clean,
    )
    return exit_codes.DONE if report.is_clean else exit_codes.STORE


def _summary(report: "CheckReport") -> str:
    damaged = sum(finding.is_damage for finding in report.findings)
    left = len(report.findings) - damaged
    how = "sizes and footers of" if report.quick else "every byte of"
    text = (
        f"checked {how} {counted(report.segments, 'segment')} with {counted(report.records, 'record')}, "
        f"{report.checked_bytes / 1e6:,.1f} MB read: "
    )
    text += f"{damaged:,} damaged" if damaged else "clean"
    return text + (f"; {counted(left, 'leftover')}, which the next load removes" if left else "")


@takes(store=StoreOptions, output=OutputOptions, narration=NarrationOptions)
def repair(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")
    ] = False,
    *,
    store: StoreOptions,
    output: OutputOptions,
    narration: NarrationOptions,
) -> int:
    """Make a damaged store whole: from the kept catalogues and the segments. Nothing is deleted."""
    narrator = Narrator(quiet=narration.quiet, verbose=narration.verbose, log=narration.log)
    with store.workspace() as workspace:
        report = workspace.repair(dry_run=dry_run)
    rows = [(mended.file, mended.problem, mended.action) for mended in report.mended]
    show_rows(("file", "problem", "action"), rows, output, narrator)
    for sentence in report.lost if report.mended else ():
        narrator.notice(f"lost: {sentence}")
    narrator.figures(
        "repair",
        _outcome(report),
        base=report.base,
        mended=len(report.mended),
        segments=report.segments,
        records=report.records,
        lost=report.lost,
    )
    return exit_codes.DONE


def _outcome(report: "RepairReport") -> str:
    has = f"{counted(report.segments, 'segment')} with {counted(report.records, 'record')}"
    if not report.mended:
        return f"nothing to repair: {has}"
    return f"nothing was changed; the store would have {has}" if report.dry_run else f"the store has {has}"
