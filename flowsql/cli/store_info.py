"""`flowsql store info` and `flowsql store files`: what is in a store."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flowsql.cli.narrator import Narrator
from flowsql.cli.option_groups import takes
from flowsql.cli.options import NarrationOptions, OutputOptions, StoreOptions
from flowsql.cli.result_table import show

if TYPE_CHECKING:
    from flowsql.store.info import StoreInfo


@takes(store=StoreOptions)
def info(*, store: StoreOptions) -> int:
    """What is in the store: records, objects, times, formats, size on disk."""
    with store.workspace() as workspace:
        print(described(workspace.info()))
    return 0


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
            f"{facts.replaced_objects:,} replaced",
        ),
        ("segments", f"{facts.segments:,} files, {facts.segment_bytes / 1e6:,.1f} MB"),
        ("catalogue", f"{facts.catalogue_bytes / 1e6:,.1f} MB, schema version {facts.schema_version}"),
    ]
    text = [f"{label:<11}{value}" for label, value in lines]
    for log_format in facts.formats:
        text += ["", f"{log_format.records:,} records of {log_format.objects:,} objects in the log format"]
        text.append(f"  {log_format.log_format}")
    return "\n".join(text)


def _time(seconds: int | None) -> str:
    if seconds is None:
        return "-"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
