from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsql.output.column_names import unique_names
from flowsql.output.json_values import json_string
from flowsql.output.visible import is_hidden
from flowsql.result import Result


@pytest.mark.parametrize(
    ("names", "unique"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", "a", "a"], ["a", "a_2", "a_3"]),
        (["a", "a", "a_2"], ["a", "a_3", "a_2"]),
        (["a_2", "a", "a"], ["a_2", "a", "a_3"]),
        (["", ""], ["", "_2"]),
    ],
)
def test_repeated_names_get_numbers(names, unique):
    assert unique_names(names) == unique


@given(st.lists(st.sampled_from(["a", "a_2", "a_3", "a_2_2"])))
def test_names_are_unique_and_keep_their_start(names):
    unique = unique_names(names)
    assert len(set(unique)) == len(names)
    assert all(new.startswith(old) for new, old in zip(unique, names, strict=True))


@given(st.text())
def test_json_strings_read_back_and_hide_nothing(text):
    quoted = json_string(text)
    assert json.loads(quoted) == text
    assert not any(map(is_hidden, quoted))


@pytest.mark.parametrize(
    ("count", "ndjson", "array"), [(0, [], []), (1, [0], [0]), (70_000, [0, 69_999], [0, 69_999])]
)
def test_json_is_valid_over_all_slices(written, count, ndjson, array):
    lines = written("ndjson", pa.array(range(count), pa.int64())).splitlines()
    assert len(lines) == count
    assert [json.loads(lines[i])["x"] for i in ndjson] == ndjson
    rows = json.loads(written("json", pa.array(range(count), pa.int64())))
    assert [row["x"] for row in rows] == list(range(count))


def test_repeated_columns_stay_apart(written):
    batch = pa.record_batch([pa.array([1]), pa.array([2])], names=["n", "n"])
    assert written("ndjson", Result(batch.schema, [batch])) == '{"n":1,"n_2":2}\n'
