"""The options that mean the same everywhere they occur, in groups.

Here and in the commands annotations are no strings: typer would compile each of them at every start. For the
same reason the dataclasses get no methods that nobody calls.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flowsql.query_options import QueryOptions
from flowsql.window import parse_span

if TYPE_CHECKING:
    from flowsql.sources.aws import AwsAccess
    from flowsql.workspace import Workspace

_STORE, _REMOTE, _WINDOW, _SCOPE = "Store", "Remote sources", "Window", "Scope"
_OUTPUT, _LIMITS, _TALK = "Output", "Limits", "Narration"


@dataclass(eq=False, repr=False)
class StoreOptions:
    """Which store."""

    store: Annotated[
        Path | None,
        typer.Option(
            "--store",
            metavar="DIR",
            help="The store's folder; default $FLOWSQL_STORE, else the user's data folder.",
            rich_help_panel=_STORE,
        ),
    ] = None
    wait: Annotated[
        str,
        typer.Option(
            "--wait", metavar="SPAN", help="How long to queue behind other writers.", rich_help_panel=_STORE
        ),
    ] = "30s"

    def workspace(self) -> "Workspace":
        """The workspace over that store."""
        from flowsql.workspace import Workspace, default_store

        return Workspace(self.store or default_store(), wait_s=parse_span(self.wait))


@dataclass(eq=False, repr=False)
class LogsOptions:
    """One-off use of logs without a store of their own."""

    logs: Annotated[
        list[str] | None,
        typer.Option(
            "--logs",
            metavar="SOURCE",
            help="Query these logs directly; nothing is kept. Can be repeated.",
            rich_help_panel=_STORE,
        ),
    ] = None
    log_format: Annotated[
        str | None,
        typer.Option(
            "--log-format",
            metavar="'${...} ${...}'",
            help="Field list of logs without a header line; also: default, tgw, all.",
            rich_help_panel=_STORE,
        ),
    ] = None


@dataclass(eq=False, repr=False)
class AwsOptions:
    """Whom AWS takes us for, and where it is asked."""

    aws_region: Annotated[
        str | None,
        typer.Option(
            "--aws-region", metavar="REGION", help="AWS region of the source.", rich_help_panel=_REMOTE
        ),
    ] = None
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            metavar="NAME",
            help="Profile of AWS's own configuration; default $AWS_PROFILE.",
            rich_help_panel=_REMOTE,
        ),
    ] = None
    role_arn: Annotated[
        str | None,
        typer.Option("--role-arn", metavar="ARN", help="Role to assume.", rich_help_panel=_REMOTE),
    ] = None
    endpoint_url: Annotated[
        str | None,
        typer.Option(
            "--endpoint-url",
            metavar="URL",
            help="Another address of the service.",
            rich_help_panel=_REMOTE,
        ),
    ] = None

    def access(self) -> "AwsAccess":
        """How AWS is asked."""
        from flowsql.sources.aws import AwsAccess

        return AwsAccess(self.aws_region, self.profile, self.role_arn, self.endpoint_url)


@dataclass(eq=False, repr=False)
class RemoteOptions(AwsOptions):
    """How sources in AWS are reached, and how much of them is read."""

    full: Annotated[
        bool,
        typer.Option("--full", help="All of a remote source, not only what is new.", rich_help_panel=_REMOTE),
    ] = False
    overlap: Annotated[
        str,
        typer.Option(
            "--overlap",
            metavar="SPAN",
            help="How late events of a log stream may come and still be found by the next load.",
            rich_help_panel=_REMOTE,
        ),
    ] = "2h"
    requester_pays: Annotated[
        bool,
        typer.Option(
            "--requester-pays", help="Pay for reading the bucket, if it wants that.", rich_help_panel=_REMOTE
        ),
    ] = False

    def access(self) -> "AwsAccess":
        """How AWS is asked."""
        from flowsql.sources.aws import AwsAccess

        return AwsAccess(self.aws_region, self.profile, self.role_arn, self.endpoint_url, self.requester_pays)


@dataclass(eq=False, repr=False)
class TimeOptions:
    """Which time, and which clock."""

    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="T", help="Start: 24h (ago), 14:05, 2026-11-23, ...", rich_help_panel=_WINDOW
        ),
    ] = None
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="T", help="End, itself not in the window.", rich_help_panel=_WINDOW),
    ] = None
    around: Annotated[
        str | None,
        typer.Option(
            "--around",
            metavar="T[/SPAN]",
            help="SPAN before and after T (15m if not given).",
            rich_help_panel=_WINDOW,
        ),
    ] = None
    tz: Annotated[
        str,
        typer.Option(
            "--tz", metavar="NAME", help="Time zone for input and display.", rich_help_panel=_WINDOW
        ),
    ] = "UTC"
    now: Annotated[
        str | None,
        typer.Option("--now", metavar="T", help="The clock of this run.", rich_help_panel=_WINDOW),
    ] = None


@dataclass(eq=False, repr=False)
class WindowOptions(TimeOptions):
    """Which time a query sees, and what it looks at around it."""

    context: Annotated[
        str | None,
        typer.Option(
            "--context",
            metavar="SPAN",
            help="How far beyond the window direction and conversations are looked up; 1h if not given.",
            rich_help_panel=_WINDOW,
        ),
    ] = None
    lag: Annotated[
        str | None,
        typer.Option(
            "--lag",
            metavar="SPAN",
            help="How long records take to arrive; an open or relative end moves back to now - SPAN.",
            rich_help_panel=_WINDOW,
        ),
    ] = None
    align: Annotated[
        str | None,
        typer.Option(
            "--align",
            metavar="hour",
            help="Cut both ends of the window to whole hours.",
            rich_help_panel=_WINDOW,
        ),
    ] = None


@dataclass(eq=False, repr=False)
class ScopeOptions:
    """Which records."""

    account: Annotated[
        list[str] | None, typer.Option("--account", help="Account of the interface.", rich_help_panel=_SCOPE)
    ] = None
    region: Annotated[
        list[str] | None, typer.Option("--region", help="Region of the interface.", rich_help_panel=_SCOPE)
    ] = None
    vpc: Annotated[list[str] | None, typer.Option("--vpc", help="VPC id.", rich_help_panel=_SCOPE)] = None
    subnet: Annotated[
        list[str] | None, typer.Option("--subnet", help="Subnet id.", rich_help_panel=_SCOPE)
    ] = None
    interface: Annotated[
        list[str] | None, typer.Option("--interface", help="Interface id.", rich_help_panel=_SCOPE)
    ] = None
    ip: Annotated[
        list[str] | None, typer.Option("--ip", help="Address on either side.", rich_help_panel=_SCOPE)
    ] = None
    cidr: Annotated[
        list[str] | None, typer.Option("--cidr", help="Network on either side.", rich_help_panel=_SCOPE)
    ] = None
    port: Annotated[
        list[str] | None, typer.Option("--port", help="Port on either side.", rich_help_panel=_SCOPE)
    ] = None
    where: Annotated[
        str | None,
        typer.Option(
            "--where", metavar="SQL", help="Condition on the rows of the result.", rich_help_panel=_SCOPE
        ),
    ] = None


@dataclass(eq=False, repr=False)
class OutputOptions:
    """Where results go, and how they look."""

    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write the result to FILE; {date}, {since}, {until} are filled in.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="F",
            help="table, expanded, csv, tsv, json, ndjson, markdown, parquet; default: FILE's suffix, else "
            "table on a terminal and csv in a pipe.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace FILE if it exists.", rich_help_panel=_OUTPUT)
    ] = False
    csv_safe: Annotated[
        bool,
        typer.Option(
            "--csv-safe",
            help="Disarm cells that a spreadsheet would run as formulas.",
            rich_help_panel=_OUTPUT,
        ),
    ] = False
    max_rows: Annotated[
        int | None,
        typer.Option("--max-rows", metavar="N", min=0, help="Show at most N rows.", rich_help_panel=_OUTPUT),
    ] = None


@dataclass(eq=False, repr=False)
class LimitOptions:
    """How long and how much memory a query may take."""

    timeout: Annotated[
        str | None,
        typer.Option(
            "--timeout", metavar="SPAN", help="Stop a statement after that.", rich_help_panel=_LIMITS
        ),
    ] = None
    memory_limit: Annotated[
        str | None,
        typer.Option("--memory-limit", metavar="SIZE", help="For example 4GiB.", rich_help_panel=_LIMITS),
    ] = None


@dataclass(eq=False, repr=False)
class NarrationOptions:
    """How much is said on stderr."""

    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Only errors on stderr.", rich_help_panel=_TALK)
    ] = False
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Every notice on stderr.", rich_help_panel=_TALK)
    ] = False
    log: Annotated[
        str, typer.Option("--log", metavar="text|json", help="How stderr is written.", rich_help_panel=_TALK)
    ] = "text"


def query_options(
    window: WindowOptions, scope: ScopeOptions, limits: LimitOptions, max_rows: int | None
) -> QueryOptions:
    """What a query is to see and to use. Raises UsageError for options that make no sense."""
    given = {**asdict(window), **asdict(scope), **asdict(limits)}
    return QueryOptions.parse(**given, max_rows=max_rows)
