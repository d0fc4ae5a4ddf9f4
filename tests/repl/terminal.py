"""A program in a real terminal, by tmux: for tests, for the captures in docs/, for benchmarks."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
import uuid
from pathlib import Path

# How long a loaded machine may take for what takes a second.
PATIENCE_S = 60.0
PROMPT = r"^flowsql>"


class Terminal:
    """The program in a terminal of a given size, its keyboard and its screen."""

    def __init__(self, command: list[str], columns: int, rows: int) -> None:
        self._name = f"flowsql-test-{uuid.uuid4().hex[:12]}"
        shown = " ".join(f"'{word}'" for word in command)
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), shown, ";",
                   "set-option", "remain-on-exit", "on")  # fmt: skip
        facts = self._tmux("display-message", "-p", "#{pid} #{pane_pid} #{socket_path}").split()
        self.server_pid, self.program_pid, self._socket = int(facts[0]), int(facts[1]), Path(facts[2])

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._name, *words], capture_output=True, text=True, check=True, timeout=PATIENCE_S
        )
        return done.stdout

    def type(self, text: str) -> None:
        """Types the text; a bracketed paste if it has several lines."""
        # tmux takes a semicolon at the end of a word for its own.
        safe = f"{text[:-1]}\\;" if text.endswith(";") else text
        if "\n" in text:
            self._tmux("set-buffer", "-b", "text", safe)
            self._tmux("paste-buffer", "-p", "-b", "text")
        else:
            self._tmux("send-keys", "-l", "--", safe)

    def key(self, *names: str) -> None:
        """Presses keys, by tmux's names."""
        self._tmux("send-keys", *names)

    def enter(self, text: str) -> None:
        """Types a line and presses Enter."""
        self.type(text)
        self.key("Enter")

    def screen(self, *, colours: bool = False, all_lines: bool = False) -> str:
        """What can be seen, lines without blanks at their ends."""
        words = ["capture-pane", "-p", *(["-e"] if colours else []), *(["-S", "-"] if all_lines else [])]
        return "\n".join(line.rstrip() for line in self._tmux(*words).splitlines()).rstrip() + "\n"

    def wait(self, pattern: str, *, within_s: float = PATIENCE_S, gone: bool = False) -> str:
        """The screen once the pattern is on it (or no more, if `gone`)."""
        until = time.monotonic() + within_s
        while True:
            screen = self.screen()
            if bool(re.search(pattern, screen, re.MULTILINE)) is not gone:
                return screen
            if time.monotonic() > until:
                raise AssertionError(f"{pattern!r} {'stays' if gone else 'never came'} on\n{screen}")
            time.sleep(0.05)

    def wait_for_end(self, *, within_s: float = PATIENCE_S) -> None:
        """Returns when the program has ended. The system says so: tmux has been seen not to notice."""
        until = time.monotonic() + within_s
        while True:
            with contextlib.suppress(FileNotFoundError):
                state = Path(f"/proc/{self.program_pid}/stat").read_text().rpartition(")")[2].split()[0]
                if state != "Z":
                    assert time.monotonic() < until, f"it goes on:\n{self.screen()}"
                    time.sleep(0.05)
                    continue
            return

    def resize(self, columns: int, rows: int) -> None:
        """Gives the window another size."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def close(self) -> None:
        """Ends the program and the terminal, which nothing else uses."""
        for pid in (self.program_pid, self.server_pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if pid == self.program_pid else signal.SIGTERM)
        self._socket.unlink(missing_ok=True)
