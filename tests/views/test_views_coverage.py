from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

Record = dict[str, Any]
Ask = Callable[[Sequence[Record], str], list[tuple[Any, ...]]]
Window = Callable[..., None]
StoreTimes = Callable[[dict[str, tuple[int, int]]], None]

T = 1_700_006_400  # 2023-11-15 00:00:00 UTC
STATES = "select slot_start, state from coverage order by capture_point, slot_start"


@pytest.fixture
def ask(ask: Callable[[str, Sequence[Record]], list[tuple[Any, ...]]]) -> Ask:
    """Records first: there are more of them."""
    return lambda records, sql: ask(sql, records)


def flow(start: int, length: int = 3, interface: str | None = "eni-1", **more: Any) -> Record:
    return {
        "interface_id": interface,
        "start": T + start,
        "end": T + start + length,
        "log_status": "OK",
        **more,
    }


def status(kind: str, start: int, length: int = 60, interface: str = "eni-1") -> Record:
    return flow(start, length, interface, log_status=kind)


def minutes(*numbers: int, interface: str = "eni-1") -> list[Record]:
    """A flow that fills each of these minutes."""
    return [flow(60 * number, 59, interface) for number in numbers]


def states(rows: list[tuple[Any, ...]]) -> list[tuple[int, str]]:
    return [(start - T, state) for start, state in rows]


@pytest.mark.parametrize("slot_s", [60, 600])
@pytest.mark.parametrize("phase", [0, 17, 55])
@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.reuse, Phase.generate],  # a case takes a tenth of a second
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_one_short_flow_in_every_slot_is_full_coverage(
    ask: Ask, slot_s: int, phase: int, data: st.DataObject
) -> None:
    length = data.draw(st.integers(0, 5))
    offsets = data.draw(st.lists(st.integers(0, slot_s - length - 1), min_size=12, max_size=30))
    records = [flow(phase + number * slot_s + offset, length) for number, offset in enumerate(offsets)]
    rows = ask(records, "select slot_s, state, count(*), sum(records) from coverage group by all")
    assert {state for _, state, _, _ in rows} == {"covered"}
    assert sum(counted for *_, counted in rows) == len(records)
    (percents,) = zip(*ask(records, "select covered_percent from coverage_by_hour"), strict=True)
    assert set(percents) == {100}


def test_each_kind_of_record_gives_its_slot_a_state(ask: Ask) -> None:
    records = [
        *minutes(0),
        status("NODATA", 60),
        *minutes(2),
        status("SKIPDATA", 130, 20),
        status("SKIPDATA", 180),
        *minutes(6),
    ]
    sql = "select slot_start, slot_s, state, records, flows from coverage order by slot_start"
    assert ask(records, sql) == [
        (T, 60, "covered", 1, 1),
        (T + 60, 60, "idle", 1, 0),
        (T + 120, 60, "partial", 2, 1),
        (T + 180, 60, "partial", 1, 0),
        (T + 240, 60, "gap", 0, 0),
        (T + 300, 60, "gap", 0, 0),
        (T + 360, 60, "covered", 1, 1),
    ]
    assert ask(
        records, "select slots, covered, idle, partial, gap, unknown, covered_percent from coverage_by_hour"
    ) == [(7, 2, 1, 2, 2, 0, 42.86)]


@pytest.mark.parametrize(
    ("records", "slot_s"),
    [
        (minutes(0, 1, 2, 5), 60),
        ([flow(0, 599), flow(600, 3)], 600),
        ([status("NODATA", 0, 600), flow(601)], 600),
        ([status("NODATA", 16, 58), flow(90)], 60),
        ([flow(600 * n, 3) for n in range(6)], 600),
        ([flow(60 * n, 3) for n in range(6)], 60),
        ([flow(0, 3, None, tgw_attachment_id="tgw-attach-1")], 60),
        ([flow(0, 115)], 600),
        ([flow(7)], 600),
    ],
    ids=[
        "full minutes",
        "longer than a minute",
        "NODATA of ten minutes",
        "NODATA of a minute",
        "short flows every ten minutes",
        "short flows every minute",
        "transit gateway",
        "one of AWS's examples",
        "one short flow",
    ],
)
def test_the_slot_is_learned_from_the_records(ask: Ask, records: list[Record], slot_s: int) -> None:
    assert ask(records, "select distinct slot_s from coverage") == [(slot_s,)]


def test_a_rare_wrong_time_changes_nothing(ask: Ask) -> None:
    records = [*minutes(*range(200)), flow(120, 10**9)]
    assert ask(records, "select slot_s, state, count(*) from coverage group by all") == [(60, "covered", 200)]


