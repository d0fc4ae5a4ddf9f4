from __future__ import annotations

import functools
import io
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

import flowsql.ingest.read
from flowsql.ingest import native
from flowsql.ingest.blocks import read_blocks
from flowsql.ingest.read import start_reading
from flowsql.ingest.rejects import Reject
from flowsql.ingest.text import ParsedBlock
from flowsql.logformat.fields import Field
from flowsql.sources.source import LogObject


@dataclass
class Outcome:
    """All that reading one object gave."""

    fields: tuple[Field, ...]
    rows: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    lines: int = 0
    headers: int = 0
    blank: int = 0
    milliseconds: int = 0
    damage: str = ""
    content_bytes: int = 0
    sha256: str = ""

    def add(self, block: ParsedBlock) -> None:
        rows = [row for _, table in block.tables for row in table.to_pylist()]
        assert len(rows) == block.records
        self.rows += rows
        self.rejects += block.rejects
        self.lines += block.lines
        self.headers += block.headers
        self.blank += block.blank
        self.milliseconds += block.milliseconds

    @property
    def reasons(self) -> list[tuple[int, str]]:
        return [(reject.line_number, reject.reason) for reject in self.rejects]

    @property
    def accounted_for(self) -> int:
        return len(self.rows) + len(self.rejects) + self.headers + self.blank


@pytest.fixture(scope="module", params=["compiled", "pyarrow.csv"])
def each_tokenizer(request: pytest.FixtureRequest) -> Iterator[None]:
    """Once with the compiled tokenizer, once as in an installation without it."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "pyarrow.csv":
            patch.setattr(native, "_library", lambda: None)
        assert native.is_available() == (request.param == "compiled")
        yield


@pytest.fixture(scope="session")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


@pytest.fixture(scope="session")
def read(pool: ThreadPoolExecutor) -> Callable[..., Outcome]:
    """Reads an object with that content to its end, in blocks of `block_bytes`."""

    def read_all(
        content: bytes, given: Sequence[Field] | None = None, block_bytes: int | None = None
    ) -> Outcome:
        log_object = LogObject("a.log", len(content), "", True, lambda: io.BytesIO(content))
        with pytest.MonkeyPatch.context() as patch:
            if block_bytes:
                small = functools.partial(read_blocks, block_bytes=block_bytes)
                patch.setattr(flowsql.ingest.read, "read_blocks", small)
            reading = start_reading(log_object, given)
            outcome = Outcome(reading.fields)
            for block in reading.parsed(pool):
                outcome.add(block)
        outcome.damage = reading.damage
        outcome.content_bytes, outcome.sha256 = reading.content_bytes, reading.content_hash
        reading.close()
        return outcome

    return read_all
