"""Writes the screens of docs/repl.md: the shell in a terminal of 80 columns, over synthetic data.

    python docs/repl_capture.py

Needs tmux. A test compares the page with what this would write.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

from flowsql.generate.logs import generate
from flowsql.workspace import Workspace

PAGE = Path(__file__).parent / "repl.md"
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "repl"))
from terminal import PROMPT, Terminal  # noqa: E402 - beside the tests, which need it most

_RECORDS = 5_000
_IDLE = r"flowsql>\n\n+ ~/flows"
_BLOCK = re.compile(r"(<!-- screen: (\w+) -->\n```text\n).*?(```\n)", re.DOTALL)


def page() -> str:
    """The page with its screens drawn anew."""
    screens = captured()
    text = PAGE.read_text(encoding="utf-8")
    return _BLOCK.sub(lambda block: f"{block[1]}{screens[block[2]]}{block[3]}", text)


def captured() -> dict[str, str]:
    """Name -> text of each screen."""
    with tempfile.TemporaryDirectory(prefix="flowsql-capture-") as name:
        home = Path(name)
        generate(home / "logs", records=_RECORDS)
        with Workspace(home / "flows") as workspace:
            workspace.load([home / "logs"])
        settings = {"HOME": name, "XDG_CONFIG_HOME": name, "XDG_STATE_HOME": name, "PAGER": ""}
        command = ["env", *(f"{key}={value}" for key, value in settings.items())]
        command += [sys.executable, "-m", "flowsql.cli.main", "repl", "--store", str(home / "flows")]
        terminal = Terminal(command, columns=80, rows=30)
        try:
            terminal.wait(PROMPT)
            terminal.wait("5,000 records .* covered")
            return _screens(terminal)
        finally:
            terminal.close()


def _screens(terminal: Terminal) -> dict[str, str]:
    screens = {}
    terminal.type("select srcaddr, count(*) from flows where action = ")
    screens["values"] = _kept(terminal.wait(r"^ +'REJECT'"))
    terminal.key("C-c", "C-l")
    terminal.wait("action", gone=True)
    terminal.enter(".run top by=port top=5")
    terminal.wait(rf"\(5 rows\)(.*\n)+{_IDLE}")
    terminal.enter(".chart records")
    terminal.wait(f"█(.*\n)+{_IDLE}")
    screens["chart"] = _kept(terminal.screen())
    terminal.key("C-l")
    terminal.wait("█", gone=True)
    terminal.enter("select dstadr, sum(bytes)")
    terminal.enter("from flows group by all;")
    terminal.wait(rf"\^{{3}}(.*\n)+{_IDLE}")
    screens["error"] = _kept(terminal.screen())
    return screens


def _kept(screen: str) -> str:
    """The screen without what differs from run to run and without the empty part of it."""
    timed = re.sub(r"│ \d+\.\d\d s$", "│ 0.02 s", screen, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", timed)


if __name__ == "__main__":
    os.environ.pop("NO_COLOR", None)
    PAGE.write_text(page(), encoding="utf-8")
