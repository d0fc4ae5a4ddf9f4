"""Rows as lines."""

from __future__ import annotations

import io

import pyarrow as pa

from flowsql.output.expanded import render
from flowsql.output.options import Options
from flowsql.result import Result


def expanded(table: pa.Table, **options) -> str:
    sink = io.BytesIO()
    assert render(Result(table.schema, table.to_batches()), sink, Options(**options)) == table.num_rows
    return sink.getvalue().decode()


def test_rows_nulls_and_hostile_values():
    table = pa.table({"a": [1, None], "名前": ["x\x1b[31m\ny", "z"]})
    assert expanded(table) == (
        "── row 1 ──\na    │ 1\n名前 │ x\\x1b[31m\\ny\n── row 2 ──\na    │\n名前 │ z\n(2 rows)\n"
    )


def test_long_values_go_on_below_and_nothing_is_lost():
    text = "ab " * 40 + "end"
    lines = expanded(pa.table({"a": [text]}), width=30).splitlines()
    assert all(len(line) <= 30 for line in lines)
    assert "".join(line.removeprefix("a │ ").removeprefix("  │ ") for line in lines[1:-1]).replace(
        " ", ""
    ) == text.replace(" ", "")


def test_no_rows():
    assert expanded(pa.table({"a": pa.array([], pa.int64())})) == "(0 rows)\n"
