"""A LoadReport in words, and the exit code that it means."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from flowsql import exit_codes
from flowsql.cli.narrator import Narrator

if TYPE_CHECKING:
    from flowsql.loading.report import LoadReport

# Of many notices, or problems alike, of one load only so many are said without --verbose.
_FEW = 5


def tell_report(
    report: LoadReport,
    narrator: Narrator,
    *,
    brief: bool = False,
    dry_run: bool = False,
    max_rejects: int | None = None,
) -> int:
    """Says what was loaded and what was not, errors last; returns the exit code.

    `brief` leaves out the summary sentence, for loads that only serve a query.
    """
    notices = report.notices if narrator.is_verbose else report.notices[:_FEW]
    for notice in notices:
        narrator.notice(notice)
    if len(notices) < len(report.notices):
        narrator.notice(f"... and {len(report.notices) - len(notices)} more notices (--verbose)")
    for reason, (lines, first) in sorted(report.reject_reasons.items(), key=lambda item: -item[1][0]):
        narrator.notice(f"rejected {lines:,} {_plural(lines, 'line')}: {reason} (first: {first})")
    _tell_problems(report, narrator)
    if not brief:
        narrator.figures("load", summary(report, dry_run=dry_run), **_figures(report, dry_run=dry_run))
    codes = [exit_codes.of_error(problem) for problem in report.problems]
    if max_rejects is not None and report.rejects > max_rejects:
        narrator.notice(f"more lines rejected than --max-rejects {max_rejects} allows")
        codes.append(exit_codes.TOO_MANY_REJECTS)
    if report.stopped_by:
        codes.append(exit_codes.of_error(report.stopped_by))
    return exit_codes.worst(codes)


def _tell_problems(report: LoadReport, narrator: Narrator) -> None:
    """All problems; of many objects with the same one only a few, without --verbose."""
    alike = Counter((problem.cause, problem.remedy) for problem in report.problems)
    told: Counter[tuple[str, str]] = Counter()
    for problem in report.problems:
        kind = (problem.cause, problem.remedy)
        told[kind] += 1
        if told[kind] <= _FEW or narrator.is_verbose:
            narrator.error(problem)
        elif told[kind] == alike[kind]:
            narrator.notice(f"... and {alike[kind] - _FEW} more objects with this problem (--verbose)")


def summary(report: LoadReport, *, dry_run: bool = False) -> str:
    """One sentence: records, objects by outcome, rejects, time."""
    objects = ", ".join(f"{n:,} {outcome}" for outcome, n in report.objects.items() if n)
    verb = "would load" if dry_run else "loaded"
    rejects = f"; {report.rejects:,} {_plural(report.rejects, 'line')} rejected" if report.rejects else ""
    per_s = report.records / report.elapsed_s if report.elapsed_s else 0
    speed = f" in {report.elapsed_s:.1f} s ({per_s:,.0f} records/s)" if report.records else ""
    records = f"{report.records:,} {_plural(report.records, 'record')}"
    return f"{verb} {records}{speed}; objects: {objects or 'none'}{rejects}"


def _figures(report: LoadReport, *, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "objects": {outcome.name.lower(): n for outcome, n in report.objects.items() if n},
        "lines": report.lines,
        "records": report.records,
        "nodata": report.nodata,
        "skipdata": report.skipdata,
        "rejects": report.rejects,
        "elapsed_s": round(report.elapsed_s, 3),
    }


def _plural(number: int, noun: str) -> str:
    return noun if number == 1 else f"{noun}s"
