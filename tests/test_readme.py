"""README's first answer is what flowsql says, and what it offers to type can be typed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from flowsql.cli.main import main

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
(TYPED, SHOWN), *_ = re.findall(r"```console\n\$ flowsql (.*)\n((?:.*\n)*?)```", README)
ROWS = README.partition("| question |")[2].partition("\n\n")[0].splitlines()[2:]
COMMANDS = [command for row in ROWS for command in re.findall(r"`flowsql ([^`]*)`", row.split("|")[-2])]
Said = Callable[[str], tuple[int, str]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store that README speaks of, made by the command that it names."""
    folder = tmp_path_factory.mktemp("readme")
    command = re.search(r"flowsql (generate) logs/ (--records \d+)`", README)
    assert command
    assert main([command[1], str(folder / "logs"), *command[2].split()]) == 0
    assert main(["load", str(folder / "logs"), "--store", str(folder / "store"), "--quiet"]) == 0
    return folder / "store"


@pytest.fixture
def said(store: Path, capfd: pytest.CaptureFixture[str]) -> Said:
    """Runs a command line over that store: its exit code, what it wrote."""

    def run(command: str) -> tuple[int, str]:
        capfd.readouterr()
        code = main([*shlex.split(command), "--store", str(store), "--format", "table"])
        captured = capfd.readouterr()
        return code, captured.out + captured.err

    return run


def test_the_first_answer(said: Said) -> None:
    assert said(TYPED) == (0, SHOWN)


def test_there_are_seven_questions() -> None:
    assert len(COMMANDS) == 7


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_typed_here_answers(said: Said, command: str) -> None:
    code, output = said(command)
    assert code == 0
    assert "(0 rows)" not in output
