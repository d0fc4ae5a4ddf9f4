"""Another load commits between the reading and the commit of this one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from flowsql.loading.report import Outcome, Progress
from flowsql.workspace import Workspace

AWS = "123456789012_vpcflowlogs_us-east-1_fl-0a1b2c3d4e5f60718_20261123T0000Z_1a2b3c4d.log"
L, R, K = Outcome.LOADED, Outcome.REPLACED, Outcome.KNOWN


@pytest.mark.parametrize(
    ("turns", "outcomes", "expected"),
    [
        (([], [("x", 5)], [("x", 5)]), [K], 5),
        (([], [("x", 5)], [("x", 5), ("y", 8)]), [K, R], 8),
        (([], [("x", 8)], [("x", 8), (AWS, 5)]), [K, L], 13),
        (([], [(AWS, 5)], [(AWS, 8)]), [L], 8),
        (([("x", 5)], [("x", 8)], [("x", 8)]), [K], 8),
        (([(AWS, 5)], [(AWS, 8)], [(AWS, 8)]), [K], 8),
        (([("x", 5)], [("y", 7)], [("z", 9)]), [K], 7),
    ],
    ids=[
        *("the same", "the same, and one that grew out of it", "the same, and another"),
        *("an older version of AWS's object", "the same growth", "the same new version", "other growth"),
    ],
)
def test_race(
    turns: tuple[list[tuple[str, int]], ...],
    outcomes: list[Outcome],
    expected: int,
    tmp_path: Path,
    workspace: Workspace,
    log_text: Callable[..., bytes],
    numbers_in: Callable[..., list[int]],
) -> None:
    """What is loaded before, then by the other, then by this load: objects as (name, number of records), of
    which a longer one continues a shorter one.
    """
    before, other, mine = turns

    def write(folder: str, objects: list[tuple[str, int]]) -> list[Path]:
        paths = [tmp_path / folder / name for name, _ in objects]
        for path, (_, records) in zip(paths, objects, strict=True):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(log_text(range(records)))
        return paths

    workspace.load(write("before", before)) if before else workspace.store.create()
    theirs, ours = write("other", other), write("mine", mine)

    def let_the_other_in(progress: Progress) -> None:
        if progress.objects_done == len(mine):
            Workspace(workspace.store.folder).load(theirs)

    report = workspace.load(ours, on_progress=let_the_other_in)
    assert report.stopped_by is None
    assert +report.objects == Counter(outcomes)
    assert len(numbers_in(workspace)) == expected
    assert workspace.info().records == expected
    # Who lost a race is not remembered: what was not loaded after all comes with the next load.
    workspace.load(ours)
    largest = max(records for _, records in [*before, *other, *mine])
    assert set(numbers_in(workspace)) == set(range(largest))
