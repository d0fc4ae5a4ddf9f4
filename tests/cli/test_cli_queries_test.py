"""`flowsql queries test`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Flowsql = Callable[..., Any]

SQL = """\
-- Who sent how many bytes?
-- needs: srcaddr, bytes
-- param least integer = 0 : bytes
select srcaddr, cast(sum(bytes) as bigint) as bytes, min(start_time) as first_time
from flows
group by srcaddr
having sum(bytes) >= $least
order by srcaddr
"""
RECORDS = """
2 123456789010 eni-1 10.0.0.1 10.0.0.2 50000 22 6 1 40 1700006400 1700006459 ACCEPT OK
2 123456789010 eni-1 10.0.0.2 10.0.0.1 22 50000 6 1 70 1700006401 1700006459 ACCEPT OK
2 123456789010 eni-1 10.0.0.1 10.0.0.2 50000 22 6 1 2 1700010000 1700010059 ACCEPT OK
"""
ROWS = """
srcaddr,bytes,first_time
10.0.0.1,42,2023-11-15T00:00:00Z
10.0.0.2,70,2023-11-15T00:00:01Z
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's queries/, with one query; the built-in ones are not looked for."""
    folder = tmp_path / "queries"
    folder.mkdir()
    (folder / "sent.sql").write_text(SQL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("flowsql.library.search_path.built_in_folder", lambda: tmp_path / "none")
    return folder


def case(**entries: str) -> str:
    given = {"about": '"it adds up"', "records": f"'''{RECORDS}'''", "rows": f"'''{ROWS}'''", **entries}
    return "\n".join(["[[case]]", *(f"{key} = {value}" for key, value in given.items() if value), ""])


@pytest.mark.parametrize(
    "entries",
    [
        {},
        {"rows": "'''bytes\n42\n70'''"},
        {"rows": "'''bytes,srcaddr\n42,10.0.0.1\n70,10.0.0.2\n'''"},
        {"parameters": "{ least = 50 }", "rows": "'''srcaddr\n10.0.0.2'''"},
        {"parameters": "{ least = 500 }", "rows": "'srcaddr'"},
        {"since": '"2023-11-15T01:00Z"', "rows": "'''bytes\n2'''"},
        {"until": '"1h"', "now": '"2023-11-15T01:00:01Z"', "rows": "'''bytes\n40'''"},
        {"ip": '["10.0.0.2"]', "where": "'bytes < 50'", "rows": "'''bytes\n42'''"},
        {"tz": '"Europe/Berlin"', "rows": "'''first_time\n2023-11-15T01:00:00+01:00\n2023-11-15T01:00:01+01:00'''"},
        {"trust": '"3 records"'},
        {"log-format": '"srcaddr bytes"', "records": "'''10.0.0.1 42\n10.0.0.2 70'''", "rows": "'''bytes\n42\n70'''"},
        {"records": "'''srcaddr bytes\n10.0.0.1 42\n10.0.0.2 70'''", "rows": "'''bytes\n42\n70'''"},
        {"records": f"{{ 'a.log' = '''{RECORDS}''', 'b/c.log' = '''{RECORDS.replace('1 40', '1 41')}''' }}", "rows": "'''bytes\n85\n140'''"},
        {"records": f"'''{RECORDS}something else'''", "rejects": "1"},
        {"records": "''", "rows": "'bytes'"},
    ],
    ids=str,
)  # fmt: skip
def test_cases_that_hold(flowsql: Flowsql, folder: Path, entries: dict[str, str]) -> None:
    (folder / "sent.cases.toml").write_text(case(**entries))
    done = flowsql("queries", "test", "sent")
    assert done.out == "passed  sent: it adds up\n1 case: 1 passed, 0 failed\n"
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"rows": "'''bytes\n42\n71'''"}, "  bytes\n      42\n    - 71\n    + 70\n"),
        ({"rows": "'''bytes\n70\n42'''"}, "    - 42\n"),
        ({"rows": "'''bytes\n42'''"}, "    + 70\n"),
        ({"rows": "'''byte\n42\n70'''"}, "the answer has no column 'byte'; did you mean 'bytes'?"),
        ({"trust": '"4 records"'}, "the trust line lacks '4 records':\n    all records: 3 records"),
        ({"parameters": "{ most = 5 }"}, "it has no parameter 'most'"),
        ({"since": '"25:00"'}, "'25:00' is no time"),
        ({"records": f"'''{RECORDS}something else'''"}, "records.log:4: found 2 values for 14 fields"),
        ({"records": "'''srcaddr dstaddr\n10.0.0.1 10.0.0.2'''"}, "no record of the window has bytes"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_cases_that_do_not(flowsql: Flowsql, folder: Path, entries: dict[str, str], said: str) -> None:
    (folder / "sent.cases.toml").write_text(case() + case(**entries))
    done = flowsql("queries", "test", "sent")
    assert said in done.out
    assert f"FAILED  sent: it adds up\n  {folder}/sent.cases.toml: case 2\n" in done.out
    assert done.out.endswith("2 cases: 1 passed, 1 failed\n")
    assert done.code == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "sent: it has no cases\n  try: write some into"),
        ("[[case", "sent.cases.toml: it is not TOML: "),
        ("cases = 1", "something else than [[case]] tables"),
        ("[case]\nabout = 'x'", "something else than [[case]] tables"),
        (case(rows=""), "case 1: it has no rows"),
        (case() + case(about=""), "case 2: it has no about"),
        (case(row="''"), "case 1: unknown key 'row'\n  try: did you mean 'rows'?"),
        (case(records="5"), "case 1: records is neither a text nor texts by name"),
        (case(records="{'../x' = ''}"), "'../x' is no name of a file"),
        (case(since="2023-11-15T01:00:00Z"), 'since is no text\n  try: write since = "..."'),
        (case(parameters="{ least = [1] }"), "the parameter least is no single value"),
        (case(parameters="5"), "parameters is no table"),
        (case(rejects="'x'"), "rejects is no number"),
        (case(rows="'''a,b\n1'''"), "row 1 has 1 cells for 2 columns"),
        (case(rows="''"), "rows does not begin with the names of its columns"),
    ],
)
def test_case_files_that_are_wrong(flowsql: Flowsql, folder: Path, text: str | None, said: str) -> None:
    if text is not None:
        (folder / "sent.cases.toml").write_text(text)
    done = flowsql("queries", "test", "sent")
    assert done.code == 2
    assert said in done.err


