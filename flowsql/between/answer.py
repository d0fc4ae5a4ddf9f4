"""The answer to `flowsql between`: its verdict, what could not be decided, the evidence by bins of time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from flowsql.between.evidence import find_ends, gather, narrowed
from flowsql.between.verdict import notes_of, verdict_of
from flowsql.engines.duckdb_engine import Session
from flowsql.result import Result


@dataclass(frozen=True, slots=True)
class Between:
    """`verdict` is one sentence, `notes` others on what it rests on; `result` has a row a bin and opener."""

    verdict: str
    notes: tuple[str, ...]
    result: Result


def answer_between(session: Session, a: str, b: str, port: int | None, bin_s: int | None) -> Between:
    """Whether A reached B, since when not, and what shows it; the session sees only the two from then on.

    Raises UsageError for ends that are none, QueryError.
    """
    one, other = find_ends(session, a, b)
    session.renew(narrowed(session.options, one, other, port))
    evidence = gather(session, one, other, port, bin_s)
    concludes_from_absence = not evidence.services or any(s["silent"] for s in evidence.services)
    evidence.bins.judge = partial(session.trust, "select counted from flows", absence=concludes_from_absence)
    evidence.bins.title = f"Did {one.name} reach {other.name}?"
    return Between(verdict_of(evidence), tuple(notes_of(evidence)), evidence.bins)
