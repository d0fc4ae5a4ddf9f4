"""Changes a store in a process of its own, which can be made to die, to stop, or to run out of disk.

    load_process.py STORE OPTIONS SOURCE...

OPTIONS is JSON: `action` is load (the default), compact, forget (the sources), sweep (a compaction without a grace
period) or all (load, forget the first source, compact); `due_records` between commits, `file_limit` in bytes for every file written, `die_at` the number
of an event at which the process kills itself, `die_before` [event, text, count] the same for the count-th event
of that kind whose arguments have the text, `stop_before` and `interrupt_before` likewise for SIGSTOP and SIGINT,
`wait_s` for the queue of writers, `interrupt_at_records` the number of records at which it presses Ctrl-C.
Events are Python's own audit events about files of the store.
Prints "loading", then a line of JSON: what the load reported, and how many events there were.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flowsql.errors import FlowsqlError
from flowsql.loading import epoch
from flowsql.loading.report import Progress
from flowsql.workspace import Workspace

_CHANGES = {"open", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "shutil.copyfile", "shutil.rmtree"}

_SIGNALS = {"die_before": signal.SIGKILL, "stop_before": signal.SIGSTOP, "interrupt_before": signal.SIGINT}


class DeathWatch:
    """An audit hook that counts what is done to the store, and sends the process a signal at the chosen moment."""

    def __init__(self, store: str, options: dict[str, Any]) -> None:
        self.events = 0
        self._store, self._die_at = store, options.get("die_at", 0)
        self._signal, moment = next(
            ((number, options[name]) for name, number in _SIGNALS.items() if name in options),
            (0, ("", "", 0)),
        )
        self._kind, self._text, self._left = moment

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if event not in _CHANGES:
            return
        text = " ".join(str(argument) for argument in arguments if isinstance(argument, (str, os.PathLike)))
        if self._store not in text:
            return
        self.events += 1
        if event == self._kind and self._text in text:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), self._signal)
        if self.events == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)


def presses_ctrl_c(options: dict[str, int]) -> Callable[[Progress], None]:
    pending = ["interrupt_at_records"] if "interrupt_at_records" in options else []

    def press(progress: Progress) -> None:
        if pending and progress.records >= options[pending[0]]:
            pending.clear()
            os.kill(os.getpid(), signal.SIGINT)

    return press


def main(store: str, options_text: str, *sources: str) -> None:
    options = json.loads(options_text)
    if "due_records" in options:
        # One commit after the other, whatever the time they take.
        epoch._DUE_RECORDS, epoch._PATIENCE = options["due_records"], 1  # type: ignore[attr-defined]
    watch = DeathWatch(store, options)
    sys.addaudithook(watch)
    if "file_limit" in options:
        resource.setrlimit(resource.RLIMIT_FSIZE, (options["file_limit"], options["file_limit"]))
    print("loading", flush=True)
    error: FlowsqlError | None = None
    told: dict[str, int] = {}
    records = 0
    workspace = Workspace(Path(store), wait_s=options.get("wait_s", 30))
    try:
        action = options.get("action", "load")
        if action in ("load", "all"):
            report = workspace.load(sources, on_progress=presses_ctrl_c(options))
            told = {str(outcome.name): count for outcome, count in report.objects.items() if count}
            error, records = report.stopped_by, report.records
        if action in ("forget", "all"):
            workspace.forget(sources[:1] if action == "all" else sources)
        if action in ("compact", "sweep", "all"):
            workspace.compact(grace_s=0 if action == "sweep" else 3600)
    except FlowsqlError as raised:
        error = raised
    reported = {
        "error": type(error).__name__ if error else None,
        "message": str(error or ""),
        "objects": told,
        "records": records,
        "events": watch.events,
    }
    print(json.dumps(reported), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
