from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from flowsql.output.cells import cell_texts
from flowsql.output.json_values import json_texts

UTC = dt.UTC
MAX = 2**63 - 1
TZ = pa.timestamp("us", tz="UTC")


def stamps(*values: int, unit: str = "us", tz: str | None = "UTC") -> pa.Array:
    return pa.array(list(values), pa.int64()).cast(pa.timestamp(unit, tz=tz))


CASES = [
    ("integers", pa.array([0, -1, 2**63 - 1, None]), ["0", "-1", str(MAX), None]),
    ("unsigned", pa.array([2**64 - 1], pa.uint64()), [str(2**64 - 1)]),
    ("hugeint", pa.array([Decimal(10) ** 37], pa.decimal128(38, 0)), [f"1{'0' * 37}"]),
    ("decimals", pa.array([Decimal("1.50"), Decimal("-0.02")], pa.decimal128(5, 2)), ["1.50", "-0.02"]),
    ("tiny decimal", pa.array([Decimal("0.0000001")], pa.decimal128(20, 7)), ["0.0000001"]),
    ("floats", pa.array([1.0, 0.1, 1e300, 1.2e11]), ["1.0", "0.1", "1e+300", "120000000000.0"]),
    ("short float", pa.array([0.1, None], pa.float32()), ["0.1", None]),
    ("non-finite", pa.array([float("nan"), float("-inf")]), ["nan", "-inf"]),
    ("booleans", pa.array([True, False, None]), ["true", "false", None]),
    ("nulls", pa.nulls(2), [None, None]),
    ("text", pa.array(["", "é", None]), ["", "é", None]),
    ("large text", pa.array(["a"], pa.large_string()), ["a"]),
    ("text view", pa.array(["a"], pa.string_view()), ["a"]),
    ("dictionary", pa.array(["a", None, "a"]).dictionary_encode(), ["a", None, "a"]),
    ("run ends", pa.RunEndEncodedArray.from_arrays([2, 3], ["a", "b"]), ["a", "a", "b"]),
    ("extension", pa.array(["{}"], pa.json_()), ["{}"]),
    ("bytes", pa.array([b"\x00\xff", b"", None]), ["00ff", "", None]),
    ("moments", stamps(0, 1_500_000), ["1970-01-01T00:00:00Z", "1970-01-01T00:00:01.5Z"]),
    ("tens of seconds", stamps(10_000_000, 20_100_000), ["1970-01-01T00:00:10Z", "1970-01-01T00:00:20.1Z"]),
    ("seconds", stamps(600, unit="s"), ["1970-01-01T00:10:00Z"]),
    ("no zone", stamps(0, 1, tz=None), ["1970-01-01T00:00:00", "1970-01-01T00:00:00.000001"]),
    ("other zone", stamps(0, tz="Asia/Tokyo"), ["1970-01-01T00:00:00Z"]),
    ("infinities", stamps(MAX, -MAX), ["infinity", "-infinity"]),
    ("dates", pa.array([dt.date(2026, 11, 23), None]), ["2026-11-23", None]),
    (
        "infinite dates",
        pa.array([2**31 - 1, -(2**31) + 1], pa.int32()).cast(pa.date32()),
        ["infinity", "-infinity"],
    ),
    ("times", pa.array([dt.time(10), dt.time(0, 0, 0, 500_000)]), ["10:00:00", "00:00:00.5"]),
    (
        "intervals",
        pa.array(
            [(14, 3, 14_706_500_000_000), (0, 0, 0), (-1, 0, -1_000_000_000), None],
            pa.month_day_nano_interval(),
        ),
        ["1 year 2 months 3 days 04:05:06.5", "00:00:00", "-1 month -00:00:01", None],
    ),
    ("durations", pa.array([90_061, None], pa.duration("s")), ["25:01:01", None]),
    ("lists", pa.array([[1, None], [], None]), ["[1,null]", "[]", None]),
    ("fixed lists", pa.array([[1, 2], None], pa.list_(pa.int64(), 2)), ["[1,2]", None]),
    ("structs", pa.array([{"a": 1, 'b"': ["x"]}, None]), ['{"a":1,"b\\"":["x"]}', None]),
    (
        "maps",
        pa.array([[("k", 1), ("l", None)], [], None], pa.map_(pa.string(), pa.int32())),
        ['{"k":1,"l":null}', "{}", None],
    ),
    (
        "nested times",
        pa.array([[dt.datetime(2026, 1, 1, tzinfo=UTC)]], pa.list_(TZ)),
        ['["2026-01-01T00:00:00Z"]'],
    ),
]


@pytest.mark.parametrize(("array", "texts"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_text_of_each_type(array, texts):
    assert cell_texts(array).to_pylist() == texts
    # A slice of a longer array has the texts of its own rows.
    assert (
        cell_texts(pa.concat_arrays([array, array]).slice(1, len(array))).to_pylist()
        == [*texts, *texts][1 : len(texts) + 1]
    )


@pytest.mark.parametrize(
    ("zone", "seconds", "text"),
    [
        ("Europe/Berlin", 1_795_428_000, "2026-11-23T11:00:00+01:00"),
        ("Europe/London", 1_795_428_000, "2026-11-23T10:00:00+00:00"),
        ("Asia/Kolkata", 1_795_428_000, "2026-11-23T15:30:00+05:30"),
        ("America/St_Johns", 1_795_428_000, "2026-11-23T06:30:00-03:30"),
        ("Europe/Berlin", 1_792_890_000, "2026-10-25T02:00:00+01:00"),
    ],
)
def test_moments_in_a_zone(zone, seconds, text):
    array = pa.array([seconds * 10**6, None, MAX], pa.int64()).cast(TZ)
    assert cell_texts(array, zone).to_pylist() == [text, None, "infinity"]


@pytest.mark.parametrize(
    ("array", "texts"),
    [
        (pa.array([1.5, float("nan"), float("inf"), None]), ["1.5", "null", "null", "null"]),
        (pa.array([Decimal(10) ** 30], pa.decimal128(38, 0)), ["1" + "0" * 30]),
        (
            pa.array(["a", 'q"\\', "\x1b\x7f\x85\u202e\u2028", "é日👩\u200d🚀", None]),
            ['"a"', '"q\\"\\\\"', '"\\u001b\\u007f\\u0085\\u202e\\u2028"', '"é日👩\u200d🚀"', "null"],
        ),
        (pa.array([b"\x01"]), ['"01"']),
        (pa.array([dt.date(2026, 1, 2)]), ['"2026-01-02"']),
        (pa.array([[{"a": [True]}], None]), ['[{"a":[true]}]', "null"]),
    ],
    ids=["floats", "hugeint", "text", "bytes", "date", "nested"],
)
def test_json_of_each_type(array, texts):
    assert json_texts(array, "UTC").to_pylist() == texts
