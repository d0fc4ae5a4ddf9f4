"""`flowsql flow-logs`: the registered flow logs, and the AWS command that makes one."""

from typing import TYPE_CHECKING, Annotated

import typer

from flowsql.cli.figures import utc_time
from flowsql.cli.list_by_default import ListByDefault
from flowsql.cli.narrator import Narrator
from flowsql.cli.option_groups import takes
from flowsql.cli.options import NarrationOptions, OutputOptions, StoreOptions

if TYPE_CHECKING:
    from flowsql.store.flow_logs import FlowLog


app = typer.Typer(help="The registered flow logs; without a command, a list of them.", cls=ListByDefault)
_COLUMNS = ("flow_log_id", "name", "log_resource_id", "traffic_type", "interval_s", "fields", "delivers_to")


@app.callback()
def root() -> None:
    """The registered flow logs; without a command, a list of them."""


@takes(store=StoreOptions, output=OutputOptions, narration=NarrationOptions)
def list_(*, store: StoreOptions, output: OutputOptions, narration: NarrationOptions) -> int:
    """List them."""
    from flowsql.cli.result_table import show_rows

    narrator = Narrator(quiet=narration.quiet, verbose=narration.verbose, log=narration.log)
    with store.workspace() as workspace:
        rows = [_row(flow_log) for flow_log in workspace.flow_logs()]
    show_rows(_COLUMNS, rows, output, narrator)
    return 0


@takes(store=StoreOptions)
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its Name tag or id.")],
    *,
    store: StoreOptions,
) -> int:
    """All that is known of one."""
    from flowsql.store.flow_logs import find

    with store.workspace() as workspace:
        print(described(find(workspace.flow_logs(), name)))
    return 0


@takes(store=StoreOptions, narration=NarrationOptions)
def forget(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its Name tag or id.")],
    *,
    store: StoreOptions,
    narration: NarrationOptions,
) -> int:
    """Take one out of the registry; its records stay."""
    narrator = Narrator(quiet=narration.quiet, verbose=narration.verbose, log=narration.log)
    with store.workspace() as workspace:
        label = workspace.forget_flow_log(name).label
    narrator.figures("flow-logs", f"forgot {label}; its records stay", forgot=label)
    return 0


@takes(store=StoreOptions)
def create_command(
    queries: Annotated[list[str], typer.Argument(metavar="QUERY...", help="Saved queries.")],
    *,
    store: StoreOptions,
) -> int:
    """Print the AWS command that makes a flow log with the fields that these queries need and use."""
    from flowsql.library.create_command import create_flow_logs_command

    with store.workspace() as workspace:
        print(create_flow_logs_command([workspace.library.get(name)[0] for name in queries]))
    return 0


app.command("list")(list_)
app.command("show")(show)
app.command("forget")(forget)
app.command("create-command")(create_command)


def _row(flow_log: "FlowLog") -> tuple[str, ...]:
    delivers_to = flow_log.log_group or flow_log.destination or flow_log.destination_type
    interval = "" if flow_log.interval_s is None else str(flow_log.interval_s)
    return (
        flow_log.flow_log_id,
        flow_log.name or "",
        flow_log.log_resource_id or "",
        flow_log.traffic_type or "",
        interval,
        str(flow_log.log_format.count("${")),
        delivers_to,
    )


def described(flow_log: "FlowLog") -> str:
    """The facts of a flow log, one a line."""
    facts = {
        "flow log": flow_log.flow_log_id,
        "name": flow_log.name,
        "resource": flow_log.log_resource_id,
        "traffic": flow_log.traffic_type,
        "status": flow_log.status,
        "problem": flow_log.delivery_problem,
        "created": utc_time(flow_log.created_at) if flow_log.created_at else None,
        "told of": utc_time(flow_log.registered_at) if flow_log.registered_at else None,
        "interval": f"{flow_log.interval_s} s" if flow_log.interval_s else None,
        "delivers to": flow_log.log_group or flow_log.destination or flow_log.destination_type,
        "files": flow_log.file_format,
        "log format": flow_log.log_format,
        "tags": ", ".join(f"{key}={value}" for key, value in sorted(flow_log.tags.items())),
        "tag fields": ", ".join(f"{column}: {key}" for column, key in sorted(flow_log.tag_keys.items())),
    }
    return "\n".join(f"{label:<12}{text}" for label, text in facts.items() if text)
