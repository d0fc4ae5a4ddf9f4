from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsql.errors import SourceError
from flowsql.ingest.detect import NotFlowLogs

Read = Callable[..., Any]
NAN = float("nan")


def parquet(columns: dict[str, pa.Array] | pa.Table, **options: Any) -> bytes:
    table = columns if isinstance(columns, pa.Table) else pa.table(columns)
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def bad_utf8(*values: bytes) -> pa.Array:
    return pa.array(values, pa.binary()).view(pa.string())


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        ("srcport", pa.array([443, None], pa.int32()), [443, None]),
        ("srcport", pa.array([443, None], pa.int64()), [443, None]),
        ("srcport", pa.array([443, None], pa.uint16()), [443, None]),
        ("srcport", pa.array(["443", "None", "-", "", " 7 ", None]), [443, None, None, None, 7, None]),
        ("srcport", pa.array(["443", "-"], pa.large_string()), [443, None]),
        ("srcport", pa.array([b"443", b"-"], pa.binary()), [443, None]),
        ("srcport", pa.array([443.0, NAN, None]), [443, None, None]),
        ("srcport", pa.array([443.0, NAN], pa.float32()), [443, None]),
        ("srcport", pa.array(["443", "443", None]).dictionary_encode(), [443, 443, None]),
        ("srcport", pa.array([443, None], pa.int32()).cast(pa.decimal128(12, 0)), [443, None]),
        ("srcport", pa.nulls(2), [None, None]),
        ("bytes", pa.array(["9223372036854775807"]), [2**63 - 1]),
        ("bytes", pa.array([2**53], pa.float64()), [2**53]),
        ("start", pa.array([1418530010]), [1418530010]),
        ("start", pa.array([1418530010123]), [1418530010]),
        ("start", pa.array([1418530010, None], pa.timestamp("s")), [1418530010, None]),
        ("start", pa.array([1418530010123], pa.timestamp("ms", tz="UTC")), [1418530010]),
        ("start", pa.array([1418530010123456], pa.timestamp("us", tz="Europe/Berlin")), [1418530010]),
        ("srcaddr", pa.array(["10.0.0.1", "-", None]), ["10.0.0.1", None, None]),
        ("srcaddr", pa.array(["10.0.0.1", "-"], pa.large_string()), ["10.0.0.1", None]),
        ("srcaddr", pa.array(["10.0.0.1", "-"]).dictionary_encode(), ["10.0.0.1", None]),
        ("srcaddr", pa.array([b"10.0.0.1", b"-"], pa.binary()), ["10.0.0.1", None]),
        ("srcaddr", pa.nulls(2), [None, None]),
        ("account_id", pa.array(["012345678901", "unknown"]), ["012345678901", "unknown"]),
        ("account_id", pa.array([12345678901, None]), ["012345678901", None]),
        ("account_id", pa.array([12345678901]).cast(pa.decimal128(19, 0)), ["012345678901"]),
        (
            "account_id",
            pa.array([12345678901.0, 123456789010.0, NAN]),
            ["012345678901", "123456789010", None],
        ),
        ("instance_tag", pa.array(["a%20b", "100%", "-"]), ["a b", "100%", None]),
        ("instance_tag", pa.array(["a%20b"], pa.large_string()), ["a b"]),
    ],
)
def test_types_that_files_come_with(column: str, values: pa.Array, expected: list[Any], read: Read) -> None:
    outcome = read(parquet({column: values}))
    assert [row[column] for row in outcome.rows] == expected
    assert outcome.reasons == []
    assert outcome.lines == len(expected)


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("pkt_srcaddr", "pkt-srcaddr"),
        ("pkt-srcaddr", "pkt-srcaddr"),
        ("PKT_SRCADDR", "pkt-srcaddr"),
        ("Pkt-SrcAddr", "pkt-srcaddr"),
        (" pkt_srcaddr ", "pkt-srcaddr"),
        ("end", "end"),
    ],
)
def test_spellings_of_a_column(column: str, field: str, read: Read) -> None:
    outcome = read(parquet({column: pa.array(["1"])}))
    assert [f.name for f in outcome.fields] == [field]
    assert list(outcome.rows[0]) == [field.replace("-", "_")]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array(["x", "-", None]), [{"new-field": "x"}, None, None]),
        (pa.array([1, 2, 3]), [{"new-field": "1"}, {"new-field": "2"}, {"new-field": "3"}]),
        (pa.array([[1, 2], [], None]), [{"new-field": "[1, 2]"}, {"new-field": "[]"}, None]),
        (
            pa.array([{"a": 1}, None, {"a": None}]),
            [{"new-field": '{"a": 1}'}, None, {"new-field": '{"a": null}'}],
        ),
        (pa.array([True, False, None]), [{"new-field": "true"}, {"new-field": "false"}, None]),
    ],
    ids=["text", "numbers", "lists", "structs", "booleans"],
)
def test_unknown_columns_are_kept(values: pa.Array, expected: list[Any], read: Read) -> None:
    outcome = read(parquet({"srcaddr": pa.array(["10.0.0.1"] * 3), "new_field": values}))
    assert [row["extra"] and json.loads(row["extra"]) for row in outcome.rows] == expected


