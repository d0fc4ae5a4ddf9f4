from __future__ import annotations

from dataclasses import replace

import pytest

from flowsql.trust import Slots, Trust

PLAIN = Trust(window="all records", records=1)


@pytest.mark.parametrize(
    ("trust", "line"),
    [
        (PLAIN, "all records: 1 record, no line rejected"),
        (
            replace(
                PLAIN, records=1234, nodata=5, skipdata=6, rejects=1, incomplete_objects=2, late_objects=1
            ),
            "all records: 1,234 records, 5 NODATA, 6 SKIPDATA, 1 line rejected at load, 2 objects incomplete,"
            " 1 late object; sums are lower bounds (>=)",
        ),
        (
            replace(PLAIN, slots=Slots(covered=3, idle=2)),
            "all records: 1 record, no line rejected; all 5 slots covered",
        ),
        (
            replace(PLAIN, slots=Slots(covered=3, idle=2, partial=1, gap=1000, unknown=4)),
            "all records: 1 record, no line rejected; 5 of 1,010 slots covered, 1 partial, 1,000 gap, 4 unknown",
        ),
        (replace(PLAIN, slots=Slots()), "all records: 1 record, no line rejected; no capture slot"),
        (
            replace(PLAIN, without_bytes=3),
            "all records: 1 record, no line rejected; sums are lower bounds (>=)",
        ),
        (
            replace(PLAIN, no_slots="that takes too long"),
            "all records: 1 record, no line rejected; slots not counted",
        ),
        (
            replace(PLAIN, one_kind="REJECT"),
            "all records: 1 record, no line rejected; looks REJECT-only",
        ),
        (
            replace(PLAIN, reject_only=2, second_views=7),
            "all records: 1 record, no line rejected; 2 interfaces look REJECT-only; 7 records left out of"
            " totals as second views",
        ),
        (
            replace(PLAIN, absence=True, slots=Slots()),
            "all records: 1 record, no line rejected; no capture slot; nothing was logged, so nothing is decidable",
        ),
        (
            replace(PLAIN, absence=True, slots=Slots(covered=8, gap=2)),
            "all records: 1 record, no line rejected; 8 of 10 slots covered, 2 gap; not decidable in 2 slots"
            " (20 %)",
        ),
        (
            replace(PLAIN, absence=True, one_kind="REJECT", slots=Slots(covered=8)),
            "all records: 1 record, no line rejected; all 8 slots covered; looks REJECT-only; nothing about"
            " what is not REJECT is decidable",
        ),
        (
            replace(PLAIN, second_views=1, bytes_maybe_twice=7000),
            "all records: 1 record, no line rejected; 1 record left out of totals as second views; up to 7,000"
            " bytes may be counted twice",
        ),
        (replace(PLAIN, context_s=3600), "all records (context 1h): 1 record, no line rejected"),
        (replace(PLAIN, context_s=150), "all records (context 150s): 1 record, no line rejected"),
        (replace(PLAIN, notes=("so it is",)), "all records: 1 record, no line rejected; so it is"),
    ],
)
def test_line(trust: Trust, line: str) -> None:
    assert trust.line() == line


def test_why_says_every_figure_in_a_sentence_of_its_own() -> None:
    figures = {
        "records": 1001,
        "nodata": 1002,
        "skipdata": 1003,
        "rejects": 1004,
        "incomplete_objects": 1005,
        "late_objects": 1006,
        "without_time": 1007,
        "without_bytes": 1008,
        "second_views": 1009,
        "bytes_maybe_twice": 1011,
        "reject_only": 1010,
    }
    slots = Slots(covered=2001, idle=2002, partial=2003, gap=2004, unknown=2005, capture_points=2006)
    trust = Trust(window="all records", slots=slots, notes=("so it is",), absence=True, **figures)
    why = trust.why()
    for number in [*figures.values(), *range(2001, 2007)]:
        assert f"{number:,}" in why
    assert all(line[0].isupper() or line[0].isdigit() for line in why.splitlines())
    assert all(line.endswith(".") for line in why.splitlines())
    assert "So it is." in why.splitlines()


def test_why_says_why_coverage_is_not_there() -> None:
    assert "Coverage was not looked at: too much." in replace(PLAIN, no_slots="too much").why()
