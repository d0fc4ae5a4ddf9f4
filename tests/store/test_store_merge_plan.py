"""Which segments are merged: nothing lost or doubled, few left, and no more copied than it is worth."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsql.store.merge_plan import SEGMENT_RECORDS, Candidate, Job, place_of, quick_plan, whole_plan

DAY = 86_400
_NUMBERS = itertools.count(100_000)
MIDNIGHT = 1_793_491_200  # 2026-11-01


def candidate(
    number: int, records: int, *, at: int = MIDNIGHT, dead: int = 0, columns: str = "a", place: str = ""
) -> Candidate:
    day = place or f"day={datetime.fromtimestamp(at, UTC).date()}"
    ids = frozenset({1}) if dead else frozenset()
    return Candidate(
        f"{number:06}", f"records/{day}/{number}.parquet", "", at, records, records - dead, (columns,), ids
    )


def sizes(jobs: list[Job]) -> list[list[int]]:
    return [[c.records for c in job] for job in jobs]


BIG, HALF = SEGMENT_RECORDS, SEGMENT_RECORDS // 2


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        ([], []),
        ([candidate(1, 5)], []),
        ([candidate(1, 5), candidate(2, 6)], [[5, 6]]),
        ([candidate(1, 5), candidate(2, 6, columns="b")], []),
        ([candidate(1, 5), candidate(2, 6, at=MIDNIGHT + DAY)], [[5, 6]]),
        ([candidate(1, 5), candidate(2, 6, at=MIDNIGHT - DAY)], []),
        ([candidate(1, 5), candidate(2, HALF + 1, at=MIDNIGHT + DAY)], []),
        ([candidate(1, 5, place="day=unknown"), candidate(2, 6, place="day=unknown")], [[5, 6]]),
        ([candidate(1, 5), candidate(2, 6, place="day=various")], []),
        ([candidate(1, BIG), candidate(2, BIG)], []),
        ([candidate(1, BIG, dead=1), candidate(2, BIG)], [[BIG]]),
        ([candidate(1, BIG, dead=BIG)], [[BIG]]),
        ([candidate(n, HALF) for n in range(4)], [[HALF, HALF], [HALF, HALF]]),
    ],
    ids=[
        *("none", "one", "same day", "other columns", "same month", "other month", "a full day stays apart"),
        *("without times", "of various days", "full", "dead loads", "only dead loads", "two full ones"),
    ],
)
def test_whole_plan(segments: list[Candidate], expected: list[list[int]]) -> None:
    assert sizes(whole_plan(segments)) == expected


def test_what_is_merged_goes_where_its_members_are_from() -> None:
    assert place_of((candidate(1, 5), candidate(2, 5))) == "day=2026-11-01"
    assert place_of((candidate(1, 5), candidate(2, 5, at=MIDNIGHT + DAY))) == "month=2026-11"
    assert place_of((candidate(1, 5, place="day=unknown"),)) == "day=unknown"


segments = st.lists(
    st.tuples(
        st.integers(1, 1_200_000) | st.integers(1, 2_000),
        st.integers(0, 70).map(lambda days: MIDNIGHT + days * DAY),
        st.sampled_from("ab"),
        st.booleans(),
    ),
    max_size=40,
).map(
    lambda rows: [
        candidate(n, records, at=at, columns=columns, dead=records // 3 if is_dead else 0)
        for n, (records, at, columns, is_dead) in enumerate(rows)
    ]
)


def after(candidates: list[Candidate], jobs: list[Job]) -> list[Candidate]:
    """The segments once the jobs are done."""
    merged = {c.segment_id for job in jobs for c in job}
    left = [c for c in candidates if c.segment_id not in merged]
    for job in jobs:
        live = sum(c.live_records for c in job)
        at, columns = min(c.min_time or 0 for c in job), job[0].columns[0]
        if live:
            left.append(candidate(next(_NUMBERS), live, at=at, columns=columns, place=place_of(job)))
    return left


@given(candidates=segments)
def test_whole_plan_leaves_nothing_to_do(candidates: list[Candidate]) -> None:
    jobs = whole_plan(candidates)
    ids = [c.segment_id for job in jobs for c in job]
    assert len(ids) == len(set(ids))
    assert all(len({c.columns for c in job}) == 1 for job in jobs)
    assert all(len(job) == 1 or sum(c.live_records for c in job) <= SEGMENT_RECORDS for job in jobs)
    left = after(candidates, jobs)
    assert not any(c.dead for c in left)
    assert len(after(left, whole_plan(left))) <= len(left)


@given(candidates=segments)
def test_quick_plan_copies_little(candidates: list[Candidate]) -> None:
    for job in quick_plan(candidates):
        assert sum(c.records for c in job) <= min(SEGMENT_RECORDS, 62_500 * (len(job) - 1))


@pytest.mark.parametrize(("records", "most", "copies"), [(10, 10, 8), (1_000, 15, 8), (3_000, 50, 6)])
def test_many_small_loads_end_in_few_segments(records: int, most: int, copies: int) -> None:
    """Ten days of 5-minute objects, each loaded by itself."""
    left: list[Candidate] = []
    copied = 0
    for slot in range(2_880):
        left.append(candidate(10_000 + slot, records, at=MIDNIGHT + slot * 300))
        jobs = quick_plan(left)
        copied += sum(c.records for job in jobs for c in job)
        left = after(left, jobs)
        assert len(left) <= most
    assert sum(c.records for c in left) == 2_880 * records
    assert copied <= copies * 2_880 * records


def test_a_big_load_is_left_as_it_is() -> None:
    assert quick_plan([candidate(n, 330_000, at=MIDNIGHT + n % 3 * DAY) for n in range(30)]) == []
