"""Generated traffic, of which the truth is known: what the views claim never contradicts it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from flowsql.generate.logs import generate
from flowsql.logformat.format_string import parse_format_string
from flowsql.workspace import Workspace

FORMAT = (
    "interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status vpc-id subnet-id"
    " pkt-srcaddr pkt-dstaddr"
)
# What the opener's own interface may say of it, and the receiver's.
OUTCOMES = {
    "answered": {"answered", "one-way"},
    "rejected": {"rejected", "silent", "not decidable"},
    "reply-rejected": {"rejected", "silent", "not decidable"},
    "refused-by-host": {"refused by host", "answered"},
    "silent": {"silent", "not decidable"},
    "no-route": {"silent", "not decidable"},
    "dropped-by-nat": {"dropped by NAT", "not decidable", "silent"},
}
Seen = dict[tuple[Any, ...], list[dict[str, Any]]]


class Generated:
    """A store of generated logs, and the truth by capture point and ends, from the opener's side."""

    def __init__(self, workspace: Workspace, truth: Path) -> None:
        self.workspace = workspace
        self.seen: Seen = defaultdict(list)
        for connection in pq.read_table(truth).to_pylist():
            for seen in connection.pop("seen"):
                ends = (
                    seen["opener_address"],
                    seen["opener_port"],
                    seen["server_address"],
                    seen["server_port"],
                )
                key = (seen["interface_id"], connection["protocol"], *ends)
                self.seen[key].append({**connection, **seen})

    def rows(self, sql: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.workspace.sql(sql).read_all().to_pylist()
        return rows

    def at(
        self, point: str, protocol: int, ends: tuple[Any, ...], first: int, last: int
    ) -> list[dict[str, Any]]:
        """What happened there then, with the first of the ends as the opener."""
        here = self.seen.get((point, protocol, *ends), [])
        return [seen for seen in here if seen["first"] <= last + 60 and seen["last"] >= first - 60]


@pytest.fixture(scope="module", params=["flags", "no flags"])
def generated(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Generated]:
    folder = tmp_path_factory.mktemp("truth")
    log_format = f"{FORMAT} tcp-flags" if request.param == "flags" else FORMAT
    fields = parse_format_string(log_format)
    generate(folder / "logs", records=30_000, fields=fields, parquet=True)
    with Workspace(folder / "store") as workspace:
        workspace.load([folder / "logs"])
        yield Generated(workspace, folder / "logs" / "truth" / "truth.parquet")


def turned(ends: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*ends[2:], *ends[:2])


def test_direction(generated: Generated) -> None:
    sql = 'select interface_id, srcaddr, srcport, dstaddr, dstport, start, "end", sender_role, evidence from tcp_directions'
    judged: list[tuple[str, bool]] = []
    for row in generated.rows(sql):
        point, *ends, first, last, role, evidence = row.values()
        sent = generated.at(point, 6, tuple(ends), first, last)
        answered = generated.at(point, 6, turned(tuple(ends)), first, last)
        if bool(sent) != bool(answered):
            judged.append((evidence, role == ("client" if sent else "server")))
    decided = sum(is_right for evidence, is_right in judged if evidence not in ("port-guess", "unknown"))
    has_flags = any(evidence == "syn" for evidence, _ in judged)
    assert len(judged) > 20_000
    assert decided / len(judged) >= (0.995 if has_flags else 0.88)
    assert {evidence for evidence, is_right in judged if not is_right} <= {"fan-in", "port-guess"}


def test_outcomes(generated: Generated) -> None:
    sql = (
        "select interface_id, protocol, client_addr, client_port, server_addr, server_port,"
        " cast(epoch(first_time) as bigint) as first_s, cast(epoch(last_time) as bigint) as last_s, outcome"
        " from conversations where protocol in (6, 17)"
    )
    judged = 0
    for row in generated.rows(sql):
        point, protocol, *ends, first, last, outcome = row.values()
        happened = [s for s in generated.at(point, protocol, tuple(ends), first, last) if not s["stray"]]
        if len(happened) == 1 and happened[0]["outcome"] in OUTCOMES and happened[0]["complete"]:
            judged += 1
            assert outcome in OUTCOMES[happened[0]["outcome"]], (row, happened)
    assert judged > 5000


@pytest.mark.parametrize(
    ("fields", "bound"),
    [(FORMAT, 0.005), (FORMAT.partition(" vpc-id")[0], 0.02)],
    ids=["with packet addresses and VPC", "the default format's fields"],
)
def test_bytes_count_once(tmp_path: Path, fields: str, bound: float) -> None:
    # What is sent passes up to four interfaces.
    generate(tmp_path / "logs", records=30_000, fields=parse_format_string(fields), parquet=True)
    with Workspace(tmp_path / "store") as workspace:
        workspace.load([tmp_path / "logs"])
        sql = (
            "select sum(bytes) filter (counted) as counted, sum(bytes) as bytes"
            " from flows where action = 'ACCEPT' and protocol in (6, 17)"
        )
        ((counted, logged),) = (row.values() for row in workspace.sql(sql).read_all().to_pylist())
    sent = sum(
        connection["sent_bytes"] + connection["replied_bytes"] + connection["stray_bytes"]
        for connection in pq.read_table(tmp_path / "logs" / "truth" / "truth.parquet").to_pylist()
        if connection["protocol"] in (6, 17)
        and connection["outcome"] in ("answered", "refused-by-host", "silent", "dropped-by-nat")
    )
    assert logged > 1.3 * sent
    assert abs(counted / sent - 1) <= bound, (counted, sent)


def test_rejects(generated: Generated) -> None:
    sql = (
        "select interface_id, protocol, srcaddr, srcport, dstaddr, dstport, cast(epoch(start_time) as bigint) as first_s,"
        " cast(epoch(end_time) as bigint) as last_s, kind, filter, certainty from rejections"
    )
    kinds: dict[str, int] = defaultdict(int)
    for row in generated.rows(sql):
        point, protocol, *ends, first, last, kind, rejecting, certainty = row.values()
        both = [tuple(ends), turned(tuple(ends))]
        happened = [
            s for way in both for s in generated.at(point, protocol, way, first, last) if s["reject_kind"]
        ]
        if len({s["reject_kind"] for s in happened}) != 1:
            continue
        kinds[kind] += 1
        assert kind in (happened[0]["reject_kind"], "unknown"), (row, happened)
        if certainty in ("certain", "likely"):
            assert rejecting == happened[0]["refused_filter"], (row, happened)
    assert sum(kinds.values()) > 1000
    assert "attempt" in kinds or set(kinds) <= {"unknown", "reply"}
