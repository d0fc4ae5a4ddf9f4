from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from flowsql.workspace import Workspace

SCRIPT = Path(__file__).with_name("load_process.py")


@dataclass
class LoadProcess:
    """A load that runs in a process of its own, already past its imports."""

    process: subprocess.Popen[str]

    def report(self) -> dict[str, object]:
        """What it printed once it is over; {} if it died before."""
        output, _ = self.process.communicate(timeout=120)
        lines = output.splitlines()
        return dict(json.loads(lines[-1])) if lines else {}


@pytest.fixture
def start_load(tmp_path: Path) -> Iterator[Callable[..., LoadProcess]]:
    """Starts a load of sources into a store; keywords are the options of load_process.py."""
    started: list[subprocess.Popen[str]] = []

    def start(store: Path, sources: Sequence[Path], **options: object) -> LoadProcess:
        command = [sys.executable, str(SCRIPT), str(store), json.dumps(options), *map(str, sources)]
        # A killed process leaves its temporary files behind: here they go with the test.
        environment = {**os.environ, "TMPDIR": str(tmp_path)}
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        started.append(process)
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first == "loading\n", process.communicate()[1]
        return LoadProcess(process)

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@dataclass
class Objects:
    """Log objects of `size` records each, numbered through; object `n` has [n * size, (n + 1) * size)."""

    sources: list[Path]
    size: int

    @property
    def numbers(self) -> list[int]:
        """The numbers of all records."""
        return list(range(len(self.sources) * self.size))


@pytest.fixture(scope="session")
def make_objects(
    tmp_path_factory: pytest.TempPathFactory, log_text: Callable[..., bytes]
) -> Callable[[int, int], Objects]:
    """Writes so many gzip objects of so many records; each lies in two days, so in two segments."""
    made: dict[tuple[int, int], Objects] = {}

    def make(number: int, size: int) -> Objects:
        if (number, size) not in made:
            folder = tmp_path_factory.mktemp("objects")
            sources = [folder / f"{n:03}.log.gz" for n in range(number)]
            for n, source in enumerate(sources):
                text = log_text(range(n * size, (n + 1) * size), start=1_795_392_000 - size // 3)
                source.write_bytes(gzip.compress(text, 1))
            made[number, size] = Objects(sources, size)
        return made[number, size]

    return make


@pytest.fixture
def whole_objects() -> Callable[[Workspace, Objects], int]:
    """Checks that a store has each object wholly and once, or not at all; returns how many it has."""

    def check(workspace: Workspace, objects: Objects) -> int:
        if not workspace.store.exists:
            return 0
        counted = workspace.sql(
            f"select packets // {objects.size} as object, count(*) as records, count(distinct packets) as"
            " numbers, count(distinct load_id) as loads from records group by object"
        ).read_all()
        rows = [tuple(row.values())[1:] for row in counted.to_pylist()]
        assert Counter(rows) == Counter({(objects.size, objects.size, 1): len(rows)} if rows else {})
        return len(rows)

    return check


@pytest.fixture
def is_sound() -> Callable[[Workspace], bool]:
    """Checks the catalogue against the files: by `store check`, and with nothing of flowsql's own but table names."""

    def check(workspace: Workspace) -> bool:
        assert [found for found in workspace.check().findings if found.is_damage] == []
        folder = workspace.store.folder
        con = duckdb.connect(str(folder / "flowsql.duckdb"), read_only=True)
        try:
            rows = con.execute("select segment_id, path, sha256, records from segments").fetchall()
            listed = con.execute("select segment_id, load_id, records from segment_loads").fetchall()
            dead = set(con.execute("select segment_id, load_id from dead_loads").fetchall())
            loads = con.execute("select load_id, state, records from loads").fetchall()
            gone = con.execute("select path from superseded_segments").fetchall()
        finally:
            con.close()
        there, superseded = set(), set()
        for segment_id, path, sha256, records in rows:
            content = (folder / path).read_bytes()
            assert hashlib.sha256(content).hexdigest() == sha256
            file = pq.ParquetFile(folder / path)
            superseded.update(json.loads(file.metadata.metadata[b"flowsql"])["supersedes"])
            ids = Counter(file.read(["load_id"]).column(0).to_pylist())
            assert sum(ids.values()) == records
            there.update((segment_id, load_id, number) for load_id, number in ids.items())
        assert sorted(there) == sorted(listed)
        assert not superseded & {row[0] for row in rows}
        assert not {path for (path,) in gone} & {row[1] for row in rows}
        living = Counter()
        for segment_id, load_id, number in listed:
            if (segment_id, load_id) not in dead:
                living[load_id] += number
        counting = {load_id: n for load_id, state, n in loads if state in ("live", "incomplete") and n}
        assert living == Counter(counting)
        return True

    return check


@pytest.fixture
def is_tidy() -> Callable[[Workspace], bool]:
    """Checks that records/ has the listed segments, perhaps superseded ones, nothing else, and staging/ nothing."""

    def check(workspace: Workspace) -> bool:
        assert workspace.check().findings == []
        folder = workspace.store.folder
        listed = workspace.sql("select path from segments").read_all().column(0).to_pylist()
        replaced = (
            workspace.sql("select path from catalog.superseded_segments").read_all().column(0).to_pylist()
        )
        there = {str(path.relative_to(folder)) for path in (folder / "records").rglob("*.*")}
        assert set(listed) <= there <= {*listed, *replaced}
        assert list((folder / "staging").iterdir()) == []
        assert all(path.stem.isdigit() for path in (folder / "backup").iterdir())
        return True

    return check
