"""What holds for every saved query."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flowsql.library.header import read_query
from flowsql.library.parameters import bind
from flowsql.library.saved_query import SavedQuery

Record = dict[str, Any]
Run = Callable[..., list[Record]]

QUERIES = Path(__file__).resolve().parents[2] / "queries"
FILES = sorted(QUERIES.glob("*/*.sql"))
REQUIRED = {"ip": "10.0.0.1"}
every_query = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def read(path: Path) -> SavedQuery:
    return read_query(path, topic=path.parent.name)


def defaults(query: SavedQuery) -> dict[str, object]:
    texts = {p.name: REQUIRED[p.name] for p in query.parameters if p.is_required}
    return bind(query, texts, now=1_700_000_000, tz=ZoneInfo("UTC"))


@every_query
def test_it_says_what_it_answers_and_counts(path: Path) -> None:
    query = read(path)
    assert query.question.endswith("?")
    assert query.counts
    assert query.tags


@every_query
def test_an_empty_store_has_an_empty_answer(path: Path, run: Run) -> None:
    rows = run(path.stem, [], **defaults(read(path)))
    assert len(rows) == (1 if path.stem == "traffic-summary" else 0)


@every_query
def test_the_order_of_records_does_not_matter(path: Path, run: Run, records: tuple[Record, ...]) -> None:
    parameters = defaults(read(path))
    shuffled = random.Random(1).sample([*records, *records], 2 * len(records))
    assert run(path.stem, shuffled, **parameters) == run(path.stem, [*records, *records], **parameters)


@every_query
def test_numbers_are_of_types_that_every_output_has(
    path: Path, run: Run, records: tuple[Record, ...]
) -> None:
    kinds = {type(value) for row in run(path.stem, records, **defaults(read(path))) for value in row.values()}
    assert kinds <= {int, float, str, bool, type(None)}


@every_query
def test_without_what_it_needs_there_is_no_answer(path: Path, run: Run, records: tuple[Record, ...]) -> None:
    """A field is needed if the answer is empty or says nothing without it."""
    query = read(path)
    parameters = defaults(query)
    complete = run(path.stem, records, **parameters)
    for column in query.needs:
        without = [{**record, column: None} for record in records]
        assert run(path.stem, without, **parameters) != complete, column
