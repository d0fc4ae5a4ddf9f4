"""The shell's first prompt, and how long the menu takes after a key, on a store of 100 M records.

python benchmarks/repl.py

The prompt is set against the bare import of what the shell is made of, the menu against the echo of a key,
both on a pseudo-terminal, until the first value is on its way to the screen. Beside the time that passes
stands the time on a processor: on a busy machine a key mostly waits for its turn. The 100 M records are one
file of a million listed a hundred times: completion reads what was counted of segments, never the records.
"""

from __future__ import annotations

import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from fcntl import ioctl
from pathlib import Path

from measure import median

from flowsql.generate.logs import generate
from flowsql.logformat.format_string import parse_format_string
from flowsql.workspace import Workspace

ROUNDS = 7
KEYS = 60
SEGMENTS = 100
SEGMENT_RECORDS = 1_000_000
BARE = [sys.executable, "-c", "import duckdb, pyarrow, prompt_toolkit"]


class Typist:
    """The shell on a pseudo-terminal of 120 x 40, timed."""

    def __init__(self, store: Path, home: Path) -> None:
        self.began = time.perf_counter()
        self.pid, self._handle = pty.fork()
        if self.pid == 0:
            environment = {**os.environ, "XDG_CONFIG_HOME": str(home), "XDG_STATE_HOME": str(home)}
            words = [sys.executable, "-m", "flowsql.cli.main", "repl", "--store", str(store)]
            os.execve(sys.executable, words, {**environment, "TERM": "xterm-256color"})
        ioctl(self._handle, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    def _read(self, within_s: float) -> bytes:
        """What comes within that time; its question where the cursor is gets an answer."""
        if not select.select([self._handle], [], [], within_s)[0]:
            return b""
        drawn = os.read(self._handle, 65_536)
        for _ in range(drawn.count(b"\x1b[6n")):
            os.write(self._handle, b"\x1b[1;1R")
        return drawn

    def until(self, text: str, timeout_s: float = 60.0) -> float:
        """The moment at which the text was on its way to the screen."""
        seen = b""
        end = time.perf_counter() + timeout_s
        while text.encode() not in seen:
            if time.perf_counter() > end:
                raise TimeoutError(f"{text!r} never came: {seen[-500:]!r}")
            seen += self._read(0.1)
        return time.perf_counter()

    def settle(self, quiet_s: float = 0.2) -> None:
        """Reads what is drawn until nothing more comes."""
        while self._read(quiet_s):
            pass

    def on_processor(self) -> float:
        """Seconds that the shell's threads have had a processor."""
        tasks = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def press(self, keys: str) -> None:
        """Writes keys."""
        os.write(self._handle, keys.encode())

    def close(self) -> None:
        """Ends the shell."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._handle)


def main() -> None:
    """Prints medians, the ratio, and percentiles."""
    with tempfile.TemporaryDirectory(prefix="flowsql-bench-") as name:
        home = Path(name)
        store = _big_store(home)
        _first_prompt(store, home)
        _menu(store, home)


def _first_prompt(store: Path, home: Path) -> None:
    bare, prompts = [], []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        subprocess.run(BARE, check=True)
        bare.append(time.perf_counter() - began)
        typist = Typist(store, home)
        prompts.append(typist.until("flowsql>") - typist.began)
        typist.close()
    ratio = median([prompt / one for prompt, one in zip(prompts, bare, strict=True)])
    print(f"import duckdb, pyarrow, prompt_toolkit: {median(bare):.3f} s")
    print(f"first prompt: {median(prompts):.3f} s; ratio {ratio:.2f}")


def _menu(store: Path, home: Path) -> None:
    """The key that asks for values of a column, against a key that only shows itself."""
    typist = Typist(store, home)
    # Names and values are read beside the typing, and then the records are counted at the bottom.
    typist.until(f"{SEGMENTS * SEGMENT_RECORDS:,} records")
    menus, echoes = [], []
    for _ in range(KEYS):
        typist.settle()
        # Pasted: keys would draw menus, from which the one that is waited for need only draw what differs.
        typist.press("\x1b[200~select srcaddr, count(*) from flows where srcaddr \x1b[201~")
        typist.until("srcaddr")
        typist.settle()
        menus.append(_timed(typist, "=", "value"))
        typist.settle()
        typist.press("\x03")
        typist.settle()
        echoes.append(_timed(typist, "7", "7"))
        typist.press("\x03")
    typist.close()
    print(f"records in the store: {SEGMENTS * SEGMENT_RECORDS:,} in {SEGMENTS} segments")
    _print_ms("key to menu of values", menus)
    _print_ms("key to its echo", echoes)


def _timed(typist: Typist, key: str, drawn: str) -> tuple[float, float]:
    """Seconds from the key to what it draws, and how many of them on a processor."""
    began, busy = time.perf_counter(), typist.on_processor()
    typist.press(key)
    return typist.until(drawn) - began, typist.on_processor() - busy


def _print_ms(what: str, times: list[tuple[float, float]]) -> None:
    for kind, seconds in zip(("", ", on a processor"), zip(*times, strict=True), strict=True):
        p95 = sorted(seconds)[int(len(seconds) * 0.95)]
        middle = median(list(seconds))
        print(f"{what}{kind}: median {middle * 1000:.1f} ms, 95th percentile {p95 * 1000:.1f} ms")


def _big_store(home: Path) -> Path:
    """A store whose catalogue lists one segment a hundred times, with its statistics."""
    logs = home / "logs"
    generate(logs, records=SEGMENT_RECORDS, fields=parse_format_string("default"))
    with Workspace(home / "store") as workspace:
        workspace.load([logs])
        store = workspace.store
        with store.staging() as staging, store.catalog.change(staging.path, store.view_statements, 30) as con:
            tables = ["segments", "segment_loads", "segment_addresses", "segment_interfaces"]
            for table in [*tables, "segment_services", "segment_values"]:
                con.execute(
                    f"insert into {table} by name select * replace (segment_id || '-' || n as segment_id)"
                    f" from {table}, range(1, {SEGMENTS}) t(n)".replace("select *", "select * exclude (n)")
                )
    return home / "store"


if __name__ == "__main__":
    main()
