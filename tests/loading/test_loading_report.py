"""What a load reports: problems once, notices after that, and counts that add up."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from flowsql.errors import SourceError, StoreError
from flowsql.exit_codes import SOURCE, STORE, of_error
from flowsql.loading.load import load_sources
from flowsql.loading.report import LoadReport, Outcome, Progress
from flowsql.sources.source import History, LogObject, Wanted
from flowsql.store.lock import writers_queue
from flowsql.workspace import Workspace

Make = Callable[..., bytes]
Numbers = Callable[[Workspace], list[int]]


def log_object(name: str, content: bytes | None, version_tag: str = "1") -> LogObject:
    """An object with that content; None: the system refuses to open it."""

    def refuse() -> io.BytesIO:
        raise OSError(5, "Input/output error")

    size = len(content) if content is not None else 0
    return LogObject(
        name, size, version_tag, True, refuse if content is None else lambda: io.BytesIO(content)
    )


class Listed:
    """A source that has just these objects."""

    def __init__(self, objects: Sequence[LogObject]) -> None:
        self._objects = objects

    def find(self, history: History, tell: Callable[[str], None]) -> Sequence[LogObject]:
        return self._objects


def load(
    workspace: Workspace,
    *objects: LogObject,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> LoadReport:
    return load_sources(
        workspace.store,
        [Listed(objects)],
        log_format=None,
        again=False,
        dry_run=False,
        wanted=Wanted(),
        on_progress=on_progress,
    )


def states(workspace: Workspace) -> list[str]:
    return workspace.sql("select state from loads order by load_id").read_all().column(0).to_pylist()


def test_unreadable_object_is_a_problem_once(
    workspace: Workspace, log_text: Make, numbers_in: Numbers
) -> None:
    bad, good = log_object("/logs/bad.log", None), log_object("/logs/good.log", log_text(range(3)))
    first = load(workspace, bad, good)
    assert +first.objects == {Outcome.FAILED: 1, Outcome.LOADED: 1}
    (problem,) = first.problems
    assert (problem.where, of_error(problem)) == ("/logs/bad.log", SOURCE)
    assert "cannot be read: Input/output error" in problem.cause
    assert states(workspace) == ["incomplete", "live"]

    second = load(workspace, bad, good)
    assert +second.objects == {Outcome.KNOWN_BAD: 1, Outcome.KNOWN: 1}
    assert second.problems == []
    assert second.notices == ["/logs/bad.log: still cannot be read: Input/output error"]
    assert numbers_in(workspace) == [0, 1, 2]


@pytest.mark.parametrize(
    ("content", "state"),
    [(range(7, 9), ["replaced", "live", "live"]), (range(3), ["replaced", "live"])],
    ids=["content of its own", "content of another object"],
)
def test_unreadable_object_that_mends_is_no_longer_incomplete(
    content: range, state: list[str], workspace: Workspace, log_text: Make, numbers_in: Numbers
) -> None:
    load(workspace, log_object("/logs/a.log", None), log_object("/logs/b.log", log_text(range(3))))
    load(workspace, log_object("/logs/a.log", log_text(content), "2"))
    assert states(workspace) == state
    assert workspace.info().incomplete_objects == 0
    assert numbers_in(workspace) == sorted({*content, *range(3)})


def test_object_that_fails_half_way_is_loaded_in_part(
    workspace: Workspace, log_text: Make, numbers_in: Numbers
) -> None:
    content = log_text(range(40_000))

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 2 << 20:
                raise OSError(5, "Input/output error")
            return super().read(size)

    failing = LogObject("/logs/a.log", len(content), "1", True, lambda: Failing(content))
    report = load(workspace, failing)
    assert +report.objects == {Outcome.INCOMPLETE: 1}
    assert isinstance(report.problems[0], SourceError)
    loaded = numbers_in(workspace)
    assert loaded == list(range(len(loaded)))
    assert report.records == len(loaded) < 40_000
    report = load(workspace, log_object("/logs/a.log", content))
    assert +report.objects == {Outcome.REPLACED: 1}
    assert numbers_in(workspace) == list(range(40_000))


def test_incomplete_object_says_what_of_it_is_loaded(
    tmp_path: Path, workspace: Workspace, log_text: Make
) -> None:
    source = tmp_path / "a.log.gz"
    packed = gzip.compress(log_text(range(500)))
    source.write_bytes(packed[: len(packed) // 2])
    report = workspace.load([source])
    (problem,) = report.problems
    assert f"what stands before that is loaded (records: {report.records:,})" in problem.cause
    assert "ends in the middle of a member" in problem.cause
    assert 0 < report.records < 500
    again = workspace.load([source])
    assert (again.problems, again.records) == ([], 0)
    assert "known to be damaged" in again.notices[0]


def test_counts_of_lines_add_up(tmp_path: Path, workspace: Workspace, log_text: Make) -> None:
    nodata = b"2 123456789012 eni-0a - - - - - - - 1795392000 1795392060 - NODATA\n"
    skipdata = nodata.replace(b"NODATA", b"SKIPDATA")
    (tmp_path / "a.log").write_bytes(log_text(range(4)) + b"\nno record\n" + nodata + skipdata * 2)
    report = workspace.load([tmp_path / "a.log"])
    assert (report.lines, report.records, report.rejects) == (10, 7, 1)
    assert (report.nodata, report.skipdata) == (1, 2)
    assert report.reject_reasons == {
        "found 2 values for 14 fields": (1, f"{tmp_path / 'a.log'}:7"),
    }
    info = workspace.info()
    assert (info.records, info.nodata, info.skipdata, info.rejects) == (7, 1, 2, 1)
    rejects = workspace.sql("select name, line_number, text, text_bytes from rejects").read_all()
    assert rejects.to_pylist() == [
        {"name": str(tmp_path / "a.log"), "line_number": 7, "text": "no record", "text_bytes": 9}
    ]


@pytest.mark.parametrize(
    ("files", "outcomes", "problems"),
    [
        ({"a.log": b"", "b.log": b"\n\n", "c.log": None}, {Outcome.NOT_LOGS: 2, Outcome.LOADED: 1}, 0),
        ({"a.json": b'{"Records": []}', "b.zip": b"PK\x03\x04xxxx"}, {Outcome.NOT_LOGS: 2}, 0),
        ({"a.log": b"1.2.3.4 ACCEPT eni-0a 17\n"}, {Outcome.FAILED: 1}, 1),
    ],
    ids=["empty", "foreign", "undecided format"],
)
def test_what_is_no_log(
    files: dict[str, bytes | None],
    outcomes: dict[Outcome, int],
    problems: int,
    tmp_path: Path,
    workspace: Workspace,
    log_text: Make,
) -> None:
    (tmp_path / "in").mkdir()
    for name, content in files.items():
        (tmp_path / "in" / name).write_bytes(log_text(range(2)) if content is None else content)
    for _ in range(2):
        report = workspace.load([tmp_path / "in"])
        assert report.objects[Outcome.NOT_LOGS] == outcomes.get(Outcome.NOT_LOGS, 0)
        assert report.objects[Outcome.FAILED] == outcomes.get(Outcome.FAILED, 0)
        assert len(report.problems) == problems


def test_foreign_file_named_directly_is_a_problem(tmp_path: Path, workspace: Workspace) -> None:
    (tmp_path / "a.json").write_bytes(b'{"Records": []}')
    report = workspace.load([tmp_path / "a.json"])
    assert [of_error(problem) for problem in report.problems] == [SOURCE]


def test_header_only_is_noticed(tmp_path: Path, workspace: Workspace, log_text: Make) -> None:
    (tmp_path / "a.log").write_bytes(log_text([]))
    report = workspace.load([tmp_path / "a.log"])
    assert report.notices == [f"{tmp_path / 'a.log'}: only a header line, no records"]


def test_objects_that_could_not_be_committed_are_counted_as_dropped(
    tmp_path: Path, workspace: Workspace, log_text: Make, numbers_in: Numbers
) -> None:
    """Another writer holds the queue when all objects are read and the commit begins."""
    sources = [tmp_path / name for name in ("a.log", "b.log.gz", "c.log")]
    sources[0].write_bytes(log_text(range(5)))
    workspace.load([sources[0]])
    sources[0].write_bytes(log_text(range(9)))
    packed = gzip.compress(log_text(range(100, 600)))
    sources[1].write_bytes(packed[: len(packed) // 2])
    sources[2].write_bytes(log_text(range(50, 53)) + b"no record\n")
    workspace.store.wait_s = 0.1
    objects = [log_object(str(path), path.read_bytes()) for path in sources]
    other_writer = ExitStack()

    def hold_queue(progress: Progress) -> None:
        if progress.objects_done == 3:
            other_writer.enter_context(writers_queue(workspace.store.catalog.lock_path, 1))

    report = load(workspace, *objects, on_progress=hold_queue)
    other_writer.close()
    assert isinstance(report.stopped_by, StoreError)
    assert of_error(report.stopped_by) == STORE
    assert "another flowsql has been writing" in report.stopped_by.cause
    assert +report.objects == {Outcome.DROPPED: 3}
    assert min(report.objects.values()) == 0
    assert (report.lines, report.records, report.rejects) == (0, 0, 0)
    assert numbers_in(workspace) == list(range(5))
    assert workspace.load(sources).records > 0
    assert numbers_in(workspace)[:12] == [*range(9), 50, 51, 52]