@pytest.mark.parametrize(
    ("column", "values", "bad_rows", "reason"),
    [
        ("srcport", pa.array(["443", "https", "22", "1.5"]), [2, 4], "srcport: https is out of range"),
        ("srcport", pa.array([1, 2**31, 2]), [2], "srcport: 2147483648 is out of range"),
        ("srcport", pa.array([-1, 1], pa.int32()), [1], "srcport: -1 is out of range"),
        ("srcport", pa.array([1.5, 2.0, NAN]), [1], "srcport: 1.5 is out of range"),
        ("srcport", pa.array([1.0, float("inf")]), [2], "srcport: inf is out of range"),
        ("srcport", pa.array([[1], None]), [1], "srcport: [1] is out of range"),
        ("bytes", pa.array([1, 2**63], pa.uint64()), [2], "bytes: 9223372036854775808 is out of range"),
        ("start", pa.array([1, 10**14]), [2], "start: 100000000000000 is out of range"),
        ("start", pa.array([-1, 1], pa.timestamp("s")), [1], "start: 1969-12-31 23:59:59 is out of range"),
        (
            "start",
            pa.array([-(2**60) + 1, 10**18 + 1], pa.timestamp("ns")),
            [1],
            "start: 1933-06-20 00:01:35.393153025 ",
        ),
        (
            "start",
            pa.array([2**62, 1], pa.timestamp("ms")),
            [1],
            "start: <value out of range: 4611686018427387904>",
        ),
        (
            "srcaddr",
            pa.array([b"10.0.0.1", b"\xff"], pa.binary()),
            [2],
            "srcaddr: b'\\xff' is not UTF-8 text",
        ),
        ("srcaddr", bad_utf8(b"10.0.0.1", b"\xff"), [2], "srcaddr: "),
        ("srcport", bad_utf8(b"443", b"\xff"), [2], "srcport: "),
        ("instance_tag", bad_utf8(b"\xff", b"x"), [1], "instance-tag: "),
        ("account_id", pa.array([1.5, 12345678901.0]), [1], "account-id: 1.5"),
    ],
)
def test_rows_that_do_not_fit(
    column: str, values: pa.Array, bad_rows: list[int], reason: str, read: Read
) -> None:
    action = [f"row {i}" for i in range(1, len(values) + 1)]
    outcome = read(parquet({column: values, "action": pa.array(action)}))
    assert [number for number, _ in outcome.reasons] == bad_rows
    assert outcome.reasons[0][1].startswith(reason)
    good = [text for i, text in enumerate(action, start=1) if i not in bad_rows]
    assert [row["action"] for row in outcome.rows] == good
    assert json.loads(outcome.rejects[0].text)["action"] == f"row {bad_rows[0]}"
    assert outcome.lines == outcome.accounted_for == len(values)


