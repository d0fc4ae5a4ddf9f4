"""The commands, in the order in which `flowsql --help` lists them.

A command's module is imported only when its command, or the list of all, is wanted: start-up time is part
of the interface.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import import_module, resources
from typing import Annotated

import typer

from flowsql import __version__

# Each is the function of its name in flowsql.cli.NAME, or, for the groups, the Typer `app` there.
COMMANDS = (
    *("load", "between", "run", "sql", "repl", "queries", "fields", "flow-logs", "inventory"),
    *("doctor", "demo", "generate", "store"),
)
_GROUPS = {"flow-logs", "inventory", "store"}


def app_of(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """The command line with these commands."""
    app = typer.Typer(
        help="Answer questions about AWS VPC Flow Logs with SQL.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        rich_markup_mode="rich" if sys.stdout.isatty() else None,
    )
    app.callback()(root)
    for name in names:
        module = import_module(f"flowsql.cli.{name.replace('-', '_')}")
        if name in _GROUPS:
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, name))
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        libraries = ("ingest/tokenizer.so", "store/group_by.so")
        is_compiled = all(resources.files("flowsql").joinpath(library).is_file() for library in libraries)
        lacks = "" if is_compiled else " (without its compiled parts: logs load more slowly)"
        print(f"flowsql {__version__}{lacks}")
        raise typer.Exit


def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Answer questions about AWS VPC Flow Logs with SQL."""
