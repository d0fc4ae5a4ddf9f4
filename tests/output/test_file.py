from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from flowsql.errors import OutputError, UsageError
from flowsql.output.file import expand_name, write_file

NOW = 1_795_428_000  # 2026-11-23T10:00:00Z


def write_new(sink) -> int:
    return sink.write(b"new")


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("plain.csv", "plain.csv"),
        ("{date}/x-{date}.csv", "2026-11-23/x-2026-11-23.csv"),
        ("{since}-{until}.csv", "20261123T0900Z-20261123T100030Z.csv"),
    ],
)
def test_names_are_expanded(template, name):
    assert expand_name(template, now=NOW, since=NOW - 3600, until=NOW + 30) == name


def test_an_open_window_is_called_all():
    assert expand_name("{since}-{until}", now=NOW, since=None, until=None) == "all-all"


@pytest.mark.parametrize(
    ("template", "remedy"), [("{dat}.csv", "'date'"), ("{}.csv", "{since}"), ("{x}", "{until}")]
)
def test_unknown_placeholders_are_refused(template, remedy):
    with pytest.raises(UsageError, match="placeholder") as error:
        expand_name(template, now=NOW, since=None, until=None)
    assert remedy in error.value.remedy


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_new_file_is_whole_and_has_the_usual_mode(tmp_path, overwrite):
    path = tmp_path / "a.csv"
    (tmp_path / "plain").touch()
    assert write_file(path, write_new, overwrite=overwrite) == 3
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert {p.name for p in tmp_path.iterdir()} == {"a.csv", "plain"}


def test_an_existing_file_is_kept_and_the_work_not_begun(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"old")
    with pytest.raises(OutputError, match="exists") as error:
        write_file(path, lambda _: pytest.fail("asked to write"), overwrite=False)
    assert "--overwrite" in error.value.remedy
    assert error.value.where == str(path)
    assert path.read_bytes() == b"old"


def test_overwriting_keeps_the_mode_and_follows_a_link(tmp_path):
    path, link = tmp_path / "a.csv", tmp_path / "link.csv"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    write_file(link, write_new, overwrite=True)
    assert link.is_symlink()
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o640)


@pytest.mark.parametrize("hard_links", [True, False])
def test_a_file_that_appears_meanwhile_is_kept(tmp_path, monkeypatch, hard_links):
    if not hard_links:
        monkeypatch.setattr(os, "link", refuse_link)
    path = tmp_path / "a.csv"

    def write(sink) -> int:
        path.write_bytes(b"other")
        return write_new(sink)

    with pytest.raises(OutputError, match="exists"):
        write_file(path, write, overwrite=False)
    assert path.read_bytes() == b"other"
    assert list(tmp_path.iterdir()) == [path]


def refuse_link(*_: object, **__: object) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


def test_a_file_system_without_hard_links_will_do(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", refuse_link)
    assert write_file(tmp_path / "a.csv", write_new, overwrite=False) == 3
    assert (tmp_path / "a.csv").read_bytes() == b"new"
    assert len(list(tmp_path.iterdir())) == 1


def test_of_many_writers_one_wins(tmp_path):
    path, outcomes = tmp_path / "a.csv", []
    ready = threading.Barrier(8)

    def compete(number: int) -> None:
        def write(sink) -> int:
            ready.wait()
            sink.write(str(number).encode())
            return number

        try:
            outcomes.append(write_file(path, write, overwrite=False))
        except OutputError:
            outcomes.append(None)

    threads = [threading.Thread(target=compete, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [n for n in outcomes if n is not None]
    assert path.read_text() == str(winner)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "fault", [KeyboardInterrupt(), ValueError("defect"), OSError(errno.ENOSPC, "No space left")]
)
@pytest.mark.parametrize("old", [b"old", None])
def test_a_failure_leaves_everything_as_it_was(tmp_path, fault, old):
    path = tmp_path / "a.csv"
    if old:
        path.write_bytes(old)

    def write(sink) -> int:
        sink.write(b"half")
        raise fault

    with pytest.raises(OutputError if isinstance(fault, OSError) else type(fault)):
        write_file(path, write, overwrite=True)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == ([old] if old else [])


@pytest.mark.parametrize(
    ("name", "cause", "remedy"),
    [
        ("missing/a.csv", "no such file", "create the folder"),
        ("file/a.csv", "not a directory", "create the folder"),
        ("n" * 300 + ".csv", "too long", "shorter"),
        ("folder", "it is a folder", "name a file"),
        ("/proc/a.csv", "", ""),
        ("/dev/full", "no space left", "make room"),
    ],
    ids=["missing folder", "file as folder", "long name", "folder", "no files there", "disk full"],
)
def test_faults_are_explained(tmp_path, name, cause, remedy):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError) as error:
        write_file(tmp_path / name, write_new, overwrite=False)
    assert cause in error.value.cause
    assert remedy in error.value.remedy
    assert error.value.where == str(tmp_path / name)
    assert {p.name for p in tmp_path.iterdir()} == {"file", "folder"}


def test_a_device_is_written_to_and_not_replaced():
    assert write_file(Path("/dev/null"), write_new, overwrite=True) == 3
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


LIMITED = """
import resource, sys
from pathlib import Path
import pyarrow as pa
from flowsql.errors import OutputError
from flowsql.output.file import write_file
from flowsql.output.formats import FORMATS
from flowsql.output.options import Options
from flowsql.result import Result

batch = pa.record_batch({"x": [str(n * 7919 % 100003) for n in range(200_000)]})
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
form = FORMATS[sys.argv[2]]
try:
    result = Result(batch.schema, [batch])
    write_file(Path(sys.argv[1]), lambda sink: form.render(result, sink, Options()), overwrite=True)
except OutputError as error:
    print(error, "|", error.remedy)
"""


@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_a_file_size_limit_is_explained(tmp_path, name):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path), name], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert "file too large" in done.stdout
    assert "ulimit" in done.stdout
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"]


def test_a_read_only_folder_is_explained(tmp_path):
    """Root may write anywhere, so the attempt is made as another user."""
    if os.geteuid() != 0:
        tmp_path.chmod(0o500)
        with pytest.raises(OutputError, match="denied"):
            write_file(tmp_path / "a.csv", write_new, overwrite=False)
        return
    tmp_path.chmod(0o755)
    os.seteuid(65534)
    try:
        with pytest.raises(OutputError, match="denied") as error:
            write_file(Path("/etc/a.csv"), write_new, overwrite=False)
    finally:
        os.seteuid(0)
    assert "may write" in error.value.remedy
