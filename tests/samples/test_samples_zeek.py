"""Real traffic, recorded by Zeek, of which it is known who opened each connection: made into flow logs, it has to come out
again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowsql.workspace import Workspace

_FLAGS = {"S": 2, "H": 18, "F": 1, "R": 4}
_PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1}
_NAMES = "interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
SIDES = ("client", "server")
# The strongest evidence, which must never be wrong; fan-in may be, and a guess is none.
_SURE = {"syn", "syn-ack", "paired", "known-service"}


class Zeek:
    """The connections of all files: their records, and who is known to have opened them."""

    def __init__(self, folder: Path) -> None:
        self.lines: list[tuple[list[object], int]] = []
        self.client: dict[tuple[Any, ...], str] = {}
        self.known = 0
        for path in sorted(folder.glob("*_conn.log")):
            for line in path.read_text().splitlines():
                self._add(path.stem, json.loads(line))

    def _add(self, host: str, connection: dict[str, Any]) -> None:
        ends = [(connection[f"id_{side}_h"], connection[f"id_{side}_p"]) for side in ("orig", "resp")]
        first = connection["ts"]
        times = [int(first), int(first + connection.get("duration", 0))]
        history = connection.get("history", "")
        protocol = _PROTOCOLS[connection["proto"]]
        is_known = protocol == 6 and "S" in history and "^" not in history
        self.known += is_known
        for side, (here, there) in zip(("orig", "resp"), (ends, ends[::-1]), strict=True):
            packets = connection.get(f"{side}_pkts", 0)
            if not packets:
                continue
            size = connection[f"{side}_ip_bytes"]
            flags = 0
            for letter in history:
                if letter.isupper() == (side == "orig"):
                    flags |= _FLAGS.get(letter.upper(), 0)
            values = [f"eni-{host}", here[0], there[0], here[1], there[1], protocol, packets, size, *times]
            self.lines.append(([*values, "ACCEPT", "OK"], flags))
            if is_known:
                self.client[(f"eni-{host}", *here, *there)] = SIDES[side == "resp"]

    def text(self, *, flags: bool) -> str:
        header = f"{_NAMES} tcp-flags" if flags else _NAMES
        rows = [[*values, seen] if flags else values for values, seen in self.lines]
        return "\n".join([header, *(" ".join(map(str, row)) for row in rows)]) + "\n"


@pytest.fixture(scope="module")
def zeek(shared: Path) -> Zeek:
    return Zeek(shared / "samples" / "zeek-apt29")


@pytest.fixture(scope="module", params=[True, False], ids=["with flags", "without flags"])
def loaded(
    zeek: Zeek, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("zeek")
    (folder / "zeek.log").write_text(zeek.text(flags=request.param))
    with Workspace(folder / "store") as workspace:
        workspace.load([folder / "zeek.log"])
        yield workspace, request.param


DIRECTIONS = (
    "select interface_id, srcaddr, srcport, dstaddr, dstport, sender_role, evidence from tcp_directions"
)
CLIENTS = (
    "select interface_id, client_addr, client_port, server_addr, server_port, records"
    " from conversations where protocol = 6"
)


def rows(workspace: Workspace, sql: str, **options: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in workspace.sql(sql, **options).read_all().to_pylist()]


def test_the_conversion_is_the_one_that_is_described(zeek: Zeek) -> None:
    assert len(zeek.lines) == 3514
    assert sum(int(str(values[7])) for values, _ in zeek.lines) == 56_127_032
    assert len({values[1] for values, _ in zeek.lines}) == 12
    assert zeek.known == 1485
    assert len(zeek.client) == 2884  # of 2,928 records: some have their addresses and ports in common


def test_direction_of_every_record(zeek: Zeek, loaded: tuple[Workspace, bool]) -> None:
    workspace, has_flags = loaded
    judged = [
        (evidence, role == zeek.client[key])
        for *ends, role, evidence in rows(workspace, DIRECTIONS)
        if (key := tuple(ends)) in zeek.client
    ]
    right = sum(is_right for evidence, is_right in judged if evidence not in ("port-guess", "unknown"))
    assert len(judged) >= 2900
    assert right / len(judged) >= (0.995 if has_flags else 0.88)
    assert {evidence for evidence, is_right in judged if not is_right} <= {"fan-in", "port-guess"}
    if has_flags:
        assert {evidence for evidence, is_right in judged if not is_right} & _SURE == set()


def test_the_client_of_every_conversation(zeek: Zeek, loaded: tuple[Workspace, bool]) -> None:
    workspace, has_flags = loaded
    judged = [
        zeek.client[tuple(ends)] == "client"
        for *ends, _ in rows(workspace, CLIENTS)
        if tuple(ends) in zeek.client
    ]
    assert sum(judged) / len(judged) >= (0.995 if has_flags else 0.88)
    assert workspace.sql("select sum(records) from conversations").read_all().to_pylist() == [
        {"sum(records)": len(zeek.lines)}
    ]


@pytest.mark.parametrize("span", [3600, 300])
def test_the_same_in_every_window(loaded: tuple[Workspace, bool], span: int) -> None:
    workspace, _ = loaded
    directions = DIRECTIONS + ' where "start" >= $since and "start" < $until order by all'
    clients = CLIENTS.replace(", records", "") + (
        " and epoch(last_time) >= $since and epoch(first_time) < $until order by all"
    )
    ((first, last),) = rows(
        workspace, 'select min("start"), max("start") from records where "start" > 1588208000'
    )
    for since in range(first, last, (last - first) // 3):
        window = {"since": str(since), "until": str(since + span)}
        for sql in (directions, clients):
            whole = workspace.sql(sql, {"since": since, "until": since + span}).read_all().to_pylist()
            assert workspace.sql(sql, **window).read_all().to_pylist() == whole
