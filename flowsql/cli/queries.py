"""`flowsql queries`: the library of saved queries."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flowsql.cli.narrator import Narrator
from flowsql.library.saved_query import SavedQuery
from flowsql.library.search_path import FOLDER, Library, find_library, user_folder


def queries(
    name: Annotated[
        str | None, typer.Argument(help="A saved query or alias to explain.", show_default=False)
    ] = None,
) -> int:
    """List the saved queries, or explain one."""
    library = find_library(Path.cwd() / FOLDER, user_folder())
    if name is None:
        print(_listing(library))
        for problem in library.problems():
            Narrator().error(problem)
    else:
        query, preset = library.get(name)
        print(explained(query))
        if preset:
            set_by = " ".join(f"{key}={value}" for key, value in preset.items())
            print(f"\n{name} is an alias of {query.name} {set_by}")
    return 0


def _listing(library: Library) -> str:
    found = library.all()
    width = max((len(query.name) for query in found), default=0)
    lines = []
    topic = None
    for query in found:
        if query.topic != topic:
            topic = query.topic
            lines += ["", topic or "queries"]
        lines.append(f"  {query.name:<{width}}  {query.question}")
    return "\n".join([*lines[1:], "", "`flowsql queries NAME` explains one, `flowsql run NAME` runs it."])


def explained(query: SavedQuery) -> str:
    """What a query answers, what it takes and needs, and how to run it."""
    parts = [query.question, ""]
    facts = {
        "counts": query.counts,
        "read": query.read,
        "needs": ", ".join(sorted(query.needs)),
        "uses": ", ".join(sorted(query.uses)),
        "tags": ", ".join(query.tags),
        "aliases": ", ".join(sorted(query.aliases)),
        "file": str(query.path),
    }
    for (parameter, value), columns in query.conditional_needs.items():
        facts[f"needs if {parameter}={value}"] = ", ".join(sorted(columns))
    parts += [f"{label + ':':<9} {text}" for label, text in facts.items() if text]
    if query.parameters:
        parts += ["", "parameters"]
        parts += [f"  {p.declaration()}" + (f"  : {p.about}" if p.about else "") for p in query.parameters]
    required = " ".join(f"{p.name}=..." for p in query.parameters if p.is_required)
    return "\n".join([*parts, "", f"flowsql run {query.name} {required}".rstrip()])
