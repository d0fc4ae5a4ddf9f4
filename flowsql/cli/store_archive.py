"""`flowsql store files`, `export` and `import`: the store for other engines and other machines."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flowsql.cli.figures import counted
from flowsql.cli.narrator import Narrator
from flowsql.cli.option_groups import takes
from flowsql.cli.options import NarrationOptions, OutputOptions, StoreOptions
from flowsql.cli.result_table import show

if TYPE_CHECKING:
    from flowsql.store.archive import ArchiveReport


@takes(store=StoreOptions, output=OutputOptions, narration=NarrationOptions)
def files(*, store: StoreOptions, output: OutputOptions, narration: NarrationOptions) -> int:
    """List the Parquet files that hold the records, for other engines.

    Records of a file whose load_id is among its dead_load_ids do not count.
    """
    narrator = Narrator(quiet=narration.quiet, verbose=narration.verbose, log=narration.log)
    with store.workspace() as workspace:
        result = workspace.files()
    show(result, output, narrator)
    return 0


@takes(store=StoreOptions, narration=NarrationOptions)
def export(
    file: Annotated[Path, typer.Argument(help="The archive to write (tar).", show_default=False)],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace FILE if it exists.")] = False,
    *,
    store: StoreOptions,
    narration: NarrationOptions,
) -> int:
    """Write the whole store into one file, for another machine; loads may go on meanwhile."""
    with store.workspace() as workspace:
        report = workspace.export(file, overwrite=overwrite)
    _tell(report, "exported", file, narration)
    return 0


@takes(store=StoreOptions, narration=NarrationOptions)
def import_(
    file: Annotated[Path, typer.Argument(help="An archive of `store export`.", show_default=False)],
    *,
    store: StoreOptions,
    narration: NarrationOptions,
) -> int:
    """Make a new store of an exported file, every byte verified."""
    with store.workspace() as workspace:
        report = workspace.import_(file)
    _tell(report, "imported", file, narration)
    return 0


def _tell(report: "ArchiveReport", verb: str, file: Path, narration: NarrationOptions) -> None:
    narrator = Narrator(quiet=narration.quiet, verbose=narration.verbose, log=narration.log)
    narrator.figures(
        verb,
        f"{verb} {counted(report.records, 'record')} in {counted(report.segments, 'segment')},"
        f" {report.size_bytes / 1e6:,.1f} MB",
        file=str(file),
        segments=report.segments,
        records=report.records,
        size_bytes=report.size_bytes,
    )
