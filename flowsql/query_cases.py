"""Saved queries against their own cases: each in a store of its own, the way `flowsql run` runs them."""

from __future__ import annotations

import difflib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from flowsql.errors import FlowsqlError, did_you_mean
from flowsql.library.cases import Case, parse_csv, read_cases
from flowsql.library.saved_query import FILE, SavedQuery
from flowsql.loading.report import LoadReport
from flowsql.output.formats import format_named
from flowsql.output.options import Options
from flowsql.query_options import QueryOptions
from flowsql.workspace import Workspace

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a case came out; `failure` is what was wrong, in lines, '' if nothing was."""

    case: Case
    failure: str = ""


class Bench:
    """Where cases are run, in folders that are gone afterwards. Use it as a context manager."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="flowsql-cases-")
        # The store of the last case: the next one often has the same records.
        self._case_folder = Path(self._folder.name) / "case"
        self._loaded: tuple[Mapping[str, str], str] | None = None
        self._report: LoadReport | None = None

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *exc: object) -> None:
        self._folder.cleanup()

    def run(self, query: SavedQuery) -> Iterator[Outcome]:
        """The outcome of each of its cases. Raises LibraryError if it has none, or its case file is wrong."""
        return (self.run_case(query, case) for case in read_cases(query))

    def run_case(self, query: SavedQuery, case: Case) -> Outcome:
        """The outcome of one case."""
        try:
            return Outcome(case, self._failure(query, case))
        except FlowsqlError as error:
            return Outcome(case, f"{error}\ntry: {error.remedy}" if error.remedy else str(error))

    def _failure(self, query: SavedQuery, case: Case) -> str:
        with Workspace(self._case_folder / "store") as workspace:
            report = self._load(workspace, case)
            if failure := _load_failure(report, case):
                return failure
            return _difference(*_answer(workspace, query, case, self._case_folder), case)

    def _load(self, workspace: Workspace, case: Case) -> LoadReport:
        if self._report is None or self._loaded != (case.records, case.log_format):
            self._report = None
            shutil.rmtree(self._case_folder, ignore_errors=True)
            self._report = _load(workspace, case, self._case_folder / "logs")
            self._loaded = case.records, case.log_format
        return self._report


def _load(workspace: Workspace, case: Case, logs: Path) -> LoadReport:
    for name, text in case.records.items():
        path = logs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip("\n"), encoding="utf-8")
    workspace.store.create()  # with its views, which takes time only once
    return workspace.load([logs], log_format=case.log_format)


def _load_failure(report: LoadReport, case: Case) -> str:
    for problem in [*([report.stopped_by] if report.stopped_by else []), *report.problems]:
        return f"its records cannot be loaded: {problem.cause}"
    if report.rejects != case.rejects:
        reasons = "".join(f"\n{place}: {reason}" for reason, (_, place) in report.reject_reasons.items())
        return f"{report.rejects} of its lines are no records, not {case.rejects} (rejects = ...){reasons}"
    return ""


def _answer(workspace: Workspace, query: SavedQuery, case: Case, folder: Path) -> tuple[list[Row], str]:
    """The rows, the names of the columns first, as the csv output has them; and the trust line."""
    options = QueryOptions.parse(**case.options)
    texts = {**case.parameters, **_files(query, case, folder / "files")}
    csv, trust = BytesIO(), None
    for result in workspace.iterate_query(query, texts, options):
        format_named("csv").render(result, csv, Options(timezone=options.tz.key))
        trust = result.trust if case.trust else None
    return parse_csv(csv.getvalue().decode()), trust.line() if trust else ""


def _files(query: SavedQuery, case: Case, folder: Path) -> dict[str, str]:
    """The parameters that name a file of the case, with its path."""
    for name, text in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip("\n"), encoding="utf-8")
    kinds = {parameter.name: parameter.type for parameter in query.parameters}
    return {
        name: str(folder / text)
        for name, text in case.parameters.items()
        if kinds.get(name) == FILE and text in case.files
    }


def _difference(table: list[Row], trust: str, case: Case) -> str:
    names = table[0]
    for column in case.columns:
        if column not in names:
            hint = did_you_mean(column, names) or f"its columns are {', '.join(names)}"
            return f"the answer has no column {column!r}; {hint}"
    places = [names.index(column) for column in case.columns]
    expected = [",".join(cells) for cells in (case.columns, *case.rows)]
    got = [",".join(row[place] for place in places) for row in table]
    lines = [line for line in difflib.ndiff(expected, got) if not line.startswith("?")]
    if any(line[0] in "+-" for line in lines):
        return "\n".join(["- is expected, + the answer", *lines])
    if case.trust not in trust:
        return f"the trust line lacks {case.trust!r}:\n{trust}"
    return ""
