"""The page on Python tells the truth, and the public names do what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import flowsql

PAGE = Path(__file__).resolve().parents[1] / "docs" / "python.md"
LINE = "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1718530010 1718530070 ACCEPT OK\n"


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.log").write_text(LINE)
    return folder


def test_the_pages_example_runs(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(example, str(PAGE), "exec"), {})
    assert capsys.readouterr().out.splitlines() == [
        "1 records, 0 lines rejected",
        "[{'action': 'ACCEPT', 'flows': 1}]",
        "['name', 'bytes', 'packets', 'records', 'bytes_percent']",
        "1",
        "since 2020-01-01T00:00:00Z (context 1h): 1 record, no line rejected; 1 slot covered",
    ]


def test_parameters_are_bound_and_options_understood(logs: Path) -> None:
    with flowsql.connect("store") as workspace:
        workspace.load([logs])
        sql = "select srcport from flows where srcaddr = $address"
        result = workspace.sql(
            sql, {"address": "172.31.16.139"}, port=22, cidr=["172.31.0.0/16"], tz="Europe/Berlin"
        )
        assert result.read_all().to_pylist() == [{"srcport": 20641}]
        assert workspace.sql(sql, {"address": "x' or true --"}).read_all().num_rows == 0
        assert workspace.sql("create temp table t as select 1").has_rows is False


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda w: w.sql("select $nope"), flowsql.errors.QueryError),
        (lambda w: w.run("nope"), flowsql.errors.LibraryError),
        (lambda w: w.run("top", {"top": 0}), flowsql.errors.LibraryError),
        (lambda w: w.sql("select 1", since="never"), flowsql.errors.UsageError),
        (lambda w: w.load(["nowhere/*.log"]), flowsql.errors.SourceError),
    ],
)
def test_errors_are_of_the_family(logs: Path, call: object, error: type[flowsql.FlowsqlError]) -> None:
    with flowsql.connect("store") as workspace:
        workspace.load([logs])
        with pytest.raises(error) as caught:
            call(workspace)  # type: ignore[operator]
        assert isinstance(caught.value, flowsql.FlowsqlError)


def test_public_names() -> None:
    assert flowsql.Workspace.__name__ == "Workspace"
    assert flowsql.Result.__name__ == "Result"
    with pytest.raises(AttributeError):
        _ = flowsql.nonsense
