"""The user's config.toml: read, never written.

[repl]
keys = "vi"                       # or "emacs"
pager = "less -S"                 # "" for none
suggestions = false               # no grey suggestions from the history
mouse = true                      # clicks and wheel belong to the shell
history = "~/.flowsql_history"
startup = [".timer on", ".window 24h"]
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from flowsql.errors import UsageError, did_you_mean
from flowsql.library.search_path import user_folder

_SECTION = "repl"


@dataclass(frozen=True, slots=True)
class Config:
    """What the [repl] section says. `pager` is None where the environment decides."""

    keys: str = "emacs"
    pager: str | None = None
    suggestions: bool = True
    mouse: bool = False
    history: str = ""
    startup: tuple[str, ...] = ()

    @property
    def history_path(self) -> Path:
        """The file of earlier inputs; by default in the user's state folder."""
        if self.history:
            return Path(self.history).expanduser()
        configured = Path(os.environ.get("XDG_STATE_HOME", ""))
        base = configured if configured.is_absolute() else Path.home() / ".local" / "state"
        return base / "flowsql" / "history"


def config_path() -> Path:
    """Where the config file would be: below $XDG_CONFIG_HOME, else ~/.config."""
    return user_folder().parent / "config.toml"


def read_config(path: Path) -> tuple[Config, list[UsageError]]:
    """What the file says, and its mistakes; the defaults if there is none, and where there is a mistake.

    Other sections are ignored. A mistake is what is no TOML, an unknown key, a value of the wrong type;
    each names the file.
    """
    mistakes: list[UsageError] = []
    try:
        section = _section(path)
    except UsageError as error:
        return Config(), [error]
    known = {f.name: f for f in fields(Config)}
    values: dict[str, Any] = {}
    for key, value in section.items():
        try:
            if key not in known:
                raise UsageError(
                    f"unknown key {key!r} in [{_SECTION}]",
                    where=str(path),
                    remedy=did_you_mean(key, known) or f"the keys are {', '.join(known)}",
                )
            values[key] = _checked(key, value, path)
        except UsageError as error:
            mistakes.append(error)
    return Config(**values), mistakes


def _section(path: Path) -> dict[str, object]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"cannot be read: {error}", where=str(path)) from error
    section = content.get(_SECTION, {})
    if not isinstance(section, dict):
        raise UsageError(
            f"{_SECTION} is no section", where=str(path), remedy=f"write [{_SECTION}] on its own line"
        )
    return section


def _checked(key: str, value: object, path: Path) -> object:
    if key == "startup":
        if isinstance(value, list) and all(isinstance(line, str) for line in value):
            return tuple(value)
        wanted = "a list of texts"
    elif key in ("suggestions", "mouse"):
        if isinstance(value, bool):
            return value
        wanted = "true or false"
    elif key == "keys":
        if value in ("vi", "emacs"):
            return value
        wanted = '"vi" or "emacs"'
    else:
        if isinstance(value, str):
            return value
        wanted = "a text"
    raise UsageError(f"{key} is {value!r}", where=str(path), remedy=f"{key} wants {wanted}")
