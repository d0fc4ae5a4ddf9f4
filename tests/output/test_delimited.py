from __future__ import annotations

import csv
import io
import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsql.output.cells import cell_texts
from flowsql.output.delimited import render_csv, render_tsv
from flowsql.output.options import Options
from flowsql.result import Result

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
ROWS = st.lists(
    st.tuples(st.none() | TEXTS, st.none() | st.integers(-(2**63), 2**63 - 1), st.none() | st.floats())
)


def result_of(rows: list[tuple[object, ...]]) -> Result:
    columns = [[row[i] for row in rows] for i in range(3)]
    arrays = [pa.array(c, t) for c, t in zip(columns, (pa.string(), pa.int64(), pa.float64()), strict=True)]
    batch = pa.record_batch(arrays, names=["a,b", 'say "n"', "f"])
    return Result(batch.schema, [batch])


def expected(result: Result) -> list[list[str]]:
    (batch,) = result.batches
    columns = [[text or "" for text in cell_texts(column).to_pylist()] for column in batch.columns]
    return [result.columns, *map(list, zip(*columns, strict=True))]


@given(ROWS)
def test_csv_reads_back_as_the_cell_texts(rows):
    result, sink = result_of(rows), io.BytesIO()
    assert render_csv(result, sink, Options()) == len(rows)
    assert list(csv.reader(io.StringIO(sink.getvalue().decode(), newline=""))) == expected(result)


@given(ROWS)
def test_tsv_reads_back_as_the_cell_texts(rows):
    result, sink = result_of(rows), io.BytesIO()
    assert render_tsv(result, sink, Options()) == len(rows)
    plain = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\\\": "\\"}
    lines = sink.getvalue().decode().split("\n")
    cells = [[re.sub(r"\\.", lambda m: plain[m[0]], cell) for cell in line.split("\t")] for line in lines]
    assert cells == [*expected(result), [""]]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("\rx", '"\'\rx"'),
        ("=a,b", '"\'=a,b"'),
        ("a=1", "a=1"),
        ("a\n=1", '"a\n=1"'),
        ("", '""'),
        (None, ""),
    ],
)
def test_csv_safe_disarms_text(written, text, cell):
    assert written("csv", pa.array([text], pa.string()), csv_safe=True) == f"x\n{cell}\n"
    assert written("csv", pa.array([text], pa.string()).dictionary_encode(), csv_safe=True) == f"x\n{cell}\n"


def test_csv_safe_leaves_numbers_and_disarms_names(written):
    batch = pa.record_batch([pa.array([-1])], names=["=x"])
    assert written("csv", Result(batch.schema, [batch]), csv_safe=True) == "'=x\n-1\n"


@pytest.mark.parametrize(
    ("name", "terminal", "line"),
    [
        ("csv", False, '"a\nb\x1b[m\r"'),
        ("csv", True, '"a\nb\\x1b[m\\r"'),
        ("tsv", False, "a\\nb\x1b[m\\r"),
        ("tsv", True, "a\\nb\\\\x1b[m\\\\r"),
    ],
)
def test_controls_are_escaped_on_a_terminal_only(written, name, terminal, line):
    assert written(name, pa.array(["a\nb\x1b[m\r"]), terminal=terminal) == f"x\n{line}\n"


def test_no_rows_leave_the_header(written):
    assert written("csv", pa.array([], pa.int64())) == "x\n"