def test_all_queries_are_tested_whatever_is_wrong_with_others(flowsql: Flowsql, folder: Path) -> None:
    (folder / "sent.cases.toml").write_text(case())
    (folder / "alone.sql").write_text("-- What?\nselect 1 as one\n")
    (folder / "broken.sql").write_text("-- What?\n-- neds: srcaddr\nselect 1\n")
    (folder / "odd.sql").write_text("-- What?\nselect 1 as one\n")
    (folder / "odd.cases.toml").write_text("x")
    done = flowsql("queries", "test")
    assert done.out == "passed  sent: it adds up\n3 cases: 1 passed, 2 failed\n"
    assert f"alone has no cases; they would be in {folder}/alone.cases.toml" in done.err
    assert "broken.sql:2: unknown header key 'neds'" in done.err
    assert "odd.cases.toml: it is not TOML" in done.err
    assert done.code == 1


def test_a_file_parameter_names_a_file_of_the_case(flowsql: Flowsql, folder: Path) -> None:
    (folder / "listed.sql").write_text(
        "-- Which listed addresses were seen?\n-- param file file : addresses\n"
        "select distinct srcaddr from flows join file on srcaddr = address order by all\n"
    )
    (folder / "listed.cases.toml").write_text(
        case(parameters="{ file = 'a.csv' }", files="{ 'a.csv' = '''address\n10.0.0.2''' }", rows="'''srcaddr\n10.0.0.2'''")
    )  # fmt: skip
    assert flowsql("queries", "test", "listed").code == 0


@pytest.mark.parametrize("arguments", [("test", "snt"), ("sent", "test")])
def test_wrong_calls(flowsql: Flowsql, arguments: tuple[str, ...]) -> None:
    assert flowsql("queries", *arguments).code == 2


def test_the_example_of_the_page(flowsql: Flowsql, folder: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "own-queries.md").read_text()
    (sql,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    (cases,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (folder / "new-ports.sql").write_text(sql)
    (folder / "new-ports.cases.toml").write_text(cases)
    done = flowsql("queries", "test", "new-ports")
    assert done.out.endswith("1 case: 1 passed, 0 failed\n")
