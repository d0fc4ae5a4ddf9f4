"""`flowsql inventory` and `flowsql flow-logs`, as their users meet them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowsql.logformat.fields import TGW_FIELDS, VPC_FIELDS
from flowsql.logformat.format_string import parse_format_string

Flowsql = Callable[..., Any]
FLOW_LOGS = [
    {
        "FlowLogId": "fl-1",
        "LogDestinationType": "s3",
        "LogDestination": "arn:aws:s3:::b/p",
        "TrafficType": "REJECT",
        "MaxAggregationInterval": 60,
        "CreationTime": "2026-02-04T15:22:29Z",
        "ResourceId": "vpc-1",
        "TagFieldSpecifications": [{"ResourceType": "instance", "TagKeys": ["team"]}],
        "Tags": [{"Key": "Name", "Value": "prod"}],
    },
    {"FlowLogId": "fl-2", "LogGroupName": "/g", "LogFormat": "${srcaddr}"},
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "flow-logs.json"
    path.write_text(json.dumps({"FlowLogs": FLOW_LOGS}))
    return path


def test_registering_listing_showing_forgetting(flowsql: Flowsql, store: Path, file: Path) -> None:
    assert (
        flowsql("inventory", "load", file, "--store", store).err == "registered 2 flow logs, 2 of them new\n"
    )
    assert (
        flowsql("inventory", "load", file, "--store", store).err == "registered 2 flow logs, 0 of them new\n"
    )
    listed = flowsql("flow-logs", "--store", store)
    assert listed.out.splitlines() == [
        "flow_log_id,name,log_resource_id,traffic_type,interval_s,fields,delivers_to",
        "fl-1,prod,vpc-1,REJECT,60,14,arn:aws:s3:::b/p",
        'fl-2,"","","","",1,/g',
    ]
    shown = flowsql("flow-logs", "show", "prod", "--store", store)
    assert "created     2026-02-04T15:22:29Z" in shown.out.splitlines()
    assert "tag fields  instance_tag: team" in shown.out.splitlines()
    forgot = flowsql("flow-logs", "forget", "prod", "--store", store)
    assert forgot.err == "forgot prod (fl-1); its records stay\n"
    assert flowsql("flow-logs", "list", "--store", store).out.count("fl-") == 1
    assert flowsql("sql", "select count(*) as n from records", "--store", store).out == "n\n3\n"


def test_all_files_or_none(flowsql: Flowsql, store: Path, file: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    done = flowsql("inventory", "load", file, bad, "--store", store)
    assert done.code == 5
    assert 'bad.json: has no list "FlowLogs"' in done.err
    assert flowsql("flow-logs", "--store", store).out.count("fl-") == 0


def test_a_name_that_is_not_registered(flowsql: Flowsql, store: Path, file: Path) -> None:
    flowsql("inventory", "load", file, "--store", store)
    for command in ("show", "forget"):
        done = flowsql("flow-logs", command, "prd", "--store", store)
        assert (done.code, "did you mean 'prod'?" in done.err) == (2, True)


def test_logs_that_are_not_kept_are_told_by_the_registry(
    flowsql: Flowsql, store: Path, tmp_path: Path
) -> None:
    file = tmp_path / "flow-logs.json"
    described = {
        "FlowLogId": "fl-0a1b",
        "LogFormat": "${srcaddr} ${bytes} ${start}",
        "LogDestinationType": "s3",
    }
    tags = [{"Key": "Name", "Value": "prod"}]
    file.write_text(json.dumps({"FlowLogs": [{**described, "Tags": tags}]}))
    flowsql("inventory", "load", file, "--store", store)
    logs = tmp_path / "123456789012_vpcflowlogs_eu-west-1_fl-0a1b_20231114T2210Z_00000000.log"
    logs.write_text("10.0.0.1 7 1700000000\n10.0.0.2 8 1700000001\n")
    text = "select srcaddr, bytes, name from records join flow_logs using (flow_log_id) order by all"
    done = flowsql("sql", "--logs", logs, "--store", store, text)
    assert done.out.splitlines()[1:] == ["10.0.0.1,7,prod", "10.0.0.2,8,prod"]
    assert "prod" in flowsql("doctor", logs, "--store", store).out
    done = flowsql("inventory", "--store", store)
    assert done.out.splitlines()[1].startswith("flow logs,1,20")
    assert "no header line" in flowsql("sql", "--logs", logs, text).err


def test_a_store_that_cannot_be_read_does_not_keep_logs_from_being_asked(
    flowsql: Flowsql, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWSQL_STORE", str(tmp_path / "broken"))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "flowsql.duckdb").write_bytes(b"nothing" * 1000)
    text = "select count(*) as n from records"
    done = flowsql("sql", "--logs", log, text)
    assert (done.code, done.out) == (0, "n\n3\n")
    assert "no registered flow logs are known" in done.err
    assert flowsql("sql", "--logs", log, "--store", tmp_path / "broken", text).code == 3


def test_a_name_where_no_flow_log_is_registered(flowsql: Flowsql) -> None:
    for command in (("doctor", "@prod"), ("sql", "--logs", "@prod", "select 1")):
        done = flowsql(*command)
        assert (done.code, "@prod: no flow log is registered" in done.err) == (2, True)


def test_options_do_not_stand_before_a_command_of_the_group(flowsql: Flowsql, store: Path) -> None:
    assert flowsql("flow-logs", "--store", store, "show", "prod").code == 2


def test_the_command_has_what_the_queries_need_and_use(flowsql: Flowsql, store: Path) -> None:
    done = flowsql("flow-logs", "create-command", "rejected-by-port", "tcp-flags-histogram", "--store", store)
    assert done.code == 0
    (text,) = (part.split("'")[1] for part in done.out.split("--log-format ")[1:])
    fields = parse_format_string(text)
    names = {field.column for field in fields}
    assert {"srcaddr", "dstport", "action", "protocol", "tcp_flags", "start", "end", "interface_id"} <= names
    assert fields == [field for field in VPC_FIELDS if field in fields]
    assert done.out.startswith("aws ec2 create-flow-logs \\\n  --resource-type VPC")


def test_the_command_names_tag_keys(
    flowsql: Flowsql, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "by-team.sql").write_text(
        "-- Who?\n-- needs: bytes, instance_tag_2\nselect sum(bytes) from records\n"
    )
    monkeypatch.chdir(tmp_path)
    done = flowsql("flow-logs", "create-command", "by-team", "--store", store)
    assert done.out.endswith("--tag-field-specifications ResourceType=instance,TagKeys=KEY-1,KEY-2\n")


def test_the_command_for_a_transit_gateway(flowsql: Flowsql, store: Path) -> None:
    done = flowsql("flow-logs", "create-command", "tgw-drops", "--store", store)
    assert done.code == 0
    assert "--resource-type TransitGateway --resource-ids TGW-ID" in done.out
    assert "traffic-type" not in done.out
    fields = parse_format_string(done.out.split("'")[1])
    assert {"tgw-attachment-id", "packets-lost-no-route", "start"} <= {field.name for field in fields}
    assert {field.name for field in fields} <= {field.name for field in TGW_FIELDS}


def test_no_flow_log_has_the_fields_of_both(flowsql: Flowsql, store: Path) -> None:
    done = flowsql("flow-logs", "create-command", "tgw-drops", "rejected-by-port", "--store", store)
    assert done.code == 2
    assert "which VPC flow logs do not have and rejected-by-port needs action, which transit" in done.err


def test_the_command_of_an_unknown_query(flowsql: Flowsql, store: Path) -> None:
    assert flowsql("flow-logs", "create-command", "no-such", "--store", store).code == 2
