"""Logs and truth as plain Python, and the join between them that docs/generate.md describes."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

Row = dict[str, str]
Key = tuple[str, str, str, str, str, str]


@dataclass
class Seen:
    """An element of a connection's `seen`, with the records that belong to it."""

    connection: dict[str, Any]
    view: dict[str, Any]
    sent: list[Row] = field(default_factory=list)
    replied: list[Row] = field(default_factory=list)


@dataclass
class Joined:
    connections: list[dict[str, Any]]
    seen: list[Seen]
    rows: list[Row]
    described: dict[str, Any]

    def views_of(self) -> dict[int, list[Seen]]:
        views: dict[int, list[Seen]] = defaultdict(list)
        for seen in self.seen:
            views[seen.connection["connection_id"]].append(seen)
        return views


def rows_of(files: list[Path]) -> Iterator[Row]:
    for file in files:
        header, *lines = gzip.decompress(file.read_bytes()).decode().splitlines()
        names = header.split(" ")
        for line in lines:
            yield dict(zip(names, line.split(" "), strict=True))


def described(truth: Path) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in truth.glob("*.json")}


def join(files: list[Path], truth: Path, *, interface: str = "interface-id") -> Joined:
    """Every record put to the one element of `seen` it belongs to: by interface, addresses, ports and times.

    `interface` is the name of the field that says where a record was made.
    """
    connections = pq.read_table(truth / "truth.parquet").to_pylist()
    by_key: dict[Key, list[tuple[Seen, bool]]] = defaultdict(list)
    all_seen = []
    for connection in connections:
        for view in connection["seen"]:
            seen = Seen(connection, view)
            all_seen.append(seen)
            opener = view["opener_address"], str(view["opener_port"])
            server = view["server_address"], str(view["server_port"])
            place = view["interface_id"], str(connection["protocol"])
            if view["sent_records"]:
                by_key[(*place, *opener, *server)].append((seen, False))
            if view["replied_records"]:
                by_key[(*place, *server, *opener)].append((seen, True))
    rows = list(rows_of(files))
    for row in rows:
        if row["log-status"] != "OK":
            continue
        key = (
            row[interface],
            row["protocol"],
            row["srcaddr"],
            row["srcport"],
            row["dstaddr"],
            row["dstport"],
        )
        start, end = int(row["start"]), int(row["end"])
        found = [
            (seen, back)
            for seen, back in by_key[key]
            if seen.view["first"] <= start
            and end <= seen.view["last"]
            and row.get("action", "ACCEPT") == (seen.view["replied_action"] if back else seen.view["sent_action"])
        ]
        assert len(found) == 1, (row, [(seen.view, seen.connection) for seen, _ in by_key[key]])
        (seen, back), *_ = found
        (seen.replied if back else seen.sent).append(row)
    return Joined(connections, all_seen, rows, described(truth))
