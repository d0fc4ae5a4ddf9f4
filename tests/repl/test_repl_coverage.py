"""What the line at the bottom says of coverage."""

from __future__ import annotations

import threading

import pytest

from flowsql.engines.duckdb_engine import Session
from flowsql.repl.coverage import Coverage, coverage_text
from flowsql.trust import Slots, Trust


@pytest.mark.parametrize(
    ("slots", "text"),
    [
        (None, ""),
        (Slots(), ""),
        (Slots(covered=3, idle=1), "all covered"),
        (Slots(covered=999, gap=1), "99 % covered"),
        (Slots(covered=1, unknown=999), "under 1 % covered"),
    ],
)
def test_share_of_slots(slots: Slots | None, text: str) -> None:
    assert coverage_text(Trust("all records", 1, slots=slots)) == text


def test_it_is_found_out_once_for_each_look(shell, monkeypatch) -> None:
    shell = shell.shell
    looked: list[str] = []
    coverage = Coverage(shell)
    coverage.on_read = lambda: looked.append(coverage_text(shell.counted))
    assert shell.counted is None
    for _ in range(2):
        _caught_up(coverage)
    shell.look({"since": "2026-11-23T00:00:00Z", "until": "2026-11-23T00:10:00Z"})
    assert shell.counted is None
    _caught_up(coverage)
    assert len(looked) == 2
    assert all(text.endswith("covered") for text in looked)


def test_counting_can_be_given_up(shell, monkeypatch) -> None:
    shell = shell.shell
    began = threading.Event()

    def endless(session: Session) -> None:
        began.set()
        session.rows(
            "select count(*) from range(100000000) a, range(10000) b where a.range % 7 = b.range % 3"
        )

    monkeypatch.setattr(Session, "trust", endless)
    coverage = Coverage(shell)
    coverage.catch_up()
    assert began.wait(60)
    coverage.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "coverage"]
    assert shell.counted is None


def _caught_up(coverage: Coverage) -> None:
    coverage.catch_up()
    coverage.wait(60)
