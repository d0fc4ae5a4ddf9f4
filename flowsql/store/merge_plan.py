"""Which segments are to be merged with which: pure arithmetic on what the catalogue says of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

import duckdb

SEGMENT_RECORDS = 1_000_000
# Days with fewer records of a column set share the segments of their month.
_DAY_RECORDS = SEGMENT_RECORDS // 2
# A load merges that many small segments of the newest day or month, and older ones at once.
_MANY = 8
# Each segment less saves a query about a millisecond. A load pays at most so many records copied for it.
_RECORDS_A_SEGMENT_LESS = 62_500


@dataclass(frozen=True, slots=True)
class Candidate:
    """A listed segment. `place` is its folder below records/, `dead` are the loads that no longer count."""

    segment_id: str
    path: str
    sha256: str
    min_time: int | None
    records: int
    live_records: int
    columns: tuple[str, ...]
    dead: frozenset[int]

    @property
    def place(self) -> str:
        """Its folder below records/: `day=2026-11-23`, `month=2026-11` or `day=unknown`."""
        return self.path.split("/")[1]

    @property
    def _age(self) -> tuple[int, str]:
        return (-1 if self.min_time is None else self.min_time, self.segment_id)


# Segments that become one, in the order of their records; a single one if only to lose its dead loads.
Job = tuple[Candidate, ...]


def read_candidates(con: duckdb.DuckDBPyConnection, alias: str = "catalog") -> list[Candidate]:
    """All segments of an attached catalogue."""
    rows = con.execute(
        f"""
        with dead as (
            select segment_id, list(load_id) as load_ids, sum(coalesce(segment_loads.records, 0)) as records
            from {alias}.dead_loads left join {alias}.segment_loads using (segment_id, load_id)
            group by segment_id
        )
        select segment_id, path, sha256, coalesce(min_start, min_end), segments.records,
            cast(segments.records - coalesce(dead.records, 0) as bigint), columns, coalesce(load_ids, [])
        from {alias}.segments left join dead using (segment_id)
        order by segment_id
        """
    ).fetchall()
    return [
        Candidate(segment_id, path, sha256, min_time, records, live, tuple(columns), frozenset(dead))
        for segment_id, path, sha256, min_time, records, live, columns, dead in rows
    ]


def whole_plan(candidates: Sequence[Candidate]) -> list[Job]:
    """The jobs after which no dead load is left, and nothing small that has a neighbour to merge with."""
    jobs = []
    for group in _groups(candidates):
        packs: list[list[Candidate]] = [[]]
        for candidate in sorted(group, key=attrgetter("_age")):
            if candidate.live_records > SEGMENT_RECORDS // 2:
                packs.insert(0, [candidate])
            elif _live(packs[-1]) + candidate.live_records > SEGMENT_RECORDS:
                packs.append([candidate])
            else:
                packs[-1].append(candidate)
        jobs += [tuple(pack) for pack in packs if len(pack) > 1 or any(c.dead for c in pack)]
    return jobs


def quick_plan(candidates: Sequence[Candidate]) -> list[Job]:
    """The jobs that pay after a small load: they copy few records for each segment less.

    Where records still arrive, sizes grow threefold from one to the next, so that each record is copied a
    few times only however many loads there are.
    """
    newest = {c.columns: c.place for c in sorted(candidates, key=attrgetter("_age"))}
    groups = _groups(candidates)
    jobs = []
    for group in groups:
        is_growing = any(newest[c.columns] == c.place for c in group)
        if len(group) >= (_MANY if is_growing else 2):
            job = _cheapest(sorted(group, key=lambda c: (c.records, *c._age)), is_growing=is_growing)
            if len(job) >= (_MANY // 2 if is_growing else 2):
                jobs.append(tuple(sorted(job, key=attrgetter("_age"))))
    return jobs


def _cheapest(group: Sequence[Candidate], *, is_growing: bool) -> list[Candidate]:
    """The longest beginning of the group, smallest first, that is worth merging."""
    best = 0
    total = 0
    for number, candidate in enumerate(group, start=1):
        if total + candidate.records > SEGMENT_RECORDS:
            break
        if is_growing and number > 1 and candidate.records > 2 * total:
            break
        total += candidate.records
        if number > 1 and total <= _RECORDS_A_SEGMENT_LESS * (number - 1):
            best = number
    return list(group[:best])


def _groups(candidates: Iterable[Candidate]) -> list[list[Candidate]]:
    """Segments that may be merged: of one column set, and one day, or one month of days with few records."""
    days: dict[tuple[tuple[str, ...], str], list[Candidate]] = {}
    for candidate in candidates:
        days.setdefault((candidate.columns, candidate.place), []).append(candidate)
    groups: dict[tuple[tuple[str, ...], str], list[Candidate]] = {}
    for (columns, place), members in sorted(days.items()):
        is_big = _live(members) >= _DAY_RECORDS
        groups.setdefault((columns, place if is_big else month_of(place)), []).extend(members)
    return list(groups.values())


def month_of(place: str) -> str:
    """The folder of a day's month; what is no day stays where it is."""
    kind, _, value = place.partition("=")
    return f"month={value[:7]}" if kind == "day" and value[:1].isdigit() else place


def place_of(job: Job) -> str:
    """The folder of a job's segment: that of all its members, else their month's."""
    places = {candidate.place for candidate in job}
    return places.pop() if len(places) == 1 else month_of(job[0].place)


def _live(candidates: Iterable[Candidate]) -> int:
    return sum(candidate.live_records for candidate in candidates)
