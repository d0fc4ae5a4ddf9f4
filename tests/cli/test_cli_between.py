"""`flowsql between`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Flowsql = Callable[..., Any]
VERDICT = "172.31.16.139 sent to 172.31.16.21:22, accepted; whether it was answered is not decidable (2014-12-14 UTC)"
ENDS = ("172.31.16.139", "172.31.16.21")


def test_a_table_has_the_verdict_above_it(flowsql: Flowsql, store: Path) -> None:
    done = flowsql("between", *ENDS, "22", "--store", store, "--format", "table")
    assert done.code == 0
    first, *notes, table = done.out.split("\n", 4)
    assert first == VERDICT
    assert notes[0].startswith("  it was seen at eni-1235b8ca123456789: of either end, or on the way")
    assert "bytes_to_server" in table
    assert "between 172.31.16.139 and 172.31.16.21, port 22: 1 record" in done.err


def test_other_formats_are_data_and_the_verdict_is_told_beside(
    flowsql: Flowsql, store: Path, tmp_path: Path
) -> None:
    done = flowsql("between", *ENDS, "--store", store, "--format", "csv", "--bin", "1h")
    assert done.out.splitlines() == [
        "bin_time,opener,attempts,answered,refused_by_host,rejected,silent,not_decidable,rejected_records,"
        "bytes_to_server,bytes_to_client,seen_at",
        "2014-12-14T04:00:00Z,172.31.16.139,1,0,0,0,0,1,0,4249,,eni-1235b8ca123456789",
    ]
    assert done.err.splitlines()[0] == VERDICT
    spoken = flowsql("between", *ENDS, "--store", store, "--log", "json", "-o", tmp_path / "a.json")
    assert json.loads(spoken.err.splitlines()[0])["verdict"] == VERDICT
    assert json.loads((tmp_path / "a.json").read_text())[0]["attempts"] == 1


def test_logs_without_a_store(flowsql: Flowsql, log: Path) -> None:
    done = flowsql(
        "between", "172.31.9.69", "172.31.9.12", 3389, "--logs", log, "--quiet", "--format", "table"
    )
    assert done.out.startswith(
        "172.31.9.69 did not reach 172.31.9.12:3389: rejected since 04:06:50 at eni-1235b8ca123456789, by a"
        " security group or a network ACL (2014-12-14 UTC)\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [((), 2), (("10.0.0.1",), 2), (("10.0.0.1", "x"), 2), ((*ENDS, "ssh"), 2), ((*ENDS, "--bin", "0s"), 2), (("eni-x", "10.0.0.1"), 1)],
)  # fmt: skip
def test_wrong_calls(flowsql: Flowsql, store: Path, arguments: tuple[str, ...], code: int) -> None:
    done = flowsql("between", *arguments, "--store", store)
    assert done.code == code
    assert done.err
    assert done.out == ""
