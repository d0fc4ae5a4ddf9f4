"""Small arrays are written by Python, large ones by Arrow: both must give the same text."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsql.output.delimited import _csv_cells
from flowsql.output.scalars import scalar_texts
from flowsql.output.small import MOST_VALUES, small_texts

VALUES = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.bool_(): st.booleans(),
    pa.float64(): st.floats(allow_nan=True, allow_infinity=True),
    pa.decimal128(38, 3): st.decimals(-(10**20), 10**20, places=3),
    pa.decimal128(38, 0): st.integers(-(10**30), 10**30).map(Decimal),
    pa.string(): st.text(),
    pa.timestamp("us", "UTC"): st.integers(-(2**63) + 1, 2**63 - 1),
    pa.timestamp("s"): st.integers(-(10**12), 10**12),
    pa.timestamp("ns", "UTC"): st.integers(-(2**62), 2**62),
}


@pytest.mark.parametrize("kind", VALUES, ids=str)
@given(data=st.data())
def test_small_and_large_arrays_read_the_same(kind: pa.DataType, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.none() | VALUES[kind], min_size=1, max_size=5))
    small = pa.array(values, kind)
    large = pa.concat_arrays([small] * (MOST_VALUES + 1))
    assert scalar_texts(small, "UTC").to_pylist() == scalar_texts(large, "UTC").to_pylist()[: len(values)]


@given(values=st.lists(st.none() | st.text(alphabet='a",\r\n ='), min_size=1, max_size=5))
def test_small_and_large_csv_cells_are_quoted_the_same(values: list[str | None]) -> None:
    small = pa.array(values, pa.string())
    large = pa.concat_arrays([small] * (MOST_VALUES + 1))
    assert _csv_cells(small).to_pylist() == _csv_cells(large).to_pylist()[: len(values)]


def test_types_without_a_python_writer_are_left_to_arrow() -> None:
    assert small_texts(pa.array([1], pa.date32()), "UTC") is None
    assert small_texts(pa.array([1], pa.timestamp("s", "UTC")), "Europe/Berlin") is None
