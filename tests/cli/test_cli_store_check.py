"""`flowsql store ...`: results on stdout, a summary on stderr, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Flowsql = Callable[..., Any]


def segment_of(store: Path) -> Path:
    """The segment that has two of the three records."""
    return min(store.glob("records/*/*.parquet"))


def test_check_of_a_clean_store(flowsql: Flowsql, store: Path) -> None:
    done = flowsql("store", "check", "--store", store)
    assert (done.code, done.out) == (0, "file,problem,remedy\n")
    assert "every byte of 2 segments with 3 records" in done.err
    assert done.err.rstrip().endswith("clean")
    quick = flowsql("store", "check", "--quick", "--store", store)
    assert (quick.code, "sizes and footers" in quick.err) == (0, True)


def test_check_and_repair_of_a_damaged_store(flowsql: Flowsql, store: Path, log: Path) -> None:
    path = segment_of(store)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    done = flowsql("store", "check", "--store", store, "--format", "json")
    assert done.code == 3
    (finding,) = json.loads(done.out)
    assert finding["file"] == str(path.relative_to(store))
    assert "SHA-256" in finding["problem"]
    assert "store repair" in finding["remedy"]
    assert "1 damaged" in done.err
    tried = flowsql("store", "repair", "--dry-run", "--store", store)
    assert (tried.code, path.exists()) == (0, True)
    assert "nothing was changed; the store would have 1 segment with 1 record" in tried.err
    mended = flowsql("store", "repair", "--store", store)
    assert (mended.code, path.exists()) == (0, False)
    assert mended.out == tried.out
    assert "lost: 2 records of 1 objects" in mended.err
    assert flowsql("store", "check", "--store", store).code == 0
    assert "nothing to repair" in flowsql("store", "repair", "--store", store).err
    assert flowsql("load", log, "--store", store).code == 0
    assert flowsql("sql", "select count(*) as n from records", "--store", store).out == "n\n3\n"


def test_check_without_a_store(flowsql: Flowsql, tmp_path: Path) -> None:
    for command in (("check",), ("repair",), ("files",), ("export", tmp_path / "x.tar")):
        done = flowsql("store", *command, "--store", tmp_path / "nothing")
        assert (done.code, done.out) == (3, "")
        assert "there is no store here yet" in done.err


def test_files(flowsql: Flowsql, store: Path) -> None:
    done = flowsql("store", "files", "--store", store, "--format", "json")
    rows = json.loads(done.out)
    assert (rows[0]["path"], rows[0]["records"]) == (str(segment_of(store)), 2)
    assert [row["day"] for row in rows] == ["2014-12-14", "2015-05-10"]
    assert flowsql("store", "files", "--store", store, "--max-rows", 0).out.count("\n") == 1


def test_export_and_import(flowsql: Flowsql, store: Path, tmp_path: Path) -> None:
    archive = tmp_path / "store.tar"
    done = flowsql("store", "export", archive, "--store", store)
    assert (done.code, done.out) == (0, "")
    assert "exported 3 records in 2 segments" in done.err
    again = flowsql("store", "export", archive, "--store", store)
    assert (again.code, "--overwrite" in again.err) == (1, True)
    assert flowsql("store", "export", archive, "--overwrite", "--store", store, "--quiet").err == ""
    there = flowsql("store", "import", archive, "--store", tmp_path / "there")
    assert (there.code, "imported 3 records" in there.err) == (0, True)
    assert flowsql("store", "import", archive, "--store", tmp_path / "there").code == 3
    archive.write_bytes(b"no archive")
    assert flowsql("store", "import", archive, "--store", tmp_path / "new").code == 5
    assert flowsql("sql", "select count(*) as n from records", "--store", tmp_path / "there").out == "n\n3\n"
