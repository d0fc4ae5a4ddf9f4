from __future__ import annotations

import io
import os
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from flowsql.errors import SourceError
from flowsql.sources.local import find_objects
from flowsql.sources.source import LogObject


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A folder with files at several depths, hidden ones, links and an empty folder."""
    root = tmp_path / "logs"
    for name in ["b.log", "a/2.log.gz", "a/1.log", "a/deep/er/3", ".hidden", ".git/config", "a/.part"]:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (root / "empty").mkdir()
    (root / "link.log").symlink_to(root / "b.log")
    (root / "dangling.log").symlink_to(root / "nowhere")
    return root


def names(source: str | Path, spool: Path, root: Path) -> list[str]:
    return [str(Path(o.name).relative_to(root.resolve())) for o in find_objects(str(source), spool)]


def only(source: str | Path, spool: Path) -> LogObject:
    (found,) = find_objects(str(source), spool)
    return found


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("", ["a/1.log", "a/2.log.gz", "a/deep/er/3", "b.log"]),
        ("a", ["a/1.log", "a/2.log.gz", "a/deep/er/3"]),
        ("a/", ["a/1.log", "a/2.log.gz", "a/deep/er/3"]),
        ("a/*.log", ["a/1.log"]),
        ("a/*", ["a/1.log", "a/2.log.gz"]),
        ("**/*.log", ["a/1.log", "b.log"]),
        ("a/[12].*", ["a/1.log", "a/2.log.gz"]),
        ("*.log", ["b.log"]),
        ("b.log", ["b.log"]),
        ("link.log", ["b.log"]),
        ("a/../b.log", ["b.log"]),
        (".hidden", [".hidden"]),
        (".git", [".git/config"]),
    ],
)
def test_each_file_is_found_once_in_the_order_of_names(
    pattern: str, found: list[str], logs: Path, tmp_path: Path
) -> None:
    assert names(f"{logs}/{pattern}", tmp_path / "spool", logs) == found


def test_a_pipe_among_files_is_named_and_not_opened(logs: Path, tmp_path: Path) -> None:
    os.mkfifo(logs / "a" / "pipe")
    found = {o.file_name: o.foreign for o in find_objects(str(logs / "a"), tmp_path)}
    assert found == {"1.log": "", "2.log.gz": "", "3": "", "pipe": "no file but a pipe, socket or device"}


def test_an_object_knows_what_tells_changes(logs: Path, tmp_path: Path) -> None:
    path = logs / "a" / "1.log"
    os.utime(path, ns=(1, 1_700_000_000_123_456_789))
    found = only(path, tmp_path)
    assert (found.size_bytes, found.version_tag) == (7, "mtime:1700000000123456789")
    assert found.file_name == "1.log"
    for _ in range(2):
        with found.open() as raw:
            assert raw.seekable()
            assert raw.read() == b"a/1.log"


@pytest.mark.parametrize(("pattern", "direct"), [("b.log", True), ("b.*", False), ("", False)])
def test_direct_means_named_itself(pattern: str, direct: bool, logs: Path, tmp_path: Path) -> None:
    found = {Path(o.name).name: o.direct for o in find_objects(f"{logs}/{pattern}", tmp_path)}
    assert found["b.log"] is direct


def test_a_name_with_magic_characters_is_a_name_first(tmp_path: Path) -> None:
    (tmp_path / "a[1].log").write_text("x")
    (tmp_path / "a1.log").write_text("y")
    assert only(tmp_path / "a[1].log", tmp_path).file_name == "a[1].log"


def test_home_is_expanded(logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(logs))
    assert only("~/b.log", tmp_path).file_name == "b.log"


def test_relative_names_become_absolute(logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(logs)
    assert names("a/1.log", tmp_path, logs) == ["a/1.log"]


@pytest.mark.parametrize(
    ("source", "cause", "remedy"),
    [
        ("b.lgo", "no such file or folder", "did you mean 'b.log'?"),
        ("zzzz", "no such file or folder", "shows what is there"),
        ("no/such/x.log", "no such file or folder", "there is no folder"),
        ("empty", "no file found there", "pattern such as"),
        ("*.parquet", "no file found there", "pattern such as"),
        ("x" * 300, "cannot be read: File name too long", "check"),
        ("b.log\x00", "no such file or folder", ""),
        ("b.log/x", "no such file or folder", ""),
    ],
    ids=[
        "typo",
        "nothing like it",
        "no folder",
        "empty folder",
        "no match",
        "too long",
        "NUL",
        "below a file",
    ],
)
def test_sources_that_hold_nothing(source: str, cause: str, remedy: str, logs: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        list(find_objects(f"{logs}/{source}", tmp_path))
    assert caught.value.cause == cause
    assert caught.value.where == f"{logs}/{source}"
    assert remedy in caught.value.remedy


def test_an_unknown_home_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file or folder"):
        list(find_objects("~no-such-user-here/x.log", tmp_path))


def test_a_folder_that_may_not_be_listed(tmp_path: Path) -> None:
    """Root may list every folder, so for root the attempt is made as another user."""
    with tempfile.TemporaryDirectory() as name:
        logs = Path(name)
        (logs / "a").mkdir()
        logs.chmod(0o755)
        (logs / "a").chmod(0o700 if os.geteuid() == 0 else 0)
        is_root = os.geteuid() == 0
        if is_root:
            os.seteuid(65534)
        try:
            with pytest.raises(SourceError, match="cannot be"):
                list(find_objects(str(logs), tmp_path))
        finally:
            if is_root:
                os.seteuid(0)
            (logs / "a").chmod(0o700)


def test_a_file_that_goes_away_is_told_when_it_is_opened(logs: Path, tmp_path: Path) -> None:
    found = only(logs / "b.log", tmp_path)
    (logs / "b.log").unlink()
    with pytest.raises(FileNotFoundError):
        found.open()


def test_stdin_is_copied_so_that_it_can_be_read_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff2 records")))
    found = only("-", tmp_path / "spool")
    assert (found.name, found.size_bytes, found.direct) == ("stdin", 10, True)
    assert [found.open().read() for _ in range(2)] == [b"\xff2 records"] * 2


def test_a_pipe_is_copied(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"through a pipe",))
    writer.start()
    found = only(pipe, tmp_path / "spool")
    writer.join()
    assert (found.name, found.open().read()) == (str(pipe), b"through a pipe")
