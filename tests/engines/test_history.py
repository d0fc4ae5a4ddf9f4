"""`-- history: SPAN` of a saved query, and `records_with_history`."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowsql.workspace import Workspace

HOUR = 1_700_006_400  # 2023-11-15 00:00:00 UTC
SQL = """\
-- Which ports were there, and which of them before?
-- history: 2h
select dstport, count(*) filter (where "start" < $since) as before, count(*) as records
from records_with_history
group by dstport
order by dstport
"""
BOUNDED = {"since": "2023-11-15T03:00Z", "until": "2023-11-15T04:00Z"}


@pytest.fixture
def queries(tmp_path: Path, workspace: Workspace) -> Path:
    """The folder of the workspace's queries, whose store has a record at each of six hours."""
    log = tmp_path / "a.log"
    records = [f"eni-{hour % 2} {hour} {HOUR + hour * 3600} {HOUR + hour * 3600 + 50}" for hour in range(6)]
    log.write_text("\n".join(["interface-id dstport start end", *records]) + "\n")
    workspace.load([log])
    folder = tmp_path / "queries"
    folder.mkdir()
    (folder / "seen.sql").write_text(SQL)
    return folder


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (BOUNDED, [(1, 1, 1), (2, 1, 1), (3, 0, 1)]),
        ({"since": "2023-11-15T05:00Z"}, [(3, 1, 1), (4, 1, 1), (5, 0, 1)]),
        ({"until": "2023-11-15T02:00Z"}, [(0, 0, 1), (1, 0, 1)]),
        ({**BOUNDED, "interface": "eni-1"}, [(1, 1, 1), (3, 0, 1)]),
        ({**BOUNDED, "port": "2"}, [(2, 1, 1)]),
        ({"since": "1970-01-01T01:00Z", "until": "2023-11-15T01:00Z"}, [(0, 0, 1)]),
    ],
    ids=str,
)
def test_records_reach_back(
    workspace: Workspace, queries: Path, options: dict[str, str], expected: list[tuple[int, ...]]
) -> None:
    rows = workspace.run("seen", **options).read_all().to_pylist()
    assert [tuple(row.values()) for row in rows] == expected


def test_without_a_declaration_they_are_the_records(workspace: Workspace, queries: Path) -> None:
    (queries / "seen.sql").write_text(SQL.replace("-- history: 2h\n", ""))
    assert workspace.run("seen", **BOUNDED).read_all().num_rows == 1
    assert workspace.sql("select count(*) as n from records_with_history").read_all().to_pylist() == [
        {"n": 6}
    ]


@pytest.mark.parametrize(
    ("options", "note"),
    [
        (BOUNDED, None),
        (
            {"since": "2023-11-15T01:00Z"},
            "compared with what the store has since 2023-11-15T00:00:00Z, not 2h",
        ),
        ({"since": "2023-11-15T00:00Z"}, "the store has nothing before the window to compare with"),
        ({}, "without --since there is no time before the window to compare with"),
    ],
    ids=str,
)
def test_the_trust_line_tells_of_a_past_that_is_not_there(
    workspace: Workspace, queries: Path, options: dict[str, str], note: str | None
) -> None:
    trust = workspace.run("seen", **options).trust
    assert trust is not None
    assert note in trust.line() if note else trust.notes == ()
