"""How a segment's records group, for its statistics: found while the segment is being written.

groups.sql says the same in SQL, over the finished file; it holds where there is no compiled library.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from flowsql.store import grouping
from flowsql.store.grouping import BIT, FIRST, LAST, MAX, MIN, SUM, Dictionary, Groups

# What is counted together: these columns, and the capture point.
PROFILE = ("vpc_id", "account_id", "protocol", "action", "log_status")
PAIR = ("srcaddr", "dstaddr")
# The columns whose most frequent values are kept, so many of each.
VALUE_COLUMNS = (
    *PROFILE,
    *PAIR,
    *("dstport", "subnet_id", "instance_id", "interface_id", "resource_id", "region", "az_id"),
    *("flow_direction", "tgw_id", "tgw_attachment_id", "ecs_cluster_name", "ecs_service_name"),
    *("instance_tag", "instance_tag_2", "interface_tag", "interface_tag_2", "asg_tag", "asg_tag_2"),
)
MOST_VALUES = 100
# The capture point of a record is the first of these that it has.
POINTS = ("interface_id", "resource_id", "tgw_attachment_id")
# Those by which a record is told to be of a transit gateway.
TGW = ("resource_type", "tgw_id", "tgw_attachment_id")
# Of a segment with more records than this, the ends of connections are told from one pair of ports in eight.
ALL_EXCHANGES_UP_TO = 250_000

_PLACE = ("point", "point_vpc")
_PORTS = ("srcport", "dstport")
_END = ("vpc_id", "address", "port", "protocol")
_TIMES = {"min_start": MIN, "max_start": MAX, "min_end": MIN, "max_end": MAX}
_FAMILIES = {"v4_records": SUM, "v6_records": SUM}
_SIDE = dict.fromkeys(("as_src", "as_dst", "records", "src_peers", "dst_peers"), SUM)
_PEERS = {"min_peer": FIRST, "max_peer": LAST}
_MOST_ADDRESSES = 8
_INTEGERS = (*_PORTS, "port", "protocol")
_SYN_ACK = 18
_NO_VALUES = pa.table(
    {
        "column_name": pa.array([], pa.string()),
        "value": pa.array([], pa.string()),
        "records": pa.array([], pa.int64()),
    }
)


class SegmentGroups:
    """The groups of the records of a segment with these columns."""

    def __init__(self, columns: Collection[str]) -> None:
        self._points = [name for name in POINTS if name in columns]
        self._texts = Dictionary()
        present = {*columns, "point" if self._points else "point_vpc" if "vpc_id" in columns else ""}
        self._profile = _Relation((*_PLACE, *PROFILE), present, _TIMES)
        self._pairs = _Relation((*_PLACE, *PAIR), present)
        self._services = _Relation(_END, _END)
        self._ends = _Relation(_END, _END, {"peer_ports": BIT})
        known = {*PROFILE, *PAIR, *(self._points if len(self._points) == 1 else ())}
        self._values = [
            _Relation((name,), columns) for name in VALUE_COLUMNS if name in columns and name not in known
        ]
        apart = {relation.names[0] for relation in self._values}
        self._coded = {*self._points, *PROFILE, *PAIR, *_PORTS, *apart} & set(columns)
        self._records = 0
        # Of a segment that may turn out to be small enough to have all its ends counted.
        self._held: list[_Batch] = []

    def add(self, records: pa.RecordBatch) -> None:
        """Takes records, text as dictionaries. Raises TooManyGroups; the groups mean nothing then."""
        batch = self._coded_batch(records)
        self._records += batch.count
        self._profile.add(batch, values=[_time(records, name, kind) for name, kind in _TIMES.items()])
        for relation in (self._pairs, *self._values):
            relation.add(batch)
        self._services.add(batch.senders(), rows=_syn_acks(records))
        self._held.append(batch)
        if self._records > ALL_EXCHANGES_UP_TO:
            self._add_ends(some=True)

    def relations(self) -> dict[str, pa.Table]:
        """The relations of groups.sql, by name, except `pairs`. Raises TooManyGroups."""
        self._add_ends(some=self._records > ALL_EXCHANGES_UP_TO)
        texts = self._texts.texts()
        pairs, records = self._pairs.batch(), self._pairs.result("records")
        is_v6 = pc.match_substring(texts, ":")
        bits = self._ends.result("peer_ports")
        several = pc.indices_nonzero(pc.bit_wise_and(bits, pc.subtract(bits, 1)))
        return {
            "profile": self._profile.table(texts),
            "families": _families(pairs, records, is_v6).table(texts),
            "sides": _sides(pairs, records, self._texts, is_v6),
            "services": self._services.table(texts),
            "ends": self._ends.table(texts, several),
            "column_values": self._column_values(texts),
        }

    def _column_values(self, texts: pa.Array) -> pa.Table:
        """The relation `column_values`: a few more than are kept where counts are equal."""
        known = [(relation.names[0], relation) for relation in self._values]
        for name in VALUE_COLUMNS:
            of_point = self._points == [name]
            relation = self._pairs if name in PAIR else self._profile
            if name in self._coded and (of_point or name in (*PROFILE, *PAIR)):
                known.append((name, relation.merged("point" if of_point else name)))
        tables = [_values_of(name, relation, texts) for name, relation in known]
        return pa.concat_tables([_NO_VALUES, *tables])

    def _coded_batch(self, records: pa.RecordBatch) -> _Batch:
        batch = _Batch(records.num_rows)
        for name in self._coded:
            column = records.column(name)
            is_text = pa.types.is_dictionary(column.type)
            batch.codes[name] = self._texts.codes(column) if is_text else grouping.integer_codes(column)
        if self._points:
            batch.codes["point"] = functools.reduce(grouping.coalesced, map(batch.of, self._points))
        else:
            batch.codes["point_vpc"] = batch.of("vpc_id")
        return batch

    def _add_ends(self, *, some: bool) -> None:
        for batch in self._held:
            for ends, peer_port in (
                (batch.senders(), batch.of("dstport")),
                (batch.receivers(), batch.of("srcport")),
            ):
                rows = grouping.exchange_rows(ends.of("port"), peer_port, some=some)
                self._ends.add(ends, rows=rows, values=[peer_port])
        self._held.clear()


@dataclass(frozen=True, slots=True)
class _Batch:
    """The codes of some rows, by column."""

    count: int
    codes: dict[str, pa.Buffer] = field(default_factory=dict)

    def of(self, name: str) -> pa.Buffer:
        """The codes of a column; all ABSENT if there is no such column."""
        if name not in self.codes:
            self.codes[name] = grouping.absent_codes(self.count)
        return self.codes[name]

    def senders(self) -> _Batch:
        """The sources of records as ends of connections."""
        return self._renamed(address="srcaddr", port="srcport")

    def receivers(self) -> _Batch:
        """The destinations of records as ends of connections."""
        return self._renamed(address="dstaddr", port="dstport")

    def _renamed(self, **names: str) -> _Batch:
        return _Batch(self.count, {end: self.of(names.get(end, end)) for end in _END})


class _Relation:
    """Groups by the columns of these `names`, with `records` and what their `values` come to."""

    def __init__(
        self,
        names: Sequence[str],
        present: Collection[str],
        values: Mapping[str, int] | None = None,
        texts: Dictionary | None = None,
    ) -> None:
        """Columns that are not `present` are null in all rows; `texts` are those of FIRST and LAST values."""
        self.names = tuple(names)
        self._keys = [name for name in names if name in present]
        self._kinds = dict(values or {})
        self._groups = Groups(len(self._keys), tuple(self._kinds.values()), texts)

    def add(self, batch: _Batch, *, rows: pa.Array | None = None, values: Sequence[pa.Buffer] = ()) -> None:
        """Takes all rows of the batch, or those that `rows` numbers, with their values."""
        self._groups.add([batch.of(name) for name in self._keys], batch.count, rows=rows, values=values)

    def batch(self) -> _Batch:
        """The keys of the groups as rows."""
        codes = {name: self._groups.key(i) for i, name in enumerate(self._keys)}
        return _Batch(len(self._groups), codes)

    def result(self, name: str) -> pa.Array:
        """`records`, or one of the values, of each group."""
        names = list(self._kinds)
        return self._groups.result(names.index(name)) if name in names else self._groups.records()

    def merged(self, name: str) -> _Relation:
        """The groups by one column alone, which is among the names."""
        relation = _Relation((name,), (name,), {"records": SUM})
        relation.add(self.batch(), values=[grouping.values_of(self.result("records"))])
        return relation

    def table(self, texts: pa.Array, rows: pa.Array | None = None) -> pa.Table:
        """One row a group, of all or of those that `rows` numbers."""
        batch = self.batch()
        columns = {name: grouping.integers(batch.of(name)) for name in self.names}
        columns |= {name: self.result(name) for name in ("records", *self._kinds)}
        if rows is not None:
            columns = {name: column.take(rows) for name, column in columns.items()}
        is_number = {*_INTEGERS, "records", *self._kinds} - _PEERS.keys()
        return pa.table(
            {name: column if name in is_number else texts.take(column) for name, column in columns.items()}
        )


def _values_of(column: str, relation: _Relation, texts: pa.Array) -> pa.Table:
    (name,) = relation.names
    found = relation.table(texts, grouping.greatest(relation.result("records"), MOST_VALUES))
    found = found.filter(pc.is_valid(found.column(name)))
    values = [pa.repeat(column, len(found)), found.column(name).cast(pa.string()), found.column("records")]
    return pa.table(values, schema=_NO_VALUES.schema)


def _families(pairs: _Batch, records: pa.Array, is_v6: pa.Array) -> _Relation:
    """The records of either family by place."""
    families = _Relation(_PLACE, _PLACE, _FAMILIES)
    address = grouping.coalesced(pairs.of("srcaddr"), pairs.of("dstaddr"))
    of_v6 = is_v6.take(grouping.integers(address))
    by_family = [pc.fill_null(pc.if_else(flag, records, 0), 0) for flag in (pc.invert(of_v6), of_v6)]
    families.add(pairs, values=[grouping.values_of(column) for column in by_family])
    return families


def _sides(pairs: _Batch, records: pa.Array, texts: Dictionary, is_v6: pa.Array) -> pa.Table:
    """The relation `sides`."""
    sides = _Relation((*_PLACE, "address"), (*_PLACE, "address"), _SIDE | _PEERS, texts)
    src, dst = (grouping.integers(pairs.of(name)) for name in PAIR)
    is_both = pc.fill_null(pc.equal(src, dst), False)
    once = pc.if_else(is_both, 0, records)
    zeros = pa.repeat(pa.scalar(0, pa.int64()), pairs.count)

    def add(address: pa.Array, other: pa.Array, *, is_src: bool) -> None:
        peer = pc.if_else(is_both, None, other)
        peers = pc.is_valid(peer).cast(pa.int64())
        sums = [records, zeros, records, peers, zeros] if is_src else [zeros, records, once, zeros, peers]
        values = [*map(grouping.values_of, sums), *[grouping.integer_codes(peer)] * 2]
        side = _Batch(pairs.count, pairs.codes | {"address": grouping.integer_codes(address)})
        sides.add(side, rows=pc.indices_nonzero(pc.is_valid(address)), values=values)

    add(src, dst, is_src=True)
    add(dst, src, is_src=False)
    found = sides.batch()
    of_v6 = is_v6.take(grouping.integers(found.of("address")))
    keys = [*map(found.of, _PLACE), grouping.integer_codes(of_v6.cast(pa.int32()))]
    rows = grouping.greatest(sides.result("records"), _MOST_ADDRESSES, keys)
    table = sides.table(texts.texts(), rows)
    return table.append_column("peers", _peers(table)).append_column("is_v6", of_v6.take(rows))


def _peers(sides: pa.Table) -> pa.ChunkedArray:
    """How many different peers, above 2 a lower bound: a pair and its reply are not matched."""
    one_way = pc.max_element_wise(sides.column("src_peers"), sides.column("dst_peers"), 2)
    is_one = pc.equal(sides.column("min_peer"), sides.column("max_peer"))
    return pc.fill_null(pc.if_else(is_one, 1, one_way), 0)


def _time(records: pa.RecordBatch, name: str, kind: int) -> pa.Buffer:
    """`max_end`: the column `end`, to take the greatest of."""
    column = name.partition("_")[2]
    if column not in records.schema.names:
        return grouping.values_of(pa.nulls(records.num_rows, pa.int64()), kind)
    return grouping.values_of(records.column(column), kind)


def _syn_acks(records: pa.RecordBatch) -> pa.Array:
    """The numbers of the records that are SYN-ACKs of a VPC flow log."""
    names = records.schema.names
    if not {"protocol", "tcp_flags"} <= set(names):
        return pa.array([], pa.uint64())
    flags = pc.bit_wise_and(records.column("tcp_flags"), _SYN_ACK)
    is_one = pc.and_(pc.equal(records.column("protocol"), 6), pc.equal(flags, _SYN_ACK))
    for name in TGW:
        if name in names:
            is_one = pc.and_(is_one, pc.is_null(records.column(name)))
    return pc.indices_nonzero(is_one)
