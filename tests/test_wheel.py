"""The built wheel holds everything that the program reads at run time."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content, importable from this folder."""
    target = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(target),
        str(REPOSITORY),
    ]
    subprocess.run(build, check=True, capture_output=True, timeout=120)
    (wheel,) = target.glob("flowsql-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target / "site")
    return target / "site"


def _run(unpacked: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(unpacked), "XDG_CONFIG_HOME": str(unpacked / "none")}
    command = [sys.executable, "-m", "flowsql.cli.main", *arguments]
    done = subprocess.run(
        command, cwd=unpacked, env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout


def test_data_files_are_in_the_wheel(unpacked: Path) -> None:
    package = unpacked / "flowsql"
    for name in (
        "between/attempts.sql",
        "ingest/tokenizer.so",
        "logformat/fields.csv",
        "store/catalog.sql",
        "store/group_by.so",
        "views/flows.sql",
        "views/functions.sql",
        "py.typed",
    ):
        assert (package / name).is_file(), name
    shipped = {path.name for path in (package / "queries").rglob("*.*")}
    assert shipped == {path.name for path in (REPOSITORY / "queries").rglob("*.*")}


def test_main_job_runs_from_the_wheel(unpacked: Path) -> None:
    assert "top " in _run(unpacked, "queries")
    shown = _run(unpacked, "demo")
    assert "$ flowsql run traffic-summary" in shown
    assert "What to type next" in shown
