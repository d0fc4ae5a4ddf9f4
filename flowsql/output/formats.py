"""The output formats: their names, suffixes and renderers."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from flowsql.errors import UsageError, did_you_mean
from flowsql.output.options import Options
from flowsql.result import Result

Render = Callable[[Result, BinaryIO, Options], int]


class Format(NamedTuple):
    """One way to write a result; `binary` ones do not belong on a terminal."""

    name: str
    suffixes: tuple[str, ...]
    module: str
    function: str = "render"
    binary: bool = False

    def render(self, result: Result, sink: BinaryIO, options: Options) -> int:
        """Write `result` to `sink`; the number of rows written.

        Raises OutputError for a result that the format cannot hold, OSError when the sink refuses.
        """
        # Imported here: `--help` lists the formats without loading pyarrow.
        module = importlib.import_module(f"flowsql.output.{self.module}")
        return cast(Render, getattr(module, self.function))(result, sink, options)


FORMATS: dict[str, Format] = {
    f.name: f
    for f in (
        Format("table", (".txt",), "text_table"),
        Format("expanded", (), "expanded"),
        Format("csv", (".csv",), "delimited", "render_csv"),
        Format("tsv", (".tsv", ".tab"), "delimited", "render_tsv"),
        Format("json", (".json",), "json_lines", "render_json"),
        Format("ndjson", (".ndjson", ".jsonl"), "json_lines", "render_ndjson"),
        Format("markdown", (".md", ".markdown"), "markdown"),
        Format("parquet", (".parquet",), "parquet", binary=True),
    )
}
_BY_SUFFIX: dict[str, Format] = {suffix: f for f in FORMATS.values() for suffix in f.suffixes}


def format_named(name: str) -> Format:
    """The format of that name. Raises UsageError, naming the known ones, if there is none."""
    found = FORMATS.get(name.lower())
    if found is None:
        known = ", ".join(FORMATS)
        raise UsageError(
            f"unknown output format {name!r}",
            remedy=did_you_mean(name.lower(), FORMATS) or f"the formats are {known}",
        )
    return found


def format_for(path: Path) -> Format:
    """The format that the suffix of `path` stands for.

    Raises UsageError, naming the known suffixes, if it stands for none.
    """
    suffix = path.suffix.lower()
    found = _BY_SUFFIX.get(suffix)
    if found is None:
        known = ", ".join(_BY_SUFFIX)
        nearest = did_you_mean(suffix, _BY_SUFFIX) if suffix else ""
        raise UsageError(
            f"the suffix {suffix!r} stands for no output format" if suffix else "it has no suffix",
            where=str(path),
            remedy=nearest or f"end the name in {known}, or say --format NAME",
        )
    return found