def test_reject_numbers_count_over_batches(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowsql.ingest.parquet._BATCH_ROWS", 10)
    ports = [str(i) if i % 7 else "x" for i in range(1, 51)]
    outcome = read(parquet({"srcport": pa.array(ports)}, row_group_size=20))
    assert [number for number, _ in outcome.reasons] == [7, 14, 21, 28, 35, 42, 49]
    assert [row["srcport"] for row in outcome.rows] == [i for i in range(1, 51) if i % 7]


@pytest.mark.parametrize(
    ("columns", "cause"),
    [
        ({"id": pa.array([1]), "name": pa.array(["x"])}, "Parquet with other columns"),
        ({"start": pa.array([1]), "a": pa.array([1]), "b": pa.array([1])}, "Parquet with other columns"),
        (
            {"log_status": pa.array(["x"]), "log-status": pa.array(["y"])},
            "Parquet with two columns for one field",
        ),
        ({"": pa.array([1])}, "Parquet with other columns"),
    ],
)
def test_foreign_columns(columns: dict[str, pa.Array], cause: str, read: Read) -> None:
    with pytest.raises(NotFlowLogs, match=cause):
        read(parquet(columns))


def test_a_file_without_columns_is_foreign(read: Read) -> None:
    with pytest.raises(NotFlowLogs, match="Parquet with other columns"):
        read(parquet(pa.table({})))


def test_a_file_without_rows(read: Read) -> None:
    outcome = read(parquet({"srcaddr": pa.array([], pa.string())}))
    assert (outcome.rows, outcome.lines, outcome.damage) == ([], 0, "")
    assert [f.name for f in outcome.fields] == ["srcaddr"]


ROWS = 3000
SOUND = parquet(
    {
        "srcaddr": pa.array([f"10.0.{i % 256}.{i * 7 % 256}" for i in range(ROWS)]),
        "bytes": pa.array([i * i for i in range(ROWS)]),
    },
    row_group_size=500,
    compression="zstd",
    use_dictionary=False,
    write_page_checksum=True,
)


@pytest.mark.parametrize("length", [4, 5, 8, 11, 12, 100, len(SOUND) // 2, len(SOUND) - 9, len(SOUND) - 1])
def test_a_cut_file_is_damaged(length: int, read: Read) -> None:
    outcome = read(SOUND[:length])
    assert outcome.damage.startswith("no readable Parquet footer")
    assert (outcome.rows, outcome.fields, outcome.content_bytes) == ([], (), length)


def test_a_damaged_page_leaves_what_came_before(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowsql.ingest.parquet._BATCH_ROWS", 500)
    group = pq.ParquetFile(io.BytesIO(SOUND)).metadata.row_group(3).column(1)
    raw = bytearray(SOUND)
    at = group.data_page_offset + group.total_compressed_size - 20
    raw[at : at + 10] = bytes(10)
    outcome = read(bytes(raw))
    assert outcome.damage.startswith("a part of the Parquet file is damaged")
    assert [row["bytes"] for row in outcome.rows] == [i * i for i in range(1500)]


SMALL = parquet(
    {"srcaddr": pa.array(["10.0.0.1", "-"]), "bytes": pa.array([1, None]), "new": pa.array(["x", "y"])}
)


def assert_damage_is_no_crash(read: Read, content: bytes) -> None:
    try:
        outcome = read(content)
    except SourceError:
        return
    assert outcome.lines == outcome.accounted_for


@given(at=st.integers(4, len(SMALL) - 1), value=st.integers(0, 255))
@settings(max_examples=400, deadline=None)
def test_a_changed_byte_is_no_crash(at: int, value: int, read: Read) -> None:
    assert_damage_is_no_crash(read, SMALL[:at] + bytes([value]) + SMALL[at + 1 :])


@pytest.mark.long
@pytest.mark.parametrize("at", range(4, len(SMALL)))
def test_any_changed_byte_is_no_crash(at: int, read: Read) -> None:
    for value in (0, 1, 0x7F, 0x80, 0xFF, SMALL[at] ^ 1, SMALL[at] ^ 0x10):
        assert_damage_is_no_crash(read, SMALL[:at] + bytes([value]) + SMALL[at + 1 :])
