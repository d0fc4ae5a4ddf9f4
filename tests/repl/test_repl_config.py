"""The user's config file."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowsql.repl.config import Config, config_path, read_config


def test_every_key(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        """
        [other]
        thing = 1
        [repl]
        keys = "vi"
        pager = "less -S"
        suggestions = false
        mouse = true
        history = "~/h"
        startup = [".timer on", "select 1;"]
        """
    )
    config, mistakes = read_config(path)
    assert not mistakes
    assert config == Config("vi", "less -S", False, True, "~/h", (".timer on", "select 1;"))
    assert config.history_path == Path.home() / "h"


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    assert read_config(tmp_path / "none.toml") == (Config(), [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[repl", "cannot be read"),
        ("[repl]\nkey = 'vi'", "did you mean 'keys'?"),
        ("[repl]\nkeys = 'emax'", "emacs"),
        ("[repl]\npager = 1", "a text"),
        ("[repl]\nmouse = 'yes'", "true or false"),
        ("[repl]\nstartup = '.timer on'", "a list"),
        ("repl = 1", "section"),
        (b"\xff".decode("latin-1"), ""),
    ],
)
def test_mistakes_are_named_with_their_file(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="latin-1")
    config, (error,) = read_config(path)
    assert config == Config()
    assert str(path) in str(error)
    assert said in f"{error} {error.remedy}"


def test_a_mistake_spoils_its_own_key_only(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[repl]\nkeys = 'emax'\npager = ''\nmose = true\nstartup = ['.timer on']\n")
    config, mistakes = read_config(path)
    assert config == Config(pager="", startup=(".timer on",))
    assert [str(error).partition(": ")[2] for error in mistakes] == [
        "keys is 'emax'",
        "unknown key 'mose' in [repl]",
    ]


def test_where_it_is(home: Path) -> None:
    assert config_path() == home / "config/flowsql/config.toml"
    assert Config().history_path == home / "state/flowsql/history"
