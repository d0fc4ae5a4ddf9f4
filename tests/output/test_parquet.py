from __future__ import annotations

import io
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flowsql.errors import OutputError
from flowsql.output.options import Options
from flowsql.output.parquet import render
from flowsql.result import Result


def stored(batches: list[pa.RecordBatch]) -> pq.ParquetFile:
    sink = io.BytesIO()
    rows = render(Result(batches[0].schema, iter(batches)), sink, Options())
    assert rows == sum(batch.num_rows for batch in batches)
    return pq.ParquetFile(io.BytesIO(sink.getvalue()))


def test_values_and_types_come_back(sample):
    result = sample()
    table = stored(list(result)).read()
    assert table.schema.remove_metadata() == result.schema
    assert (
        table.select(["bytes", "ports"]).to_pylist()
        == sample().read_all().select(["bytes", "ports"]).to_pylist()
    )
    assert table["bytes"][0].as_py() == Decimal(1234567890123456789012)


def test_small_batches_share_row_groups():
    batch = pa.record_batch({"x": list(range(2_000))})
    metadata = stored([batch] * 100).metadata
    assert (metadata.num_rows, metadata.num_row_groups) == (200_000, 2)
    assert metadata.row_group(0).column(0).compression == "ZSTD"


def test_no_rows_make_a_readable_file():
    assert stored([pa.record_batch({"x": pa.array([], pa.int64())})]).read().num_rows == 0


def test_names_are_unique_and_intervals_text():
    interval = pa.array([(0, 1, 0)], pa.month_day_nano_interval())
    table = stored([pa.record_batch([interval, pa.array([1])], names=["x", "x"])]).read()
    assert table.to_pylist() == [{"x": "1 day", "x_2": 1}]


def test_a_type_parquet_lacks_is_explained():
    union = pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])])
    with pytest.raises(OutputError, match="union") as error:
        stored([pa.record_batch([union], names=["u"])])
    assert "cast" in error.value.remedy