@pytest.mark.parametrize("phase", [0, 16, 30, 59])
def test_slots_begin_where_the_captures_do(ask: Ask, phase: int) -> None:
    numbers = [n for n in range(30) if n not in (7, 20, 21)]
    records = [flow(phase + 60 * n, 59) for n in numbers]
    records[5] = status("NODATA", phase + 60 * 5, 58)
    rows = ask(records, STATES)
    assert [start - T for start, _ in rows] == [phase + 60 * n for n in range(30)]
    assert [n for n, (_, state) in enumerate(rows) if state == "gap"] == [7, 20, 21]
    assert [n for n, (_, state) in enumerate(rows) if state == "idle"] == [5]


def test_a_record_covers_all_slots_it_touches_and_counts_in_one(ask: Ask) -> None:
    records = [*minutes(*range(100)), *minutes(103), flow(100 * 60 + 10, 150)]
    rows = ask(records, "select slot_start, state, records from coverage order by slot_start desc limit 4")
    assert [(start - T, state, counted) for start, state, counted in rows] == [
        (103 * 60, "covered", 1),
        (102 * 60, "covered", 0),
        (101 * 60, "covered", 0),
        (100 * 60, "covered", 1),
    ]


def test_before_the_first_record_and_after_the_last_nothing_is_known(ask: Ask, window: Window) -> None:
    records = [*minutes(*range(10), interface="eni-a"), *minutes(3, 4, 6, 7, interface="eni-b")]
    window(since=T, until=T + 600)
    rows = ask(records, "select slot_start, state from coverage where capture_point = 'eni-b' order by 1")
    assert states(rows) == [
        *((60 * n, "unknown") for n in (0, 1, 2)),
        *((60 * n, "covered") for n in (3, 4)),
        (300, "gap"),
        *((60 * n, "covered") for n in (6, 7)),
        *((60 * n, "unknown") for n in (8, 9)),
    ]


@pytest.mark.parametrize(
    ("arrived", "lag", "gaps"),
    [(None, None, [5, 6]), (60 * 7 + 960, None, [5, 6]), (60 * 6 + 960, None, [5]), (60 * 7, 60, [5])],
    ids=["all of it", "long ago", "AWS's lag", "a lag as given"],
)
def test_what_may_still_arrive_is_no_gap(
    ask: Ask, window: Window, arrived: int | None, lag: int | None, gaps: list[int]
) -> None:
    window(arrived=None if arrived is None else T + arrived, lag=lag)
    rows = ask(minutes(0, 1, 2, 3, 4, 7), STATES)
    assert [n for n, (_, state) in enumerate(rows) if state == "gap"] == gaps
    assert [n for n, (_, state) in enumerate(rows) if state == "unknown"] == [
        n for n in (5, 6) if n not in gaps
    ]


def test_slots_that_the_window_cuts_are_not_gaps(ask: Ask, window: Window, store_times: StoreTimes) -> None:
    store_times({"eni-1": (T - 9000, T + 9000)})
    window(since=T + 90, until=T + 270)
    assert states(ask(minutes(2, 3), STATES)) == [
        (60, "unknown"),
        (120, "covered"),
        (180, "covered"),
        (240, "unknown"),
    ]


def test_an_interface_silent_in_all_of_the_window_has_gaps(
    ask: Ask, window: Window, store_times: StoreTimes
) -> None:
    store_times({"eni-z": (T - 9000, T + 9000), "eni-y": (T - 9000, T - 5)})
    window(since=T, until=T + 1200)
    rows = ask(
        minutes(*range(20)), "select capture_point, state, count(*) from coverage group by all order by 1"
    )
    assert rows == [("eni-1", "covered", 20), ("eni-z", "gap", 2)]


def test_capture_points_are_interfaces_gateways_and_attachments(ask: Ask) -> None:
    records = [
        flow(0),
        flow(0, 3, None, resource_id="nat-1"),
        flow(0, 3, None, tgw_attachment_id="tgw-attach-1", tgw_id="tgw-1"),
        flow(0, 3, None),
        {"interface_id": "eni-2", "log_status": "OK"},
    ]
    assert ask(records, "select capture_point from coverage order by 1") == [
        ("eni-1",),
        ("nat-1",),
        ("tgw-attach-1",),
    ]


def test_idle_means_none_of_that_kind_in_a_reject_only_log(ask: Ask) -> None:
    records = [flow(0, 50, action="REJECT"), status("NODATA", 60), flow(120, 50, action="REJECT")]
    assert [state for _, state in ask(records, STATES)] == ["covered", "idle", "covered"]
