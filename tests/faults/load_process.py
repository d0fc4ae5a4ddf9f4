"""Loads log objects in a process of its own, which can be made to die or run out of disk.

    load_process.py STORE OPTIONS SOURCE...

OPTIONS is JSON: `due_records` between commits, `file_limit` in bytes for every file written, `die_at` the number
of an event at which the process kills itself, `die_before` [event, text, count] the same for the count-th event
of that kind whose arguments have the text, `interrupt_at_records` the number of records at which it presses Ctrl-C.
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

from flowsql.errors import FlowsqlError
from flowsql.loading import epoch
from flowsql.loading.report import Progress
from flowsql.workspace import Workspace

_CHANGES = {"open", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "shutil.copyfile", "shutil.rmtree"}


class DeathWatch:
    """An audit hook that counts what is done to the store, and kills the process at the chosen moment."""

    def __init__(self, store: str, die_at: int, die_before: tuple[str, str, int] | None) -> None:
        self.events = 0
        self._store, self._die_at = store, die_at
        self._kind, self._text, self._left = die_before or ("", "", 0)

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
                os.kill(os.getpid(), signal.SIGKILL)
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
    epoch._DUE_RECORDS = options.get("due_records", epoch._DUE_RECORDS)  # type: ignore[attr-defined]
    watch = DeathWatch(store, options.get("die_at", 0), options.get("die_before"))
    sys.addaudithook(watch)
    if "file_limit" in options:
        resource.setrlimit(resource.RLIMIT_FSIZE, (options["file_limit"], options["file_limit"]))
    print("loading", flush=True)
    try:
        report = Workspace(Path(store)).load(sources, on_progress=presses_ctrl_c(options))
        told = {str(outcome.name): count for outcome, count in report.objects.items() if count}
        error, records = report.stopped_by, report.records
    except FlowsqlError as raised:
        told, error, records = {}, raised, 0
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
