"""`between` on generated traffic, of which it is known who reached whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest

from flowsql.generate.logs import generate
from flowsql.logformat.format_string import parse_format_string
from flowsql.workspace import Workspace

Connection = dict[str, Any]
FORMAT = (
    "interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status vpc-id subnet-id"
    " pkt-srcaddr pkt-dstaddr"
)
# What may be said first of connections that all came out so, in truth.
SAID = {
    "answered": ("reached", "sent to"),
    "rejected": ("did not reach", "sent to"),
    "reply-rejected": ("did not reach", "sent to"),
    "refused-by-host": ("did not reach", "reached", "sent to"),
    "silent": ("did not reach", "sent to"),
}


@pytest.fixture(scope="module", params=["flags", "no flags"])
def generated(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Workspace, list[Connection]]]:
    folder = tmp_path_factory.mktemp("between")
    log_format = f"{FORMAT} tcp-flags" if request.param == "flags" else FORMAT
    generate(folder / "logs", records=30_000, fields=parse_format_string(log_format), parquet=True, seed=5)
    with Workspace(folder / "store") as workspace:
        workspace.load([folder / "logs"])
        yield workspace, pq.read_table(folder / "logs" / "truth" / "truth.parquet").to_pylist()


def test_what_became_of_connections_is_told(generated: tuple[Workspace, list[Connection]]) -> None:
    workspace, truth = generated
    groups: dict[tuple[Any, ...], list[Connection]] = defaultdict(list)
    for connection in truth:
        if connection["protocol"] == 6 and connection["seen"] and "nat" not in connection["tags"]:
            key = (connection["opener_address"], connection["server_address"], connection["server_port"])
            groups[key].append(connection)
    tried: dict[str, int] = defaultdict(int)
    for (a, b, port), connections in groups.items():
        outcomes = {connection["outcome"] for connection in connections}
        (outcome, *others) = sorted(outcomes)
        if others or outcome not in SAID or tried[outcome] >= 4:
            continue
        tried[outcome] += 1
        verdict = workspace.between(a, b, port).verdict
        assert verdict.startswith(tuple(f"{a} {said} " for said in SAID[outcome])), (verdict, connections)
    assert tried.keys() >= {"answered", "rejected"}
