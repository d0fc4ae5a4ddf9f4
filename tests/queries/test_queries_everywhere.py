"""Every saved query on every kind of store; what only some of them have to say is in the other modules."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from oracle import LIBRARY, Logs, Record, Sessions, parse_records

from flowsql.errors import QueryError
from flowsql.library.cases import Case, cases_path, read_cases
from flowsql.library.parameters import bind, columns_needed
from flowsql.library.saved_query import FILE, SavedQuery
from flowsql.logformat.fields import BY_NAME, DEFAULT_FIELDS
from flowsql.query_cases import Bench
from flowsql.workspace import Workspace

SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples"
QUERIES = LIBRARY.all()
TESTS = "".join(path.read_text() for path in Path(__file__).parent.glob("test_queries_*.py"))
every_query = pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)


def texts_for(query: SavedQuery, folder: Path) -> dict[str, str]:
    """Parameters for a query that requires some: those of its first case."""
    case = read_cases(query)[0]
    texts = {p.name: case.parameters[p.name] for p in query.parameters if p.is_required}
    for parameter in query.parameters:
        if parameter.type == FILE and parameter.name in texts:
            path = folder / f"{query.name}-{parameter.name}.csv"
            path.write_text(case.files[texts[parameter.name]].lstrip("\n"))
            texts[parameter.name] = str(path)
    return texts


def rows_of(sessions: Sessions, query: SavedQuery, folder: Path, **options: str) -> list[tuple[Any, ...]]:
    """The rows; none where no log has a field that the query needs, which it must say."""
    try:
        table = sessions.ask(query, texts_for(query, folder), **options).read_all()
    except QueryError as error:
        if error.cause.startswith("no record of the window has "):
            return []
        raise
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench() as bench:
        yield bench


def with_header(records: Sequence[Record], columns: Sequence[str] = ()) -> str:
    """The text of a log object with these columns of the records, else with those that any of them has."""
    chosen = columns or sorted(
        {column for record in records for column in record if record[column] is not None}
    )
    names = [next(name for name in BY_NAME if name.replace("-", "_") == column) for column in chosen]
    lines = [" ".join("-" if r[c] is None else str(r[c]) for c in chosen) for r in records]
    return "\n".join([" ".join(names), *lines]) + "\n"


def shuffled(case: Case) -> Case:
    """The case with its records in another order, the lines that are none at the end."""
    texts = {}
    for name, text in case.records.items():
        records = parse_records(text, case.log_format)
        texts[name] = with_header(random.Random(1).sample(records, len(records)))
        if case.rejects:
            lines = (line for line in text.splitlines() if not parse_records(line, case.log_format))
            texts[name] += "\n".join(lines)
    return replace(case, records=texts)


@every_query
def test_its_own_cases(query: SavedQuery, bench: Bench) -> None:
    """The first as it is, the others, or the same again, with their records in another order."""
    first, *others = read_cases(query)
    for case in (first, *map(shuffled, others or [first])):
        assert bench.run_case(query, case).failure == "", case.where


DEFAULT = {field.column for field in DEFAULT_FIELDS}


def fields_to_try(query: SavedQuery) -> list[str]:
    """Of the default log format's fields that it needs one, and each of the others."""
    usual = sorted(DEFAULT.intersection(query.needs))
    chosen = random.Random(query.name).sample(usual, min(len(usual), 1))
    return [*chosen, *sorted({*query.needs} - DEFAULT)]


@every_query
def test_what_it_needs_is_needed(query: SavedQuery, bench: Bench) -> None:
    """Where a field has no value, the answer is another one. The last to try, here."""
    assert_needed(fields_to_try(query)[-1:], query, bench)


@pytest.mark.long
@every_query
def test_all_that_it_needs_is_needed(query: SavedQuery, bench: Bench) -> None:
    assert_needed(fields_to_try(query), query, bench)


def assert_needed(columns: Sequence[str], query: SavedQuery, bench: Bench) -> None:
    case = read_cases(query)[0]
    for column in columns:
        texts = {}
        for name, text in case.records.items():
            records = parse_records(text, case.log_format)
            # The log format still has the field, or the query would refuse.
            present = [c for c in records[0] if any(r[c] is not None for r in records)]
            texts[name] = with_header([{**r, column: None} for r in records], present)
        outcome = bench.run_case(query, replace(case, records=texts))
        assert "is expected" in outcome.failure, column


