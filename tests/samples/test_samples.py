"""Logs that others wrote or captured have the records that their README states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from flowsql.ingest.detect import NotFlowLogs
from flowsql.ingest.read import start_reading
from flowsql.logformat.format_string import parse_format_string
from flowsql.sources.local import find_objects

SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no samples beside this checkout")

Rows = list[dict[str, Any]]


@dataclass
class Expected:
    """What a sample holds; None where its README says nothing or its format has no such field."""

    records: int
    bytes: int | None = None
    packets: int | None = None
    actions: dict[str | None, int] | None = None
    rejects: list[str] = field(default_factory=list)
    log_format: str | None = None
    more: Callable[[Rows], bool] = lambda rows: True


def counts(column: str, rows: Rows) -> Counter[Any]:
    return Counter(row[column] for row in rows)


AWS_DEFAULT = Expected(
    7,
    18025,
    102,
    {"ACCEPT": 3, "REJECT": 2, None: 2},
    more=lambda rows: (
        counts("log_status", rows) == {"OK": 5, "NODATA": 1, "SKIPDATA": 1}
        and counts("protocol", rows)[1] == 2
        and sum(":" in (row["srcaddr"] or "") for row in rows) == 1
    ),
)
CRIBL = Expected(
    99,
    8641867,
    40072,
    {"REJECT": 67, "ACCEPT": 32},
    more=lambda rows: (
        counts("protocol", rows) == {6: 93, 17: 4, 1: 2}
        and len(counts("interface_id", rows)) == 4
        and len(counts("srcaddr", rows)) == 31
    ),
)
CRIBL_NAME = "cribl-real-v2/216782312663_vpcflowlogs_us-east-1_fl-01b07217476488e53_20210902T2145Z_c2ed8707.first100.log"
FLOW_LOGS = {
    "aws-docs-examples/default-v2.log": AWS_DEFAULT,
    "aws-docs-examples/default-v2-no-header.log": AWS_DEFAULT,
    "aws-docs-examples/tcp-flag.log": Expected(
        8,
        23462480,
        actions={"ACCEPT": 8},
        more=lambda rows: counts("tcp_flags", rows) == {2: 2, 18: 2, 1: 2, 3: 1, 19: 1},
    ),
    "aws-docs-examples/nat.log": Expected(
        6,
        more=lambda rows: (
            counts("instance_id", rows)[None] == 4
            and any(row["srcaddr"] != row["pkt_srcaddr"] for row in rows)
            and len(rows[0]) == 6
        ),
    ),
    "aws-docs-examples/tgw.log": Expected(4, actions={"ACCEPT": 4}, more=lambda rows: len(rows[0]) == 17),
    "aws-docs-examples/traffic-path.log": Expected(
        2,
        15515,
        actions={"ACCEPT": 2},
        more=lambda rows: [row["traffic_path"] for row in rows] == [None, 8],
    ),
    "otel-vpcflow/valid_vpc_flow_log.log": Expected(
        1,
        None,
        None,
        {None: 1},
        more=lambda rows: (rows[0]["log_status"], rows[0]["account_id"]) == ("NODATA", "12345678910"),
    ),
    "otel-vpcflow/valid_vpc_flow_log_multi.log": Expected(2, 8498, 40, {"ACCEPT": 1, "REJECT": 1}),
    "otel-vpcflow/vpc_flow_log_too_few_fields.log": Expected(0, rejects=["found 13 values for 14 fields"]),
    "otel-vpcflow/vpc_flow_log_too_many_fields.log": Expected(0, rejects=["found 15 values for 14 fields"]),
    "otel-vpcflow/valid_tgw_flow_log.log": Expected(
        1,
        1000,
        10,
        more=lambda rows: [value for name, value in rows[0].items() if "lost" in name] == [1, 2, 3, 4],
    ),
    "otel-vpcflow/valid_vpc_flow_log_ecs.log": Expected(
        1,
        3500,
        15,
        {"ACCEPT": 1},
        more=lambda rows: (len(rows[0]), rows[0]["version"]) == (24, 5),
    ),
    CRIBL_NAME: CRIBL,
    f"{CRIBL_NAME}.gz": CRIBL,
    "cribl-real-v2/ZP04h5.json": CRIBL,
    "newrelic-cloudwatch/entry_vpc_flow_logs.json": Expected(
        1, actions={None: 1}, more=lambda rows: rows[0]["log_status"] == "NODATA"
    ),
    "opensearch-vpc/sample.json": Expected(22, 22 * 44, 22),
    "otel-vpcflow/valid_vpc_flow_cw.json": Expected(2, 8498, 40, {"ACCEPT": 1, "REJECT": 1}),
    "otel-vpcflow/valid_vpc_flow_cw_custom.json": Expected(
        2,
        log_format="version interface-id srcaddr dstaddr",
        more=lambda rows: counts("srcaddr", rows) == {"172.31.16.139": 1, "172.31.9.69": 1},
    ),
    "sekoia-parquet/test_parquet_result.json": Expected(
        7,
        more=lambda rows: (
            ("172.31.39.167", "172.31.39.169") not in {(r["srcaddr"], r["dstaddr"]) for r in rows}
            and counts("account_id", rows) == {"111111111111": 7}
        ),
    ),
    "sekoia-parquet/111111111111_vpcflowlogs_eu-west-3_fl-032a163fae170ae52_20220831T1255Z_2ad4bef5.parquet": Expected(
        7,
        124 + 14392,
        actions={"REJECT": 3, "ACCEPT": 4},
        more=lambda rows: sum(row["bytes"] for row in rows if row["action"] == "REJECT") == 124,
    ),
    "sekoia-parquet/test_parquet.parquet": Expected(
        8,
        more=lambda rows: ("172.31.39.167", "172.31.39.169") in {(r["srcaddr"], r["dstaddr"]) for r in rows},
    ),
    "flowlogs-reader-parquet/flows.parquet": Expected(
        3,
        840,
        10,
        {"ACCEPT": 1, None: 2},
        more=lambda rows: (
            counts("log_status", rows) == {"OK": 1, "NODATA": 2}
            and [row["srcaddr"] for row in rows if row["log_status"] == "NODATA"] == [None, "198.51.100.7"]
        ),
    ),
}
FOREIGN = {
    "panther-scenario/attacker_vpc.yml": "YAML",
    "zeek-apt29/day1-NASHUA_conn.log": "JSON",
    "zeek-apt29/day1-SCRANTON_conn.log": "JSON",
    "zeek-apt29/day2-NEWYORK_conn.log": "JSON",
    "zeek-apt29/day2-SCRANTON_conn.log": "JSON",
    "zeek-apt29/day2-UTICA-A_conn.log": "JSON",
    "zeek-apt29/day2-UTICA-C_conn.log": "JSON",
    "zeek-apt29/day2-UTICA-D_conn.log": "JSON",
    "zeek-apt29/day2-UTICA-ONE-DRIVE_conn.log": "JSON",
}


def test_no_sample_is_forgotten() -> None:
    found = {str(path.relative_to(SAMPLES)) for path in SAMPLES.rglob("*") if path.is_file()}
    assert found - {"README.md"} == FLOW_LOGS.keys() | FOREIGN.keys()


@pytest.mark.parametrize(("name", "expected"), FLOW_LOGS.items(), ids=FLOW_LOGS)
def test_flow_logs(name: str, expected: Expected, tmp_path: Path) -> None:
    (log_object,) = find_objects(str(SAMPLES / name), tmp_path)
    given = parse_format_string(expected.log_format) if expected.log_format else None
    reading = start_reading(log_object, given)
    with ThreadPoolExecutor(2) as pool:
        blocks = list(reading.parsed(pool))
    reading.close()
    rows = [row for block in blocks for _, table in block.tables for row in table.to_pylist()]
    assert len(rows) == expected.records
    assert [reject.reason for block in blocks for reject in block.rejects] == expected.rejects
    for column in ("bytes", "packets"):
        total = getattr(expected, column)
        assert total is None or sum(row[column] or 0 for row in rows) == total
    assert expected.actions is None or counts("action", rows) == expected.actions
    assert expected.more(rows)
    assert reading.damage == ""


@pytest.mark.parametrize(("name", "kind"), FOREIGN.items(), ids=FOREIGN)
def test_foreign_files(name: str, kind: str, tmp_path: Path) -> None:
    (log_object,) = find_objects(str(SAMPLES / name), tmp_path)
    with pytest.raises(NotFlowLogs) as caught:
        start_reading(log_object, None)
    assert caught.value.cause == f"not flow logs: {kind}"
