"""The workspace a query runs on: the store, or --logs in a temporary one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flowsql import exit_codes
from flowsql.cli.load_report import tell_report
from flowsql.cli.narrator import Narrator
from flowsql.cli.options import LogsOptions, StoreOptions
from flowsql.errors import UsageError
from flowsql.window import parse_span

if TYPE_CHECKING:
    from flowsql.workspace import Workspace


@contextmanager
def workspace_for(
    store: StoreOptions, logs: LogsOptions, narrator: Narrator
) -> Iterator[tuple[Workspace, int]]:
    """(workspace, exit code so far). With --logs these are loaded first, for this command only."""
    if not logs.logs:
        if logs.log_format:
            raise UsageError("has a meaning only beside --logs here", where="--log-format")
        with store.workspace() as workspace:
            yield workspace, exit_codes.DONE
        return
    if store.store:
        raise UsageError("--store and --logs exclude each other", remedy="--logs keeps nothing; `load` does")
    from flowsql.workspace import Workspace

    with Workspace.temporary(wait_s=parse_span(store.wait)) as workspace:
        report = workspace.load(logs.logs, log_format=logs.log_format)
        code = tell_report(report, narrator, brief=True)
        if report.stopped_by:
            raise report.stopped_by
        yield workspace, code
