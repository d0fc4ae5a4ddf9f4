from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flowsql.store.check import check_store
from flowsql.workspace import Workspace

_LEDGER = (
    "select load_id, identity, name, state, problem, log_format, flow_log_id, size_bytes, content_bytes,"
    " content_hash, head_sha256, lines, records, rejects, headers, blank_lines, nodata, skipdata, min_start,"
    " max_start, min_end, max_end, loaded_at, replaced_by from loads order by load_id"
)


@dataclass(frozen=True)
class Content:
    """All that a store must have again after a repair or on another machine."""

    records: list[tuple[object, ...]]
    loads: list[tuple[object, ...]]
    objects: list[tuple[object, ...]]
    rejects: list[tuple[object, ...]]
    statistics: list[tuple[object, ...]]


@pytest.fixture
def content_of() -> Callable[[Workspace], Content]:
    """Reads a store: records and ledger in full."""

    def rows(workspace: Workspace, sql: str) -> list[tuple[object, ...]]:
        table = workspace.sql(sql).read_all()
        return [tuple(row.values()) for row in table.to_pylist()]

    def read(workspace: Workspace) -> Content:
        return Content(
            rows(workspace, "select * from records order by all"),
            rows(workspace, _LEDGER),
            rows(workspace, "select * from objects order by all"),
            rows(workspace, "select * from rejects order by all"),
            rows(
                workspace,
                "select interface_id, sum(records), sum(accept), min(min_start) from catalog.segment_interfaces"
                " group by all order by all",
            ),
        )

    return read


@pytest.fixture
def damage_of() -> Callable[[Workspace], dict[str, str]]:
    """What `store check` finds damaged: file -> problems."""

    def check(workspace: Workspace, **options: Any) -> dict[str, str]:
        report = check_store(workspace.store, **options)
        found: dict[str, str] = {}
        for finding in report.findings:
            if finding.is_damage:
                found[finding.file] = "; ".join(filter(None, (found.get(finding.file), finding.problem)))
        return found

    return check


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the objects of `eventful`, as they were at last."""
    return tmp_path_factory.mktemp("eventful") / "logs"


@pytest.fixture(scope="session")
def _eventful(logs: Path, log_text: Callable[..., bytes]) -> Path:
    logs.mkdir()
    aws = "123456789012_vpcflowlogs_eu-west-1_fl-0a1b2c3d_20261123T1000Z_1a2b3c4d.log"
    days = log_text(range(200), start=1_795_392_000 - 100)
    steps: list[dict[str, bytes]] = [
        {"a.log": days, "grows.log": log_text(range(1000, 1010))},
        {aws: log_text(range(2000, 2020)), "bad.log": log_text(range(3000, 3003)) + b"no record\n\n"},
        {"grows.log": log_text(range(1000, 1030)), aws: log_text(range(2000, 2040)), "copy.log": days},
        {
            "few.log": b"srcaddr dstaddr bytes\n10.0.0.1 10.0.0.2 5\n",
            "empty.log": log_text([]),
            "cut.log.gz": _cut(log_text(range(4000, 4400))),
        },
    ]
    workspace = Workspace(logs.parent / "store")
    for step in steps:
        for name, content in step.items():
            (logs / name).write_bytes(content)
        workspace.load([logs])
    return workspace.store.folder


@pytest.fixture
def eventful(tmp_path: Path, _eventful: Path) -> Workspace:
    """A store with a past: several days and formats, rejects, an object that grew, one that was replaced under an
    AWS name, one that is incomplete, one without records, a copy under another name.
    """
    shutil.copytree(_eventful, tmp_path / "store")
    return Workspace(tmp_path / "store")


def _cut(content: bytes) -> bytes:
    whole = gzip.compress(content)
    return whole[: len(whole) // 2]
