"""A store with a few records, a shell over it, and a real terminal to run the program in."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from flowsql.cli.main import main
from flowsql.cli.narrator import Narrator
from flowsql.repl.settings import Settings
from flowsql.repl.shell import Shell
from flowsql.workspace import Workspace

_HEADER = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end"
    " action log-status vpc-id\n"
)
_START = 1_795_392_000


def _records(first: int, number: int) -> str:
    """Lines of a log: ten addresses, two interfaces, every third record rejected."""
    return _HEADER + "".join(
        f"2 123456789012 eni-{i % 2:017x} 10.0.0.{i % 10} 10.9.0.1 {2000 + i} {443 if i % 2 else 22} 6 {i} {i * 100}"
        f" {_START + i * 60} {_START + i * 60 + 59} {'ACCEPT' if i % 3 else 'REJECT'} OK vpc-0abc\n"
        for i in range(first, first + number)
    )


@pytest.fixture
def records() -> Callable[[int, int], str]:
    """Makes the text of a log with records number `first` and on."""
    return _records


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with 300 records, which tests only read."""
    folder = tmp_path_factory.mktemp("repl")
    (folder / "a.log").write_text(_records(1, 300))
    with Workspace(folder / "store") as workspace:
        workspace.load([folder / "a.log"])
    return folder / "store"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own: config, history, and nobody else's pager or editor."""
    for name in ("PAGER", "FLOWSQL_PAGER", "EDITOR", "VISUAL", "NO_COLOR", "LESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


class Ran:
    """A shell without a terminal; `run` gives code, stdout and stderr of the inputs in a text."""

    def __init__(self, store: Path, capsys: pytest.CaptureFixture[str], **texts: object) -> None:
        self.workspace = Workspace(store)
        settings = Settings(max_rows=None, bail=True)
        self.shell = Shell(self.workspace, Narrator(), main, texts, settings=settings, terminal=False)
        self._capsys = capsys

    def run(self, text: str) -> tuple[int, str, str]:
        code = self.shell.run_lines(text.splitlines(keepends=True), "script")
        sys.stdout.flush()
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err


@pytest.fixture
def shell(filled: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Ran]:
    """A shell over the filled store."""
    ran = Ran(filled, capsys)
    with ran.shell:
        yield ran


def _terminal_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("terminal", Path(__file__).with_name("terminal.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Start = Callable[..., Any]


@pytest.fixture
def terminal(filled: Path, home: Path) -> Iterator[Start]:
    """Starts `flowsql repl ARGUMENTS...` over the filled store and waits for its prompt."""
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    module = _terminal_module()
    started: list[Any] = []

    def start(*arguments: str, columns: int = 100, rows: int = 30, store: Path = filled) -> Any:
        command = [sys.executable, "-m", "flowsql.cli.main", "repl", "--store", str(store), *arguments]
        started.append(module.Terminal(command, columns, rows))
        started[-1].wait(module.PROMPT)
        started[-1].wait("300 records")  # the names are read
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def ran(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[[Path], contextlib.AbstractContextManager[Ran]]:
    """Opens a shell over a store of one's own."""

    @contextlib.contextmanager
    def open_shell(store: Path) -> Iterator[Ran]:
        opened = Ran(store, capsys)
        with opened.shell:
            yield opened

    return open_shell
