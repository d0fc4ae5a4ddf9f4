"""The folder for what can be read only once, and those that killed loads left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from flowsql.loading.spool import spool_folder

OF_ANOTHER = """
import sys
from flowsql.loading.spool import spool_folder
with spool_folder() as folder:
    (folder / "spooled").write_bytes(b"x" * 1000)
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def make_old(folder: Path) -> None:
    os.utime(folder, (time.time() - 7200,) * 2)


def test_it_is_there_and_goes(temporary: Path) -> None:
    with spool_folder() as folder:
        (folder / "spooled").write_bytes(b"x")
        assert list(temporary.iterdir()) == [folder]
    assert list(temporary.iterdir()) == []


def test_what_a_killed_load_left_goes_with_the_next_one() -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", OF_ANOTHER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    left = Path(other.stdout.readline().strip())
    make_old(left)
    with spool_folder():
        assert left.exists()  # its load is alive
    other.send_signal(signal.SIGKILL)
    other.communicate()
    os.utime(left)
    with spool_folder():
        assert left.exists()  # so young that it may be about to be locked
    make_old(left)
    with spool_folder():
        assert not left.exists()


def test_a_link_is_left_alone(temporary: Path) -> None:
    home = temporary / "home"
    home.mkdir()
    link = temporary / "flowsql-spool-0123"
    link.symlink_to(home)
    os.utime(link, (0, 0), follow_symlinks=False)
    with spool_folder():
        assert home.exists()


def test_without_a_place_for_it(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(temporary / "none"))
    with spool_folder() as folder:
        assert not folder.exists()
