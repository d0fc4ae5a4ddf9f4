"""`load @NAME`: the objects of one registered flow log, where several deliver to one bucket."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from flowsql.workspace import Workspace

Flowsql = Callable[..., Any]
DAY = date(2026, 11, 20)
ONE, TWO = f"fl-{1:017x}", f"fl-{2:017x}"


def key_of(flow_log: str, day: date) -> str:
    name = f"123456789012_vpcflowlogs_eu-west-1_{flow_log}_{day:%Y%m%d}T1000Z_{day.day:08x}.log"
    return f"AWSLogs/123456789012/vpcflowlogs/eu-west-1/{day:%Y/%m/%d}/{name}"


class Case:
    """A folder of its own in the bucket to which two flow logs deliver, and a store that knows them."""

    def __init__(self, server: Any, flowsql: Flowsql, tmp_path: Path) -> None:
        self._server, self._flowsql, self._prefix = server, flowsql, f"{tmp_path.name}/deep"
        self.workspace = Workspace(tmp_path / "store")
        described = [
            {
                "FlowLogId": flow_log_id,
                "LogDestinationType": "s3",
                "LogDestination": f"arn:aws:s3:::flow-logs/{self._prefix}",
                "LogFormat": "${interface-id} ${srcaddr} ${start} ${end} ${bytes}",
                "Tags": [{"Key": "Name", "Value": name}],
            }
            for flow_log_id, name in ((ONE, "one"), (TWO, "two"))
        ]
        (tmp_path / "fl.json").write_text(json.dumps({"FlowLogs": described}))
        assert flowsql("inventory", "load", tmp_path / "fl.json", "--store", tmp_path / "store").code == 0

    def put(self, objects: Mapping[str, bytes]) -> None:
        self._server.put({f"{self._prefix}/{key}": content for key, content in objects.items()})

    def load(self, *arguments: str) -> Any:
        store = str(self.workspace.store.folder)
        there = ("--endpoint-url", self._server.url, "--aws-region", "us-east-1", "--now", "2026-11-22")
        return self._flowsql("load", *arguments, *there, "--store", store)

    def numbers(self) -> list[int]:
        table = self.workspace.sql("select bytes from records order by bytes").read_all()
        return [int(number) for number in table.column("bytes").to_pylist()]


@pytest.fixture
def case(seaweedfs: Any, flowsql: Flowsql, tmp_path: Path) -> Case:
    return Case(seaweedfs, flowsql, tmp_path)


def line(number: int) -> bytes:
    # Without a header line: the registry tells the log format.
    return f"eni-1 10.0.0.1 1795168800 1795168860 {number}\n".encode()


def test_only_its_own_objects_are_loaded(case: Case) -> None:
    case.put({key_of(ONE, DAY): line(1), key_of(TWO, DAY): line(2)})
    assert case.load("@one", "--full").code == 0
    assert case.numbers() == [1]
    assert case.load(f"@{TWO}", "--full").code == 0
    assert case.numbers() == [1, 2]


def test_what_is_known_of_another_flow_log_is_no_mark(case: Case) -> None:
    case.put({key_of(ONE, DAY): line(1), key_of(TWO, DAY): line(2)})
    case.load("@one", "--full")
    first = case.load("@two")
    assert first.code == 2
    assert "the first load of a remote source wants to know from when on" in first.err


def test_the_next_load_begins_where_the_last_one_ended(case: Case) -> None:
    case.put({key_of(ONE, DAY): line(1)})
    case.load("@one", "--since", "2026-11-20")
    case.put({key_of(ONE, DAY + timedelta(days=1)): line(3), key_of(TWO, DAY): line(2)})
    assert case.load("@one").code == 0
    assert case.numbers() == [1, 3]


def test_an_unknown_name(case: Case) -> None:
    done = case.load("@on", "--full")
    assert done.code == 2
    assert "did you mean 'one'?" in done.err
