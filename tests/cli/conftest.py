"""The command line, run in this process, and a store with a few records."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from flowsql.cli.main import main

HEADER = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
LINES = (
    "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK",
    "2 123456789010 eni-1235b8ca123456789 172.31.9.69 172.31.9.12 49761 3389 6 20 4249 1418530010 1418530070 REJECT OK",
    "2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA",
)


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    code: int
    out: str
    err: str


Flowsql = Callable[..., Finished]


@pytest.fixture
def flowsql(capfdbinary: pytest.CaptureFixture[bytes]) -> Flowsql:
    """Runs `flowsql ARGUMENTS...` and gives its exit code and what it wrote."""

    def run(*arguments: object) -> Finished:
        code = main([str(argument) for argument in arguments])
        captured = capfdbinary.readouterr()
        return Finished(code, captured.out.decode(), captured.err.decode())

    return run


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A small text object with a header line."""
    return _write(tmp_path / "logs" / "a.log")


def _write(path: Path) -> Path:
    path.parent.mkdir()
    path.write_text("\n".join([HEADER, *LINES]) + "\n")
    return path


@pytest.fixture(scope="session")
def _loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loaded")
    _write(folder / "logs" / "a.log")
    assert main(["load", str(folder / "logs" / "a.log"), "--store", str(folder / "store"), "--quiet"]) == 0
    return folder / "store"


@pytest.fixture
def store(tmp_path: Path, log: Path, _loaded: Path) -> Path:
    """A store that has the records of `log`."""
    return Path(shutil.copytree(_loaded, tmp_path / "store"))
