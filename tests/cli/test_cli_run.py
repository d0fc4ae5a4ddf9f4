"""`flowsql run` and `flowsql queries`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Flowsql = Callable[..., Any]


def test_run_with_parameters(flowsql: Flowsql, store: Path) -> None:
    done = flowsql("run", "top-ports", "top=1", "--store", store)
    assert done.code == 0
    assert done.out.splitlines() == ["name,bytes,packets,records,bytes_percent", "22/tcp,4249,20,1,50.0"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["top", "tip=3"], "did you mean 'top'?"),
        (["top", "top=0"], "top"),
        (["top", "top"], "name=value"),
        (["top", "top=1", "top=2"], "twice"),
        (["top", "by=prt"], "port"),
        (["flows-of-ip"], "ip"),
        (["flows-of-ip", "ip=10.0.0"], "10.0.0"),
        (["tpo"], "did you mean 'top'?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_calls_are_usage_errors(flowsql: Flowsql, store: Path, arguments: list[str], said: str) -> None:
    done = flowsql("run", *arguments, "--store", store)
    assert done.code == 2
    assert said in done.err
    assert done.out == ""


def test_needed_field_that_no_record_has(flowsql: Flowsql, store: Path) -> None:
    done = flowsql("run", "top", "by=instance", "--store", store)
    assert done.code == 1
    assert "instance-id (version 3)" in done.err
    assert "${instance-id}" in done.err


def test_needed_field_that_some_records_lack(flowsql: Flowsql, store: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.log"
    other.write_text("instance-id bytes\ni-1 10\n")
    assert flowsql("load", other, "--store", store).code == 0
    done = flowsql("run", "top", "by=instance", "--store", store)
    assert done.code == 0
    assert "instance_id is missing in 75 % of the records" in done.err


def test_project_query_comes_first_and_reads_records_only(
    flowsql: Flowsql, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "project" / "queries"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder.parent)
    (folder / "top.sql").write_text("-- What is mine?\nselect count(*) as mine from records\n")
    assert flowsql("run", "top", "--store", store).out == "mine\n3\n"
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    (folder / "peek.sql").write_text(f"-- What is there?\nselect * from read_csv('{secret}')\n")
    assert flowsql("run", "peek", "--store", store).code == 1
    (folder / "write.sql").write_text(f"-- Harm?\ncopy (select 1) to '{tmp_path}/x.csv'\n")
    assert flowsql("run", "write", "--store", store).code == 1
    assert not (tmp_path / "x.csv").exists()


def test_what_a_process_spills_goes_with_it(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    (tmp_path / "queries").mkdir()
    scratch.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(scratch))
    (tmp_path / "queries" / "spill.sql").write_text(
        "-- Does it spill?\nselect sum(a) as a from (\n"
        "select range as a, row_number() over (order by hash(range)) as n from range(3000000)) where n > 10\n"
    )
    command = [sys.executable, "-m", "flowsql.cli.main", "run", "spill", "--store", str(store)]
    seen = set()
    with subprocess.Popen([*command, "--memory-limit", "60MB"], stdout=subprocess.PIPE) as process:
        while process.poll() is None:
            seen |= {name for _, _, names in os.walk(scratch) for name in names}
    assert process.returncode == 0
    assert seen, "the memory limit let it all stay in memory"
    assert not list(scratch.iterdir())


def test_file_parameter_is_a_table(
    flowsql: Flowsql, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "project" / "queries"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder.parent)
    (folder / "listed.sql").write_text(
        "-- Which listed addresses were seen?\n-- param file file : addresses\n"
        "select distinct srcaddr from flows join file on srcaddr = address order by all\n"
    )
    (tmp_path / "list.csv").write_text("address\n172.31.9.69\n10.0.0.1\n")
    done = flowsql("run", "listed", f"file={tmp_path / 'list.csv'}", "--store", store)
    assert (done.code, done.out) == (0, "srcaddr\n172.31.9.69\n")


def test_since_reads_only_segments_of_the_window(flowsql: Flowsql, store: Path) -> None:
    inside = flowsql("run", "traffic-summary", "--since", "2015-01-01", "--store", store)
    assert inside.code == 0
    for segment in (store / "records").glob("day=2014-*/*.parquet"):
        segment.unlink()
    without = flowsql("run", "traffic-summary", "--since", "2015-01-01", "--store", store)
    assert without == inside
    assert flowsql("run", "traffic-summary", "--store", store).code == 3


def test_queries_are_listed_and_explained(flowsql: Flowsql) -> None:
    listing = flowsql("queries").out
    assert "rejected-by-port" in listing
    explained = flowsql("queries", "top-sources").out
    assert "by one of source|destination|pair|" in explained
    assert "top-sources is an alias of top by=source" in explained


def test_broken_query_file_is_named_and_spoils_nothing(
    flowsql: Flowsql, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "queries"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    (folder / "mine.sql").write_text("-- What?\n-- neds: srcaddr\nselect 1\n")
    done = flowsql("queries")
    assert done.code == 0
    assert "mine.sql:2" in done.err
    assert flowsql("run", "mine", "--store", store).code == 2
    assert flowsql("run", "traffic-summary", "--store", store).code == 0


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("flowsql run rejected-by-s", ["rejected-by-source"]),
        ("flowsql run top by=po", ["by=port"]),
        ("flowsql run flows-of-ip i", ["ip="]),
        ("flowsql quer", ["queries"]),
    ],
)
def test_completion(words: str, offered: list[str]) -> None:
    environment = {
        **os.environ,
        "_FLOWSQL_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-m", "flowsql.cli.main"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == offered
