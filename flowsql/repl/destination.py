"""Where answers go besides the screen: a file, or a shell command that reads them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from flowsql.errors import OutputError, UsageError
from flowsql.output.file import expand_name, write_file
from flowsql.output.formats import Format, format_for, format_named
from flowsql.output.options import Options
from flowsql.query_options import QueryOptions
from flowsql.result import Result


@dataclass(slots=True)
class Destination:
    """A file that takes one answer (`once`) or all that follow, or `| command`, run for each answer.

    A file of one answer appears whole or not at all; one that takes several grows with each.
    """

    target: str
    once: bool
    overwrite: bool = False
    format: Format | None = None
    _sink: BinaryIO | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str, *, once: bool, overwrite: bool, default: str | None) -> Destination:
        """The destination of `FILE` or `| COMMAND`.

        A file's suffix says its format, else `default` does. Raises UsageError for one that it cannot have.
        """
        if text.startswith("|"):
            return cls(text, once, format=format_named(default or "csv"))
        try:
            chosen = format_for(Path(text))
        except UsageError:
            if default is None:
                raise
            chosen = format_named(default)
        if chosen.binary and not once:
            raise UsageError(f"a {chosen.name} file holds one answer", where=text, remedy="use .once FILE")
        return cls(text, once, overwrite, chosen)

    def write(self, result: Result, options: QueryOptions) -> int:
        """Writes one answer; the number of its rows. Raises OutputError."""
        chosen = self.format or format_named("csv")
        look = Options(timezone=options.tz.key)
        if self.target.startswith("|"):
            return _piped(self.target[1:], lambda sink: chosen.render(result, sink, look))
        window = options.window
        name = expand_name(self.target, now=options.now, since=window.since, until=window.until)
        if self.once:
            return write_file(
                Path(name), lambda sink: chosen.render(result, sink, look), overwrite=self.overwrite
            )
        try:
            rows = chosen.render(result, self._open(name), look)
            self._open(name).flush()
        except OSError as error:
            raise OutputError(f"cannot write it: {error.strerror or error}", where=name) from error
        return rows

    def _open(self, name: str) -> BinaryIO:
        if self._sink is None:
            try:
                self._sink = Path(name).open("wb" if self.overwrite else "xb")  # noqa: SIM115 - stays open
            except FileExistsError as error:
                raise OutputError(
                    "the file exists", where=name, remedy=".output --overwrite FILE replaces it"
                ) from error
        return self._sink

    def close(self) -> None:
        """Nothing more comes."""
        if self._sink is not None:
            self._sink.close()


def _piped(command: str, write: Callable[[BinaryIO], int]) -> int:
    """Lets `write` fill the input of a shell command; what it returns, 0 if the command had seen enough."""
    sys.stdout.flush()
    process = subprocess.Popen(command, shell=True, stdin=subprocess.PIPE)
    rows = 0
    try:
        with contextlib.suppress(BrokenPipeError):  # `| head`
            rows = write(cast(BinaryIO, process.stdin))
    finally:
        with contextlib.suppress(BrokenPipeError):
            process.communicate()
    if process.returncode:
        raise OutputError(f"ended with code {process.returncode}", where=f"| {command.strip()}")
    return rows
