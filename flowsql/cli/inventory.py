"""`flowsql inventory`: what AWS has configured, from files or from AWS itself."""

from pathlib import Path
from typing import Annotated

import typer

from flowsql.cli.figures import counted
from flowsql.cli.narrator import Narrator
from flowsql.cli.option_groups import takes
from flowsql.cli.options import AwsOptions, NarrationOptions, StoreOptions

app = typer.Typer(help="What AWS has configured: flow logs.", no_args_is_help=True)


@app.callback()
def root() -> None:
    """What AWS has configured: flow logs."""


@takes(store=StoreOptions, narration=NarrationOptions)
def load(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="What `aws ec2 describe-flow-logs` printed.")
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


app.command("load")(load)
app.command("fetch")(fetch)