@every_query
def test_on_a_store_with_just_what_it_needs(query: SavedQuery, bench: Bench, tmp_path: Path) -> None:
    """The fields that it needs for its default parameters, and no others, with values from its first case."""
    case = read_cases(query)[0]
    records = [record for text in case.records.values() for record in parse_records(text, case.log_format)]
    values = bind(query, texts_for(query, tmp_path), now=1_800_000_000, tz=ZoneInfo("UTC"))
    columns = sorted(columns_needed(query, values)) or ["srcaddr"]
    names = {parameter.name for parameter in query.parameters if parameter.is_required}
    parameters = {name: text for name, text in case.parameters.items() if name in names}
    texts = {"a.log": with_header(records, columns)}
    outcome = bench.run_case(query, replace(case, records=texts, parameters=parameters, rejects=0))
    assert outcome.failure == "" or outcome.failure.startswith("- is expected")


@every_query
def test_it_says_what_it_answers_and_how_to_read_that(query: SavedQuery) -> None:
    assert query.question.endswith("?")
    assert query.counts
    assert query.read
    assert query.tags
    assert all(parameter.about for parameter in query.parameters)


@every_query
def test_plain_python_says_the_same(query: SavedQuery) -> None:
    assert f'"{query.name}"' in TESTS, "no test module has an oracle for it"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Sessions:
    """A store without any record."""
    workspace = Workspace(tmp_path_factory.mktemp("empty") / "store")
    workspace.store.create()
    return Sessions(workspace)


@every_query
def test_on_an_empty_store(query: SavedQuery, empty: Sessions, tmp_path: Path) -> None:
    """No more than a row of nothing, or one for each of a list that it is given."""
    lists = [text for case in read_cases(query)[:1] for text in case.files.values()]
    most = max([1, *(len(text.strip().splitlines()) for text in lists)])
    assert len(rows_of(empty, query, tmp_path)) <= most
    assert len(rows_of(empty, query, tmp_path, since="24h", now="2026-11-16")) <= most


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Sessions:
    """Logs that others wrote, of several formats, in one store."""
    if not SAMPLES.is_dir():
        pytest.skip("the folder ../shared is absent")
    workspace = Workspace(tmp_path_factory.mktemp("samples") / "store")
    for log in sorted(SAMPLES.glob("*/*.log*")):
        if "header" not in log.name and "zeek" not in log.parent.name:
            workspace.load([log])
    return Sessions(workspace)


@every_query
def test_on_the_samples(query: SavedQuery, samples: Sessions, tmp_path: Path) -> None:
    rows_of(samples, query, tmp_path)
    window = {"since": "2015-01-01", "until": "2022-01-01"}
    assert rows_of(samples, query, tmp_path, **window) == rows_of(samples, query, tmp_path, **window)


@every_query
def test_on_generated_logs(query: SavedQuery, generated: Logs, tmp_path: Path) -> None:
    """Whatever the window, and to each output; the same rows each time it is asked."""
    rows = rows_of(generated.sessions, query, tmp_path)
    assert rows == rows_of(generated.sessions, query, tmp_path)
    rows_of(generated.sessions, query, tmp_path, since="2026-11-16T10:10Z", until="2026-11-16T10:20Z")
    kinds = {type(value).__name__ for row in rows for value in row}
    assert kinds <= {"int", "float", "str", "bool", "NoneType", "datetime", "date"}


def test_every_case_file_belongs_to_a_query() -> None:
    folder = QUERIES[0].path.parents[1]
    assert {cases_path(query) for query in QUERIES} == set(folder.rglob("*.toml"))


def test_records_are_parsed_by_plain_python_as_they_are_loaded(generated: Logs) -> None:
    sums: Record = {
        column: sum(record[column] or 0 for record in generated.records)
        for column in ("bytes", "packets", "start", "end", "tcp_flags", "dstport")
    }
    selected = ", ".join(f'cast(sum("{column}") as bigint) as "{column}"' for column in sums)
    assert generated.workspace.sql(f"select {selected} from records").read_all().to_pylist() == [sums]
    assert generated.truth
