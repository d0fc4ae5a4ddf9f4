"""The progress bar of a load, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flowsql.cli.narrator import Narrator

if TYPE_CHECKING:
    from flowsql.loading.report import Progress


@contextmanager
def progress_bar(narrator: Narrator) -> Iterator[Callable[[Progress], None]]:
    """A function that shows how far a load is: objects, bytes, records/s, time left."""
    if narrator.is_quiet or not sys.stderr.isatty():
        yield lambda progress: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import (
        Progress as Bar,
    )

    columns = (
        TextColumn("{task.fields[objects]}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("load", total=None, objects="", speed="")

        def show(progress: Progress) -> None:
            elapsed_s = bar.tasks[0].elapsed or 0
            speed = f"{progress.records / elapsed_s:,.0f} records/s" if elapsed_s else ""
            bar.update(
                task,
                total=progress.bytes_total,
                completed=progress.bytes_done,
                objects=f"{progress.objects_done:,} of {progress.objects_total:,} objects",
                speed=speed,
            )

        yield show
