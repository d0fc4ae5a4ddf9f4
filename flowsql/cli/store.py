"""`flowsql store`: the store itself. Its commands stand in modules of their own."""

import typer

from flowsql.cli.store_archive import export, import_
from flowsql.cli.store_check import check, repair
from flowsql.cli.store_info import files, info

app = typer.Typer(help="The store itself.", no_args_is_help=True)


@app.callback()
def root() -> None:
    """The store itself."""


app.command("info")(info)
app.command("files")(files)
app.command("check")(check)
app.command("repair")(repair)
app.command("export")(export)
app.command("import")(import_)
