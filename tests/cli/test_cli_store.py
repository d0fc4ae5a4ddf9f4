"""`flowsql store compact` and `store forget`: what they say, and with which exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from flowsql.cli.main import main
from flowsql.workspace import Workspace

Make = Callable[..., bytes]


@pytest.fixture
def said(tmp_path: Path, workspace: Workspace, log_text: Make, capsys: pytest.CaptureFixture[str]):
    """Runs `flowsql store ...` on a store of two objects; gives the exit code and stderr."""
    for name, numbers in (("a.log", range(3)), ("b.log", range(10, 15))):
        (tmp_path / name).write_bytes(log_text(numbers))
        workspace.load([tmp_path / name])

    def run(*arguments: str) -> tuple[int, str]:
        code = main(["store", *arguments, "--store", str(workspace.store.folder)])
        captured = capsys.readouterr()
        assert captured.out == ""
        return code, captured.err

    return run


def test_forget_then_compact(
    said: Callable[..., tuple[int, str]], tmp_path: Path, workspace: Workspace
) -> None:
    name = str(tmp_path / "b.log")
    assert said("forget", name, "--dry-run") == (0, f"{name}\nwould forget 1 object with 5 records\n")
    assert workspace.info().records == 8
    code, text = said("forget", "2")
    assert (code, text) == (
        0,
        "forgot 1 object with 5 records (`flowsql store compact` frees the space)\n",
    )
    assert said("forget", name) == (0, "nothing to forget: it is forgotten already\n")
    code, text = said("compact")
    assert (code, text.startswith("2 segments became 1 with 3 records, 5 dead records removed;")) == (0, True)
    assert "2 replaced files will go after the grace period" in text
    assert said("compact", "--grace", "0s") == (0, "nothing to merge; deleted 2 replaced files\n")
    assert workspace.info().records == 3
    assert workspace.info().forgotten_objects == 1


def test_before(said: Callable[..., tuple[int, str]], workspace: Workspace) -> None:
    code, text = said("forget", "--before", "2026-11-23T00:00:04Z")
    assert code == 0
    assert text == (
        "1 object with 3 records before 2026-11-23T00:00:04Z expired; later loads leave older objects out;"
        " 1 object with 5 records only partly before it: kept whole"
        " (`flowsql store compact` frees the space)\n"
    )
    assert workspace.info().expired_objects == 1


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["forget"], 2, "one of them"),
        (["forget", "1", "--before", "1d"], 2, "one of them"),
        (["forget", "no-such.log"], 2, "no-such.log: no load has this id, and no object this name"),
        (["forget", "--source", "/nowhere"], 2, "--source /nowhere: no object was loaded from there"),
        (["forget", "--before", "someday"], 2, "someday"),
        (["compact", "--grace", "soon"], 2, "'soon' is no span of time"),
    ],
)
def test_wrong_use(
    arguments: list[str], code: int, expected: str, said: Callable[..., tuple[int, str]]
) -> None:
    given = said(*arguments)
    assert given[0] == code
    assert expected in given[1]
    assert "\n  try: " in given[1]


@pytest.mark.parametrize("arguments", [["compact"], ["forget", "1"]])
def test_without_a_store(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["store", *arguments, "--store", str(tmp_path / "none")]) == 3
    assert "there is no store here yet" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_figures_as_json(said: Callable[..., tuple[int, str]]) -> None:
    code, text = said("forget", "1", "--log", "json")
    told = json.loads(text)
    assert (code, told["kind"], told["objects"], told["records"]) == (0, "forget", 1, 3)
    told = json.loads(said("compact", "--log", "json")[1])
    assert (told["kind"], told["old_segments"], told["new_segments"], told["dead_records"]) == (
        "compact",
        2,
        1,
        3,
    )
