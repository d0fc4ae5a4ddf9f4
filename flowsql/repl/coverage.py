"""How complete the records of window and scope are, found out beside the typing."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from flowsql.errors import FlowsqlError

if TYPE_CHECKING:
    from flowsql.engines.duckdb_engine import Session
    from flowsql.query_options import QueryOptions
    from flowsql.repl.shell import Shell
    from flowsql.trust import Trust

# An answer of the shell counts the same below it, however long that takes; before the first one has to be
# asked for, not everything is worth it.
_PATIENCE_S = 20


class Coverage:
    """Counts for a shell, in a session of its own, what the line at the bottom says of the records."""

    def __init__(self, shell: Shell) -> None:
        # Called from the thread when there is something new to be seen.
        self.on_read: Callable[[], None] = lambda: None
        self._shell = shell
        self._looked: QueryOptions | None = None
        self._thread: threading.Thread | None = None
        self._session: Session | None = None

    def catch_up(self) -> None:
        """Begins to count, unless it was done for this window, scope and moment; returns at once."""
        options = self._shell.options
        if options is self._looked:
            return
        self._looked = options
        self.stop()
        self._thread = threading.Thread(target=self._look, args=(options,), name="coverage", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Gives up the counting that has begun, and waits until it has left nothing behind."""
        while self._thread and self._thread.is_alive():
            session = self._session
            if session:
                session.interrupt()
            self._thread.join(0.05)

    def wait(self, timeout_s: float) -> None:
        """Returns when the counting that has begun is done."""
        if self._thread:
            self._thread.join(timeout_s)

    def _look(self, options: QueryOptions) -> None:
        # A store that is missing or damaged is told about when it is asked.
        with (
            contextlib.suppress(FlowsqlError),
            self._shell.workspace.session(replace(options, timeout_s=_PATIENCE_S)) as session,
        ):
            self._session = session
            try:
                counted = session.trust()
            finally:
                self._session = None
            if self._shell.options is options and not self._shell.is_stale:
                self._shell.session.counted = counted
                self.on_read()


def coverage_text(counted: Trust | None) -> str:
    """What share of the capture slots is known to be logged; '' where nobody has looked."""
    slots = counted.slots if counted else None
    if slots is None or not slots.total:
        return ""
    logged = slots.covered + slots.idle
    if logged == slots.total:
        return "all covered"
    percent = 100 * logged // slots.total
    return f"{percent or 'under 1'} % covered"
