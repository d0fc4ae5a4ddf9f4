"""The generated pages of docs/ are what docs/build.py would write now, and README's commands exist."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest

from flowsql.library.parameters import convert
from flowsql.library.search_path import find_library

REPOSITORY = Path(__file__).resolve().parents[1]


def _builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_build", REPOSITORY / "docs" / "build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["commands.md", "fields.md", "queries.md", "views.md"])
def test_page_is_current(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = (REPOSITORY / "docs" / name).read_text(encoding="utf-8")
    assert text == _builder().pages()[name], "stale: run `python docs/build.py`"


def test_every_page_is_linked_from_the_readme() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    pages = {f"docs/{page.name}" for page in (REPOSITORY / "docs").glob("*.md")}
    assert pages == set(re.findall(r"\((docs/[a-z0-9-]+\.md)\)", readme))


def test_what_others_call_it_can_be_run() -> None:
    text = (REPOSITORY / "docs" / "other-names.md").read_text(encoding="utf-8")
    commands = re.findall(r"`run ([^`]+)`", text)
    assert len(commands) > 60
    for command in commands:
        name, *words = command.split()
        query, preset = find_library(None, None).get(name)
        given = dict(word.split("=", 1) for word in words if re.fullmatch(r"\w+=\S+", word))
        texts = {k: v for k, v in {**preset, **given}.items() if v not in ("...", "list.csv")}
        known = {parameter.name: parameter for parameter in query.parameters}
        for parameter, value in texts.items():
            convert(known[parameter], value, now=0, tz=ZoneInfo("UTC"))


def test_the_tests_of_the_rules_are_there() -> None:
    text = (REPOSITORY / "docs" / "counting.md").read_text(encoding="utf-8")
    named = re.findall(r"`([a-z_/]+\.py)::(test_\w+)`", text)
    assert len(named) > 40
    for file, test in named:
        assert f"\ndef {test}(" in (REPOSITORY / "tests" / file).read_text(encoding="utf-8"), (
            f"{file}::{test}"
        )
