"""`flowsql load` and `flowsql store info`, as their users meet them."""

from __future__ import annotations

import gzip
import io
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Flowsql = Callable[..., Any]


def test_load_says_what_it_did(flowsql: Flowsql, log: Path, tmp_path: Path) -> None:
    first = flowsql("load", log, "--store", tmp_path / "s")
    assert first.code == 0
    assert first.out == ""
    assert "loaded 3 records" in first.err
    assert "objects: 1 loaded" in first.err
    second = flowsql("load", log.parent, "--store", tmp_path / "s")
    assert second.code == 0
    assert "loaded 0 records" in second.err
    assert "1 known already" in second.err


def test_rejects_are_counted_shown_and_kept(flowsql: Flowsql, log: Path, tmp_path: Path) -> None:
    with log.open("a") as file:
        file.write("one two\n")
    store = tmp_path / "s"
    done = flowsql("load", log, "--store", store)
    assert done.code == 0
    assert f"rejected 1 line: found 2 values for 14 fields (first: {log}:5)" in done.err
    kept = flowsql("sql", "select name, line_number, text, reason from rejects", "--store", store)
    assert kept.out.splitlines()[1:] == [f"{log},5,one two,found 2 values for 14 fields"]


@pytest.mark.parametrize(("allowed", "code"), [(0, 6), (1, 0)])
def test_max_rejects(flowsql: Flowsql, log: Path, tmp_path: Path, allowed: int, code: int) -> None:
    with log.open("a") as file:
        file.write("one two\n")
    store = tmp_path / "s"
    assert flowsql("load", log, "--store", store, "--max-rejects", allowed).code == code
    assert flowsql("sql", "select count(*) as n from records", "--store", store).out == "n\n3\n"


def test_dry_run_writes_nothing(flowsql: Flowsql, log: Path, tmp_path: Path) -> None:
    done = flowsql("load", log, "--store", tmp_path / "s", "--dry-run")
    assert done.code == 0
    assert "would load 3 records" in done.err
    assert not (tmp_path / "s").exists()


def test_bad_neighbours_do_not_stop_a_load(flowsql: Flowsql, log: Path, tmp_path: Path) -> None:
    folder = log.parent
    (folder / "b.json").write_text('{"a": 1}\n')
    (folder / "c.log").write_bytes(b"")
    (folder / "d.log.gz").write_bytes(gzip.compress(log.read_bytes() * 50, mtime=0)[:-60])
    (folder / "e.bin").write_bytes(bytes(range(256)) * 8)
    (folder / "f.log").write_text(log.read_text().splitlines()[0] + "\n")
    done = flowsql("load", folder, "--store", tmp_path / "s")
    assert done.code == 5, "the truncated one is new"
    assert "b.json: not flow logs: JSON" in done.err
    assert "c.log: empty" in done.err
    assert "d.log.gz: the gzip data ends in the middle of a member" in done.err
    assert "e.bin: not flow logs: binary data" in done.err
    assert "f.log: only a header line" in done.err
    again = flowsql("load", folder, "--store", tmp_path / "s")
    assert again.code == 0, "known by now"
    assert "known to be damaged" in again.err


@pytest.mark.parametrize("content", [b"", b'{"a": 1}', b"\x00\x01\x02" * 99], ids=["empty", "json", "binary"])
def test_foreign_object_named_directly(flowsql: Flowsql, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(content)
    assert flowsql("load", path, "--store", tmp_path / "s").code == 5


def test_format_that_cannot_be_told(flowsql: Flowsql, tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("eni-0123456789abcdef0 10.0.0.1 10.0.0.2 ACCEPT\n")
    done = flowsql("load", path, "--store", tmp_path / "s")
    assert done.code == 5
    assert "its lines (4 values) do not fit the default format" in done.err
    done = flowsql(
        "load", path, "--store", tmp_path / "s", "--log-format", "interface-id srcaddr dstaddr action"
    )
    assert done.code == 0
    assert "loaded 1 record " in done.err


def test_of_many_objects_with_one_problem_a_few_are_named(flowsql: Flowsql, tmp_path: Path) -> None:
    for i in range(8):
        (tmp_path / f"{i}.log").write_text(f"eni-0123456789abcdef0 10.0.0.{i} 10.0.0.2 ACCEPT\n")
    command = ("load", tmp_path, "--store", tmp_path / ".s")
    done = flowsql(*command)
    assert done.err.count("(4 values)") == 5
    assert "... and 3 more objects with this problem (--verbose)" in done.err
    assert flowsql(*command, "--verbose").err.count("(4 values)") == 8


def test_stdin(store: Path, log: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "flowsql.cli.main", "load", "-", "--store", str(tmp_path / "s")]
    done = subprocess.run(command, input=log.read_bytes(), capture_output=True, check=True, timeout=60)
    assert b"loaded 3 records" in done.stderr
    done = subprocess.run(command, input=log.read_bytes(), capture_output=True, check=True, timeout=60)
    assert b"loaded 0 records" in done.stderr


def test_progress_bar_only_on_a_terminal(log: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "flowsql.cli.main", "load", str(log), "--store"]
    ours, theirs = pty.openpty()
    done = subprocess.run([*command, str(tmp_path / "a")], stderr=theirs, check=True, timeout=60)
    os.close(theirs)
    shown = b""
    with io.FileIO(ours) as terminal:
        try:
            while piece := terminal.read(65536):
                shown += piece
        except OSError:
            pass  # Linux says so when the other side of a terminal is closed.
    assert done.returncode == 0
    assert b"1 of 1 objects" in shown
    plain = subprocess.run([*command, str(tmp_path / "b")], capture_output=True, check=True, timeout=60)
    assert b"of 1 objects" not in plain.stderr
    assert b"\x1b" not in plain.stderr


def test_store_info(flowsql: Flowsql, store: Path) -> None:
    done = flowsql("store", "info", "--store", store)
    assert done.code == 0
    facts = dict(line.split(maxsplit=1) for line in done.out.splitlines()[:9])
    assert facts["records"] == "3 (NODATA 1, SKIPDATA 0)"
    assert facts["from"] == "2014-12-14T04:06:50Z"
    assert facts["to"] == "2015-05-10T18:02:14Z"
    assert "${version} ${account-id}" in done.out


def test_environment_names_the_store(flowsql: Flowsql, log: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("FLOWSQL_STORE", str(tmp_path / "named"))
    assert flowsql("load", log).code == 0
    assert (tmp_path / "named" / "flowsql.duckdb").exists()
