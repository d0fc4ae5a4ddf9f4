"""A Result to where the user wants it: stdout or a file, then the trust line on stderr."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from flowsql.cli.narrator import Narrator
from flowsql.cli.options import OutputOptions
from flowsql.errors import OutputError

if TYPE_CHECKING:
    from flowsql.output.formats import Format
    from flowsql.output.options import Options
    from flowsql.query_options import QueryOptions
    from flowsql.result import Result


def answer(results: Iterable[Result], output: OutputOptions, query: QueryOptions, narrator: Narrator) -> None:
    """Renders each result as it comes. Raises OutputError when the file cannot be written."""
    is_terminal = output.output is None and sys.stdout.isatty()
    chosen = format_of(output)
    for number, result in enumerate(results):
        if number and not output.output and chosen.name == "table":
            sys.stdout.write("\n")
        options = _options(output, query, is_terminal=is_terminal)
        _write(result, chosen, options, output, query)
        if result.truncated:
            narrator.notice(f"only the first {output.max_rows:,} rows are shown (--max-rows)")
        if not narrator.is_quiet and result.trust:
            narrator.figures("trust", result.trust.line(), **_as_figures(result))


def format_of(output: OutputOptions) -> Format:
    """The format asked for, else the file's, else a table for a terminal and csv for a pipe."""
    from flowsql.output.formats import format_for, format_named

    if output.format:
        return format_named(output.format)
    if output.output:
        return format_for(Path(output.output))
    return format_named("table" if sys.stdout.isatty() else "csv")


def _options(output: OutputOptions, query: QueryOptions, *, is_terminal: bool) -> Options:
    from flowsql.output.options import Options

    width = shutil.get_terminal_size().columns if is_terminal else None
    return Options(width=width, csv_safe=output.csv_safe, timezone=query.tz.key, terminal=is_terminal)


def _write(
    result: Result, chosen: Format, options: Options, output: OutputOptions, query: QueryOptions
) -> None:
    from flowsql.output.file import expand_name, write_file

    if output.output is None:
        if chosen.binary and sys.stdout.isatty():
            raise OutputError(
                f"{chosen.name} is not for a terminal", remedy="write it to a file with -o FILE"
            )
        sys.stdout.flush()
        chosen.render(result, sys.stdout.buffer, options)
        sys.stdout.buffer.flush()
        return

    def render(sink: BinaryIO) -> int:
        return chosen.render(result, sink, options)

    name = expand_name(output.output, now=query.now, since=query.window.since, until=query.window.until)
    write_file(Path(name), render, overwrite=output.overwrite)


def _as_figures(result: Result) -> dict[str, object]:
    import dataclasses

    return dataclasses.asdict(result.trust) if result.trust else {}
