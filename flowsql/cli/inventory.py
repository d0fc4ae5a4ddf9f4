"""`flowsql inventory`: what AWS has configured, from files or from AWS itself."""

from pathlib import Path
from typing import Annotated

import typer

from flowsql.cli.figures import counted, utc_time
from flowsql.cli.list_by_default import ListByDefault
from flowsql.cli.narrator import Narrator
from flowsql.cli.option_groups import takes
from flowsql.cli.options import AwsOptions, NarrationOptions, OutputOptions, StoreOptions

app = typer.Typer(help="What AWS has configured; without a command, what is known of it.", cls=ListByDefault)


@app.callback()
def root() -> None:
    """What AWS has configured; without a command, what is known of it."""


@takes(store=StoreOptions, output=OutputOptions, narration=NarrationOptions)
def list_(*, store: StoreOptions, output: OutputOptions, narration: NarrationOptions) -> int:
    """List what is known: kinds of things, how many, and when the store was told of them."""
    from flowsql.cli.result_table import show_rows

    narrator = Narrator(quiet=narration.quiet, verbose=narration.verbose, log=narration.log)
    with store.workspace() as workspace:
        told = [flow_log.registered_at or 0 for flow_log in workspace.flow_logs()]
    rows = [("flow logs", str(len(told)), utc_time(min(told)), utc_time(max(told)))] if told else []
    show_rows(("kind", "number", "oldest_told", "newest_told"), rows, output, narrator)
    return 0


@takes(store=StoreOptions, narration=NarrationOptions)
def load(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="What `aws ec2 describe-flow-logs` printed; - for stdin."),
    ],
    *,
    store: StoreOptions,
    narration: NarrationOptions,
) -> int:
    """Register the flow logs that describe-flow-logs JSON tells of, all of the files or none."""
    with store.workspace() as workspace:
        _tell(*workspace.load_inventory(files), narration)
    return 0


@takes(store=StoreOptions, aws=AwsOptions, narration=NarrationOptions)
def fetch(*, store: StoreOptions, aws: AwsOptions, narration: NarrationOptions) -> int:
    """Ask AWS for the flow logs of this account and region (ec2:DescribeFlowLogs), and register them."""
    with store.workspace() as workspace:
        _tell(*workspace.fetch_flow_logs(aws.access()), narration)
    return 0


def _tell(number: int, new: int, narration: NarrationOptions) -> None:
    narrator = Narrator(quiet=narration.quiet, verbose=narration.verbose, log=narration.log)
    narrator.figures(
        "inventory",
        f"registered {counted(number, 'flow log')}, {new:,} of them new",
        flow_logs=number,
        new=new,
    )


app.command("list")(list_)
app.command("load")(load)
app.command("fetch")(fetch)
