"""The screens in docs/repl.md are what the shell shows now."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "repl_capture.py"


def test_screens_are_current(home: Path) -> None:
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    spec = importlib.util.spec_from_file_location("repl_capture", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), (
        "stale: run `python docs/repl_capture.py`"
    )
