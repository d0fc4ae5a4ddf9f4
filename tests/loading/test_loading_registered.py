"""What is registered of a flow log serves its records, and goes without them."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowsql.loading.report import LoadReport
from flowsql.workspace import Workspace

FORMAT = "${bytes} ${srcaddr} ${start} ${end} ${instance-tag} ${instance-tag-2}"


def flow_log(number: int, **more: Any) -> dict[str, Any]:
    return {
        "FlowLogId": f"fl-{number:017x}",
        "LogDestinationType": "s3",
        "LogDestination": "arn:aws:s3:::b",
        "LogFormat": FORMAT,
        "TrafficType": "ALL",
        "ResourceId": f"vpc-{number}",
        "TagFieldSpecifications": [{"ResourceType": "instance", "TagKeys": ["team", "env"]}],
        "Tags": [{"Key": "Name", "Value": f"log-{number}"}],
    } | more


def delivered(folder: Path, number: int, *lines: str) -> Path:
    name = f"123456789012_vpcflowlogs_eu-west-1_fl-{number:017x}_20261123T1000Z_{number:08x}.log"
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "store")


def register(workspace: Workspace, tmp_path: Path, *flow_logs: dict[str, Any]) -> None:
    (tmp_path / "fl.json").write_text(json.dumps({"FlowLogs": flow_logs}))
    workspace.load_inventory([tmp_path / "fl.json"])


def load(workspace: Workspace, *paths: Path, log_format: str | None = None) -> LoadReport:
    return workspace.load(paths, log_format=log_format)


def rows(workspace: Workspace, sql: str) -> list[dict[str, Any]]:
    return workspace.sql(sql).read_all().to_pylist()


def test_the_file_name_picks_the_log_format(workspace: Workspace, tmp_path: Path) -> None:
    register(workspace, tmp_path, flow_log(1), flow_log(2, LogFormat="${srcaddr} ${bytes}"))
    one = delivered(tmp_path, 1, "5 10.0.0.1 1763892000 1763892060 web prod")
    two = delivered(tmp_path, 2, "10.0.0.2 6")
    assert load(workspace, one, two, log_format="dstaddr dstport").problems == []
    assert rows(workspace, "select bytes, srcaddr, flow_log_id from records order by bytes") == [
        {"bytes": 5, "srcaddr": "10.0.0.1", "flow_log_id": f"fl-{1:017x}"},
        {"bytes": 6, "srcaddr": "10.0.0.2", "flow_log_id": f"fl-{2:017x}"},
    ]


@pytest.mark.parametrize("pack", [str, lambda text: base64.b64encode(gzip.compress(text.encode())).decode()])
def test_the_log_group_of_a_subscription_picks_the_log_format(
    pack: Callable[[str], str], workspace: Workspace, tmp_path: Path
) -> None:
    register(
        workspace,
        tmp_path,
        flow_log(1, LogDestinationType="cloud-watch-logs", LogDestination=None, LogGroupName="/a"),
        flow_log(2, LogDestinationType="cloud-watch-logs", LogDestination=None, LogGroupName="/b")
        | {"LogFormat": "${srcaddr} ${dstaddr} ${start} ${end} ${bytes}"},
    )
    events = [{"message": "10.0.0.1 10.0.0.2 1763892000 1763892060 7"}]
    (tmp_path / "x.json").write_text(pack(json.dumps({"logGroup": "/b", "logEvents": events})))
    load(workspace, tmp_path / "x.json")
    assert rows(workspace, "select bytes, flow_log_id from records") == [
        {"bytes": 7, "flow_log_id": f"fl-{2:017x}"}
    ]


def test_a_header_line_knows_better(workspace: Workspace, tmp_path: Path) -> None:
    register(workspace, tmp_path, flow_log(1, LogFormat="${srcaddr} ${dstaddr}"))
    load(workspace, delivered(tmp_path, 1, "dstaddr srcaddr", "10.0.0.1 10.0.0.2"))
    assert rows(workspace, "select srcaddr from records") == [{"srcaddr": "10.0.0.2"}]


def test_a_format_that_does_not_fit_is_named(workspace: Workspace, tmp_path: Path) -> None:
    register(workspace, tmp_path, flow_log(1))
    (problem,) = load(workspace, delivered(tmp_path, 1, "10.0.0.1 2 3")).problems
    assert "do not fit that of a registered flow log (6 fields) or the default format" in problem.cause


def test_records_by_flow_log_resource_and_tag(workspace: Workspace, tmp_path: Path) -> None:
    register(workspace, tmp_path, flow_log(1), flow_log(2))
    for number in (1, 2):
        load(workspace, delivered(tmp_path, number, f"{number} 10.0.0.1 1763892000 1763892060 web prod"))
    asked = "select bytes from records join flow_logs using (flow_log_id) where "
    for condition in ("name = 'log-2'", "log_resource_id = 'vpc-2'", "tags['Name'] = 'log-2'"):
        assert rows(workspace, asked + condition) == [{"bytes": 2}]


def test_tag_values_stand_under_their_keys(workspace: Workspace, tmp_path: Path) -> None:
    keys = [{"ResourceType": "instance", "TagKeys": ["env", 'o"dd']}]
    register(workspace, tmp_path, flow_log(1), flow_log(2, TagFieldSpecifications=keys))
    for number in (1, 2, 3):
        line = f"{number} 10.0.0.1 1763892000 1763892060 web%20shop prod"
        load(workspace, delivered(tmp_path, number, line), log_format=FORMAT)
    columns = '"instance:team", "instance:env", "instance:o""dd"'
    found = workspace.sql(f"select {columns} from tagged_flows order by bytes").read_all().to_pylist()
    assert [list(row.values()) for row in found] == [
        ["web shop", "prod", None],
        [None, "web shop", "prod"],
        [None, None, None],
    ]
    assert "instance:team" in workspace.sql("select * from tagged_flows").read_all().column_names


def test_a_flow_log_of_one_action_says_so(workspace: Workspace, tmp_path: Path) -> None:
    register(
        workspace, tmp_path, flow_log(1, TrafficType="REJECT"), flow_log(2), flow_log(3, TrafficType="ACCEPT")
    )
    for number in (1, 2):
        load(workspace, delivered(tmp_path, number, "5 10.0.0.1 1763892000 1763892060 web prod"))
    trust = workspace.sql("select 1 from records").trust
    assert trust is not None
    assert [note for note in trust.notes if "only" in note] == ["flow log log-1 logs REJECT only"]


def test_forgetting_a_flow_log_keeps_its_records(workspace: Workspace, tmp_path: Path) -> None:
    register(workspace, tmp_path, flow_log(1))
    load(workspace, delivered(tmp_path, 1, "5 10.0.0.1 1763892000 1763892060 web prod"))
    workspace.forget_flow_log("log-1")
    assert rows(workspace, "select bytes, flow_log_id from records") == [
        {"bytes": 5, "flow_log_id": f"fl-{1:017x}"}
    ]
    assert rows(workspace, "select count(*) as n from tagged_flows") == [{"n": 1}]
