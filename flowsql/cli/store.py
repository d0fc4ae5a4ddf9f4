"""`flowsql store`: the store itself. Its commands stand in modules of their own, but for `info`."""

from typing import TYPE_CHECKING

import typer

from flowsql.cli.figures import utc_time
from flowsql.cli.option_groups import takes
from flowsql.cli.options import StoreOptions
from flowsql.cli.store_archive import export, files, import_
from flowsql.cli.store_check import check, repair
from flowsql.cli.store_compact import compact
from flowsql.cli.store_forget import forget

if TYPE_CHECKING:
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
app.command("compact")(compact)
app.command("forget")(forget)
app.command("files")(files)
app.command("check")(check)
app.command("repair")(repair)
app.command("export")(export)
app.command("import")(import_)


def described(facts: "StoreInfo") -> str:
    """The figures of a store, one a line, then its log formats."""
    lines = [
        ("store", str(facts.folder)),
        ("created", utc_time(facts.created_at)),
        ("last load", utc_time(facts.last_load_at)),
        ("records", f"{facts.records:,} (NODATA {facts.nodata:,}, SKIPDATA {facts.skipdata:,})"),
        ("from", utc_time(facts.first_time)),
        ("to", utc_time(facts.last_time)),
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
