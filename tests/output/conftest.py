from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from flowsql.output.formats import FORMATS
from flowsql.output.options import Options
from flowsql.result import Result

Written = Callable[..., str]


def sample_batches() -> list[pa.RecordBatch]:
    """Two batches with one of everything a query returns, and values that are hard to print."""
    when = [datetime(2026, 11, 23, 10, tzinfo=UTC), datetime(2026, 7, 1, 0, 0, 5, 250_000, tzinfo=UTC), None]
    batch = pa.record_batch(
        {
            "srcaddr": pa.array(["10.0.0.7", "2001:db8:85a3:8d3:1319:8a2e:370:7348", None]),
            "bytes": pa.array([Decimal(1234567890123456789012), Decimal(0), None], pa.decimal128(38, 0)),
            "share": pa.array([0.1, 120_000_000_000.0, float("nan")]),
            "first_seen": pa.array(when, pa.timestamp("us", tz="UTC")),
            "action": pa.array(["ACCEPT", "REJECT", "ACCEPT"]).dictionary_encode(),
            "note": pa.array(
                ['a, "b" | c', "=1+1\n\x1b[31mred\u202e", "日本のホスト名はとても長いことがあります"]
            ),
            "ports": pa.array([[22, 443], [], None], pa.list_(pa.int32())),
            "seen": pa.array([True, False, None]),
        }
    )
    return [batch, batch.slice(0, 1)]


@pytest.fixture
def sample() -> Callable[[], Result]:
    """Makes the sample anew: a Result is read once."""

    def make() -> Result:
        batches = sample_batches()
        return Result(batches[0].schema, iter(batches))

    return make


@pytest.fixture
def written() -> Written:
    """Renders a Result, or one column of values, to text and checks the number of rows."""

    def write(name: str, result: Result | pa.Array, **options: object) -> str:
        if isinstance(result, pa.Array):
            batch = pa.record_batch([result], names=["x"])
            result = Result(batch.schema, [batch])
        sink = io.BytesIO()
        batches = list(result)
        again = Result(result.schema, iter(batches))
        rows = FORMATS[name].render(again, sink, Options(**options))  # type: ignore[arg-type]
        assert rows == sum(batch.num_rows for batch in batches)
        return sink.getvalue().decode()

    return write
