"""Dot-commands about what answers see: window, scope, store, relations, fields."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING

from flowsql.errors import UsageError, did_you_mean
from flowsql.repl.arguments import parse_options, split_words
from flowsql.repl.vocabulary import read_relations
from flowsql.result import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowsql.repl.shell import Shell

SCOPE_NAMES = ("account", "region", "vpc", "subnet", "interface", "ip", "cidr", "port")
WINDOW_NAMES = ("since", "until", "around")
EVERYTHING = ("all", "none", "off")


def window(shell: Shell, text: str) -> None:
    """Shows the window, or sets it as typed."""
    words = split_words(text)
    if words:
        shell.look(_window_texts(words))
    shell.narration.notice(shell.options.window.describe(shell.options.tz))


def _window_texts(words: Sequence[str]) -> dict[str, str | None]:
    if list(words) in [[word] for word in EVERYTHING]:
        return dict.fromkeys(WINDOW_NAMES)
    if words[0].startswith("--") or "=" in words[0]:
        named = {name: values[-1] for name, values in parse_options(words, WINDOW_NAMES).items()}
        return {**dict.fromkeys(WINDOW_NAMES), **named}
    if words[0] == "around" and len(words) == 2:
        return {"since": None, "until": None, "around": words[1]}
    if len(words) > 2:
        raise UsageError(f"{' '.join(words)!r} is more than a start and an end")
    return {"around": None, "since": words[0], "until": words[1] if len(words) == 2 else None}


def scope(shell: Shell, text: str) -> None:
    """Shows the scope, or replaces it."""
    words = split_words(text)
    if words[:1] and words[0].removeprefix("--").startswith("where"):
        raise UsageError("where is not part of the shell's scope", remedy="write it into the statement")
    if words:
        given = {} if words[0] in EVERYTHING else parse_options(words, SCOPE_NAMES)
        shell.look({**dict.fromkeys(SCOPE_NAMES), **given})
    shell.narration.notice(shell.options.scope.describe() or "no scope: every record of the window")


def refresh(shell: Shell, text: str) -> None:
    """Looks at the store and the library anew."""
    shell.workspace.forget_library()
    shell.look()
    records = sum(segment.records for segment in shell.session.segments)
    shell.narration.notice(f"{records:,} records in the store")


def load(shell: Shell, text: str) -> int:
    """Loads log objects by the command line's own `load`; its exit code."""
    words = split_words(text)
    if not words:
        raise UsageError("load what?")
    code = shell.command_line(["load", *words, "--store", str(shell.workspace.store.folder)])
    if shell.workspace.store.exists:
        shell.look()
    return code


def fields(shell: Shell, text: str) -> int:
    """The field glossary of the command line, paged."""
    return paged_command(shell, ["fields", *split_words(text)])


def paged_command(shell: Shell, words: Sequence[str]) -> int:
    """Runs a command that only prints text, into the pager; its exit code."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = shell.command_line(words)
    if text := printed.getvalue().rstrip("\n"):
        shell.display.text(text)
    return code


def tables(shell: Shell, text: str) -> None:
    """Lists the relations."""
    from flowsql.views.views import VIEWS

    about = {view.name: view.about.partition(": ")[0].rstrip(".") for view in VIEWS} | _ABOUT
    found = read_relations(shell.session)
    rows = [
        {"name": name, "kind": kind, "columns": len(columns), "about": about.get(name, "")}
        for name, (kind, columns) in sorted(found.items())
    ]
    _show(shell, rows, ["name", "kind", "columns", "about"])


_ABOUT = {
    "records": "One row is a record as AWS wrote it, in the window and scope",
    "loads": "One row is a log object that was read",
    "objects": "One row is a name under which an object was seen",
    "segments": "One row is a Parquet file of the store",
    "rejects": "One row is a line that is no record",
}


def schema(shell: Shell, text: str) -> None:
    """Lists the columns of a relation, or of all."""
    from flowsql.logformat.fields import find

    relations = read_relations(shell.session)
    wanted = split_words(text.rstrip(";"))
    for name in wanted:
        if name not in relations:
            hint = did_you_mean(name, relations)
            raise UsageError(f"there is no table or view {name!r}", remedy=hint or ".tables lists them")
    rows: list[dict[str, object]] = []
    for name in wanted or sorted(relations):
        for column, kind in relations[name][1]:
            meaning = find(column)
            rows.append(
                {"table": name, "column": column, "type": kind, "about": meaning[0].about if meaning else ""}
            )
    _show(
        shell, rows, ["column", "type", "about"] if len(wanted) == 1 else ["table", "column", "type", "about"]
    )


def _show(shell: Shell, rows: list[dict[str, object]], columns: Sequence[str]) -> None:
    import pyarrow as pa

    table = pa.table({column: [row[column] for row in rows] for column in columns})
    shell.display.show(Result(table.schema, table.to_batches()), shell.options)
