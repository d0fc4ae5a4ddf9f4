"""The statistics of a segment against a plain count of its records in Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowsql.store import grouping, segment_groups, statistics
from flowsql.store.grouping import TooManyGroups
from flowsql.store.segment_groups import SegmentGroups
from flowsql.store.statistics import TABLES, Counted, statistics_of
from flowsql.workspace import Workspace

TYPES = {"start": pa.int64(), "end": pa.int64(), "load_id": pa.int64()} | dict.fromkeys(
    ("protocol", "srcport", "dstport", "tcp_flags"), pa.int32()
)
V4 = [f"10.0.0.{i}" for i in range(12)]
ADDRESSES = st.none() | st.sampled_from([*V4, "2001:db8::1", "2001:db8::2"])
RECORDS = st.fixed_dictionaries(
    {
        "interface_id": st.none() | st.sampled_from(["eni-1", "eni-2"]),
        "resource_id": st.none() | st.just("nat-1"),
        "vpc_id": st.none() | st.just("vpc-1"),
        "srcaddr": ADDRESSES,
        "dstaddr": ADDRESSES,
        "srcport": st.sampled_from([443, 53]),
        "dstport": st.none() | st.sampled_from([1024, 1025]),
        "protocol": st.sampled_from([6, 17]),
        "tcp_flags": st.none() | st.sampled_from([0, 2, 18, 19]),
        "tgw_id": st.none() | st.just("tgw-1"),
        "start": st.none() | st.integers(0, 100),
        "end": st.integers(100, 200),
        "action": st.none() | st.sampled_from(["ACCEPT", "REJECT"]),
        "log_status": st.none() | st.sampled_from(["OK", "NODATA", "SKIPDATA"]),
        "load_id": st.sampled_from([1, 2]),
    }
)

VALUE_COLUMNS = (
    "interface_id",
    "resource_id",
    "vpc_id",
    "srcaddr",
    "dstaddr",
    "dstport",
    "protocol",
    "action",
    "log_status",
    "tgw_id",
)

Record = dict[str, Any]


def counted(folder: Path, records: list[Record], dead: Iterable[int] = ()) -> dict[str, list[Record]]:
    """The statistics as DuckDB finds them in the finished file."""
    table = table_of(records)
    pq.write_table(table, folder / "s.parquet")
    return rows_of(Counted("s", folder / "s.parquet", tuple(table.column_names), tuple(dead)))


def counted_on_the_way(records: list[Record], batches: int = 1) -> dict[str, list[Record]]:
    """The statistics from the groups that a writer finds, who gets the records in so many batches."""
    assert grouping.is_available()
    size = -(-len(records) // batches)
    table = table_of(records)
    groups = SegmentGroups(table.column_names)
    for start in range(0, len(records), size):
        for batch in encoded(table.slice(start, size)).to_batches():
            groups.add(batch)
    return rows_of(Counted("s", Path("absent"), tuple(table.column_names), groups=groups.relations()))


def table_of(records: list[Record]) -> pa.Table:
    return pa.table({n: pa.array([r[n] for r in records], TYPES.get(n, pa.string())) for n in records[0]})


def encoded(table: pa.Table) -> pa.Table:
    """The table with its texts as dictionaries."""
    columns = {name: table.column(name) for name in table.column_names}
    return pa.table(
        {n: c.dictionary_encode() if pa.types.is_string(c.type) else c for n, c in columns.items()}
    )


def rows_of(segment: Counted) -> dict[str, list[Record]]:
    found = statistics_of([segment], Path())
    return {
        name: pa.concat_tables(found.rows[name]).drop_columns("segment_id").to_pylist() for name in TABLES
    }


def point(record: Record) -> Any:
    return record["interface_id"] or record.get("resource_id")


def family(address: str) -> int:
    return 6 if ":" in address else 4


def least(values: Iterable[Any]) -> Any:
    return min((v for v in values if v is not None), default=None)


def most(values: Iterable[Any]) -> Any:
    return max((v for v in values if v is not None), default=None)


def by_interface(records: list[Record]) -> dict[Any, list[Record]]:
    groups: dict[Any, list[Record]] = defaultdict(list)
    for record in records:
        groups[point(record)].append(record)
    return groups


def interfaces(records: list[Record]) -> list[Record]:
    rows = []
    for interface, members in by_interface(records).items():
        status = Counter(r["log_status"] for r in members)
        action = Counter(r["action"] for r in members)
        families = Counter(family(a) for r in members if (a := r["srcaddr"] or r["dstaddr"]))
        rows.append(
            {
                "vpc_id": most(r["vpc_id"] for r in members),
                "interface_id": interface,
                "records": len(members),
                "ok_records": len(members) - status["NODATA"] - status["SKIPDATA"],
                "nodata": status["NODATA"],
                "skipdata": status["SKIPDATA"],
                "accept": action["ACCEPT"],
                "reject": action["REJECT"],
                "v4_records": families[4],
                "v6_records": families[6],
                "min_start": least(r["start"] for r in members),
                "max_start": most(r["start"] for r in members),
                "min_end": least(r["end"] for r in members),
                "max_end": most(r["end"] for r in members),
            }
        )
    return rows


def addresses(records: list[Record]) -> list[Record]:
    rows = []
    for interface, members in by_interface(records).items():
        vpc = most(r["vpc_id"] for r in members)
        sides = {a for r in members for a in (r["srcaddr"], r["dstaddr"]) if a}
        for wanted in (4, 6):
            found = []
            for address in (a for a in sides if family(a) == wanted):
                src = [r for r in members if r["srcaddr"] == address]
                dst = [r for r in members if r["dstaddr"] == address]
                peers = ({r["dstaddr"] for r in src} | {r["srcaddr"] for r in dst}) - {None, address}
                both = [r for r in src if r["dstaddr"] == address]
                found.append(
                    {
                        "vpc_id": vpc,
                        "interface_id": interface,
                        "address": address,
                        "family": wanted,
                        "records": len(src) + len(dst) - len(both),
                        "as_src": len(src),
                        "as_dst": len(dst),
                        "peers": len(peers),
                        "min_peer": least(peers),
                        "max_peer": most(peers),
                    }
                )
            rows += sorted(found, key=lambda row: (-row["records"], row["address"]))[:8]
    return rows


def ordered(rows: list[Record]) -> list[Record]:
    return sorted(rows, key=repr)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(RECORDS, min_size=1, max_size=60), dead=st.sets(st.sampled_from([1, 2]), max_size=1))
def test_statistics_are_those_of_the_live_records(
    tmp_path: Path, records: list[Record], dead: set[int]
) -> None:
    live = [r for r in records if r["load_id"] not in dead]
    found = counted(tmp_path, records, dead)
    assert ordered(found["segment_interfaces"]) == ordered(interfaces(live))
    expected = {(r["interface_id"], r["address"]): r for r in addresses(live)}
    rows = {(r["interface_id"], r["address"]): r for r in found["segment_addresses"]}
    assert rows.keys() == expected.keys()
    for key, row in rows.items():
        # Above 2, peers is a lower bound.
        assert min(row["peers"], 2) == min(expected[key]["peers"], 2)
        assert row["peers"] <= expected[key]["peers"]
        assert row | {"peers": 0} == expected[key] | {"peers": 0}
    services = Counter(
        (r["vpc_id"], r["srcaddr"], r["srcport"], r["protocol"])
        for r in live
        if r["protocol"] == 6 and r["tgw_id"] is None and (r["tcp_flags"] or 0) & 18 == 18
    )
    names = ("vpc_id", "address", "port", "protocol")
    assert {tuple(r[n] for n in names): r["syn_acks"] for r in found["segment_services"]} == services
    values = Counter(
        (column, str(r[column])) for r in live for column in VALUE_COLUMNS if r[column] is not None
    )
    assert {(r["column_name"], r["value"]): r["records"] for r in found["segment_values"]} == values


def without(records: list[Record], columns: Iterable[str]) -> list[Record]:
    return [{name: value for name, value in r.items() if name not in columns} for r in records]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    records=st.lists(RECORDS, min_size=1, max_size=60),
    absent=st.sets(st.sampled_from(sorted(set(VALUE_COLUMNS) | {"srcport", "tcp_flags", "start"}))),
    batches=st.integers(1, 4),
    all_exchanges_up_to=st.sampled_from([0, 20, 100]),
)
def test_groups_found_on_the_way_give_the_same_statistics(
    tmp_path: Path, records: list[Record], absent: set[str], batches: int, all_exchanges_up_to: int
) -> None:
    logged = without(records, absent)
    with pytest.MonkeyPatch.context() as patch:
        for module in (segment_groups, statistics):
            patch.setattr(module, "ALL_EXCHANGES_UP_TO", all_exchanges_up_to)
        expected, found = counted(tmp_path, logged), counted_on_the_way(logged, batches)
    for name in TABLES:
        assert ordered(found[name]) == ordered(expected[name]), name


@pytest.mark.parametrize(("all_exchanges_up_to", "endpoints"), [(250_000, 4000), (100, 244)])
def test_many_groups_give_the_same_statistics(
    all_exchanges_up_to: int, endpoints: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (segment_groups, statistics):
        monkeypatch.setattr(module, "ALL_EXCHANGES_UP_TO", all_exchanges_up_to)
    records = [
        {"interface_id": f"eni-{i % 40}", "srcaddr": f"10.{i % 7}.{i % 11}.{i % 251}", "dstaddr": f"2001:db8::{i % 13:x}",
         "srcport": 1024 + i * 7919 % 60_000, "dstport": i * i % 977, "protocol": 6, "tcp_flags": i % 32, "load_id": 1}
        for i in range(20_000)
    ]  # fmt: skip
    expected, found = counted(tmp_path, records), counted_on_the_way(records, batches=3)
    assert len(expected["segment_endpoints"]) == endpoints
    for name in TABLES:
        assert ordered(found[name]) == ordered(expected[name]), name


def test_too_many_groups_are_left_to_duckdb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "_MOST_BYTES", 4096)
    with pytest.raises(TooManyGroups):
        counted_on_the_way([{"srcaddr": f"10.0.{i // 250}.{i % 250}", "load_id": 1} for i in range(1000)])


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (("srcaddr", "dstaddr"), [(None, None, 3)]),
        (("vpc_id", "srcaddr"), [("vpc-0", None, 2), ("vpc-1", None, 1)]),
        (("tgw_attachment_id",), [(None, "tgw_attachment_id-0", 2), (None, "tgw_attachment_id-1", 1)]),
        (("interface_id", "vpc_id"), [("vpc_id-0", "interface_id-0", 2), ("vpc_id-1", "interface_id-1", 1)]),
    ],
)
def test_formats_without_some_columns(
    columns: tuple[str, ...], expected: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    records = [{c: f"{c}-{n}" for c in columns} | {"load_id": 1} for n in (0, 0, 1)]
    found = counted(tmp_path, records)
    short = "vpc_id-" if columns != ("vpc_id", "srcaddr") else "vpc-"
    rows = [(r["vpc_id"], r["interface_id"], r["records"]) for r in found["segment_interfaces"]]
    assert [(v and v.replace("vpc_id-", short), i, n) for v, i, n in rows] == expected
    assert found == counted_on_the_way(records)
    assert {r["column_name"] for r in found["segment_values"]} <= set(columns)


def test_what_is_kept_of_a_segment_is_bounded(tmp_path: Path) -> None:
    busy = [{"interface_id": f"eni-{i:05}", "srcaddr": f"10.{i % 200}.0.{n}", "dstaddr": "10.0.0.1", "dstport": i, "load_id": 1}
            for i in range(2500) for n in range(3)]  # fmt: skip
    busy += [{**busy[-1], "interface_id": "eni-99999"}] * 5
    found = counted(tmp_path, busy)
    assert len(found["segment_interfaces"]) == 2501
    per_interface = Counter(r["interface_id"] for r in found["segment_addresses"])
    assert len(per_interface) == 2000
    assert set(per_interface.values()) == {2}
    assert "eni-99999" in per_interface
    assert Counter(r["column_name"] for r in found["segment_values"])["dstport"] == 100


def test_statistics_follow_when_a_load_dies(workspace: Workspace, tmp_path: Path, log_text: Any) -> None:
    source = tmp_path / "grows.log"
    other = tmp_path / "other.log"
    source.write_bytes(log_text(range(10)))
    other.write_bytes(log_text(range(100, 103)))
    workspace.load([source, other])
    source.write_bytes(log_text(range(25)))
    workspace.load([source])

    def rows(sql: str) -> list[tuple[Any, ...]]:
        return [tuple(r.values()) for r in workspace.sql(sql).read_all().to_pylist()]

    assert rows("select records from catalog.segment_interfaces order by records") == [(3,), (25,)]
    assert rows("select sum(records) from catalog.segment_values where column_name = 'action'") == [(28,)]
    assert rows("select records, peers from catalog.segment_addresses where address = '10.9.0.1' order by 1") == [(3, 3), (25, 25)]  # fmt: skip
    other.write_bytes(log_text(range(100, 104)))
    workspace.load([other])  # Nothing of the first segment counts any more.
    assert rows("select records from catalog.segment_interfaces order by records") == [(4,), (25,)]
    assert rows("select count(distinct segment_id) from catalog.segment_values") == [(2,)]
