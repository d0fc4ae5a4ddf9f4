"""`flowsql queries`: the library of saved queries, and their own cases."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flowsql import exit_codes
from flowsql.cli.narrator import Narrator
from flowsql.cli.page import show
from flowsql.errors import LibraryError, UsageError
from flowsql.library.saved_query import SavedQuery
from flowsql.library.search_path import FOLDER, Library, find_library, user_folder

if TYPE_CHECKING:
    from flowsql.query_cases import Bench

TEST = "test"


def queries(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME | test [NAME]]",
            help="A query or alias to explain; `test` runs the cases beside all queries, or beside one.",
            show_default=False,
        ),
    ] = None,
    tested: Annotated[str | None, typer.Argument(hidden=True)] = None,
) -> int:
    """List the saved queries, explain one, or run their own cases."""
    library = find_library(Path.cwd() / FOLDER, user_folder())
    if name == TEST:
        return _test(library, tested)
    if tested is not None:
        raise UsageError(f"unexpected argument {tested!r}", remedy="`flowsql queries --help`")
    if name is None:
        show(_listing(library))
        for problem in library.problems():
            Narrator().error(problem)
    else:
        query, preset = library.get(name)
        show(explained(query))
        if preset:
            set_by = " ".join(f"{key}={value}" for key, value in preset.items())
            show(f"\n{name} is an alias of {query.name} {set_by}")
    return 0


def _test(library: Library, name: str | None) -> int:
    """Runs the cases of one query, or of all that have some; exit code 1 if one fails."""
    from flowsql.query_cases import Bench

    with Bench() as bench:
        if name:
            passed, failed = _run_cases(bench, library.get(name)[0])
        else:
            passed, failed = _run_all_cases(bench, library)
    print(
        f"{passed + failed:,} case{'' if passed + failed == 1 else 's'}: {passed:,} passed, {failed:,} failed"
    )
    return exit_codes.QUERY_FAILED if failed else exit_codes.DONE


def _run_all_cases(bench: Bench, library: Library) -> tuple[int, int]:
    """How many passed and failed. A query or case file that is wrong is named, and counts as failed."""
    from flowsql.library.cases import cases_path

    narrator = Narrator()
    passed = failed = 0
    problems = library.problems()
    for query in library.all():
        if not cases_path(query).exists():
            narrator.notice(f"{query.name} has no cases; they would be in {cases_path(query)}")
            continue
        try:
            of_query = _run_cases(bench, query)
        except LibraryError as error:
            problems.append(error)
            continue
        passed, failed = passed + of_query[0], failed + of_query[1]
    for problem in problems:
        narrator.error(problem)
    return passed, failed + len(problems)


def _run_cases(bench: Bench, query: SavedQuery) -> tuple[int, int]:
    passed = failed = 0
    for outcome in bench.run(query):
        if outcome.failure:
            failed += 1
            print(f"FAILED  {query.name}: {outcome.case.about}\n  {outcome.case.where}")
            print(textwrap.indent(outcome.failure, "    "), flush=True)
        else:
            passed += 1
            print(f"passed  {query.name}: {outcome.case.about}", flush=True)
    return passed, failed


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
