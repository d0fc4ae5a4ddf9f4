"""The ledger from the descriptions of loads in segments: the rules of committing, applied once more."""

from __future__ import annotations

from typing import Any

import pytest

from flowsql.store.replay import KnownLoad, Replay, replace_superseded_parts


def load(load_id: int, identity: str = "", **more: Any) -> dict[str, Any]:
    described = {
        "load_id": load_id,
        "identity": identity or f"sha256:{load_id}",
        "content_hash": f"hash {load_id}",
    }
    counts = {
        "records": 5,
        "nodata": 0,
        "skipdata": 0,
        "content_bytes": 100,
        "head_sha256": f"head {load_id}",
    }
    return {**described, **counts, "state": "live", "replaces": [], **more}


@pytest.mark.parametrize(
    ("loads", "expected"),
    [
        ([load(1), load(2)], {1: ("live", None), 2: ("live", None)}),
        ([load(1, "aws:x"), load(2, "aws:x")], {1: ("replaced", 2), 2: ("live", None)}),
        ([load(1, "aws:x"), load(2, "aws:x", content_hash="hash 1")], {1: ("live", None)}),
        ([load(1), load(2, replaces=[1])], {1: ("replaced", 2), 2: ("live", None)}),
        ([load(1), load(2, replaces=[1]), load(3, replaces=[1])], {1: ("replaced", 2), 2: ("live", None)}),
        ([load(2, replaces=[1]), load(3, replaces=[1])], {2: ("live", None)}),
        ([load(1, state="dropped"), load(2)], {2: ("live", None)}),
        ([load(1, content_hash=""), load(2)], {2: ("live", None)}),
        ([load(1, state="incomplete", content_hash="")], {1: ("incomplete", None)}),
        ([load(1, state="replaced"), load(2, replaces=[1])], {1: ("replaced", 2), 2: ("live", None)}),
        ([load(1, "aws:x", state="replaced"), load(2, "aws:x")], {1: ("replaced", 2), 2: ("live", None)}),
        ([load(1, "aws:x", state="forgotten"), load(2, "aws:x")], {1: ("forgotten", None)}),
        ([load(1, state="forgotten"), load(2, replaces=[1])], {1: ("replaced", 2), 2: ("live", None)}),
        ([load(1), load(2, "sha256:1", content_hash="hash 1"), load(3, replaces=[2])], {1: ("replaced", 3), 3: ("live", None)}),
    ],
    ids=["apart", "same name", "twin", "grown", "race lost", "race over what is gone", "dropped", "dropped by version 1",
         "incomplete", "compacted", "compacted, same name", "forgotten", "brought back", "replaces a twin"],
)  # fmt: skip
def test_replay(loads: list[dict[str, Any]], expected: dict[int, Any]) -> None:
    replay = Replay({})
    replay.commit(loads)
    assert {i: (known.state, known.replaced_by) for i, known in replay.known.items()} == expected


def test_replay_upon_a_ledger() -> None:
    known = {
        1: KnownLoad("aws:x", "hash 1", "live", (5, 0, 0)),
        2: KnownLoad("a", "hash 2", "live", (5, 0, 0)),
    }
    replay = Replay(known)
    replay.commit([load(1, "aws:x"), load(2, "a", state="forgotten"), load(3, "aws:x")])
    assert {i: k.state for i, k in known.items()} == {1: "replaced", 2: "forgotten", 3: "live"}
    assert list(replay.added) == [3]


@pytest.mark.parametrize(("size", "state"), [(100, "replaced"), (99, "incomplete")])
def test_incomplete_beginning_of_a_whole_object_gives_way(size: int, state: str) -> None:
    replay = Replay({})
    replay.commit(
        [load(1, state="incomplete", head_sha256="same"), load(2, head_sha256="same", content_bytes=size)]
    )
    replace_superseded_parts(replay)
    assert replay.known[1].state == state
