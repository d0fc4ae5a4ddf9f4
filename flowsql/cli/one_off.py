"""The workspace a query runs on: the store, or --logs in a temporary one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flowsql import exit_codes
from flowsql.cli.load_report import tell_report
from flowsql.cli.narrator import Narrator
from flowsql.cli.options import LogsOptions, RemoteOptions, StoreOptions
from flowsql.errors import StoreError, UsageError
from flowsql.query_options import QueryOptions
from flowsql.window import Window, parse_span

if TYPE_CHECKING:
    from flowsql.workspace import Workspace


@contextmanager
def workspace_for(
    store: StoreOptions,
    logs: LogsOptions,
    remote: RemoteOptions,
    options: QueryOptions,
    narrator: Narrator,
    history_s: int = 0,
) -> Iterator[tuple[Workspace, int]]:
    """(workspace, exit code so far). With --logs these are loaded first, for this command only; what is
    registered in the store tells their log formats, and where flow logs deliver.

    Of those in AWS only what may lie in the window of `options`, the context around it or the `history_s`
    seconds before it is read.
    """
    if not logs.logs:
        if logs.log_format:
            raise UsageError("has a meaning only beside --logs here", where="--log-format")
        with store.workspace() as workspace:
            yield workspace, exit_codes.DONE
        return
    from flowsql.sources.named import is_remote
    from flowsql.sources.source import Wanted
    from flowsql.workspace import Workspace

    with Workspace.temporary(wait_s=parse_span(store.wait)) as workspace:
        _take_over_registry(store, workspace, logs.logs, narrator)
        # Of logs at hand everything is read: what lies beyond the window also tells servers from clients.
        reach = Window()
        if any(map(is_remote, logs.logs)):
            reach = options.window.widened(options.context_s)
            if reach.since is not None:
                reach = Window(max(reach.since - history_s, 0), reach.until)
        wanted = Wanted(reach, remote.full, now=options.now)
        report = workspace.load(logs.logs, log_format=logs.log_format, wanted=wanted, access=remote.access())
        code = tell_report(report, narrator, brief=True)
        if report.stopped_by:
            raise report.stopped_by
        yield workspace, code


def _take_over_registry(
    store: StoreOptions, workspace: Workspace, logs: list[str], narrator: Narrator
) -> None:
    """Registers what the user's store has registered, if there is one. Raises StoreError, UsageError."""
    kept = store.workspace()
    named = [source for source in logs if source.startswith("@")]
    try:
        flow_logs = kept.flow_logs() if store.store or kept.store.exists else []
    except StoreError as error:
        if store.store or named:
            raise
        narrator.notice(f"no registered flow logs are known: {error}")
        return
    if flow_logs:
        workspace.register(flow_logs)
    elif named:
        raise UsageError(
            "no flow log is registered in the store",
            where=named[0],
            remedy="`flowsql inventory fetch` asks AWS for those that there are",
        )
