"""What really happened, connection by connection, as one Parquet file beside the logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flowsql.generate.background import Background
from flowsql.generate.relations import Leg, Outcome, Relation, Relations
from flowsql.generate.services import Life
from flowsql.generate.topology import Interface
from flowsql.generate.traffic import Finished
from flowsql.generate.write import let_go

_CHUNK = 65_536


class View(NamedTuple):
    """How a relation shows at one interface: addresses and fixed ports as its records have them.

    `sent` and `replied` are the legs there, None where packets of that way do not pass. `stray` views are of
    what comes after the end.
    """

    interface: Interface
    opener_address: str
    server_address: str
    sent: Leg | None
    replied: Leg | None
    translated: bool
    stray: bool


def views_of(relation: Relation, legs: Sequence[Leg]) -> list[View]:
    """One view for each interface and pair of addresses, in the order of the packets."""
    found: dict[tuple[int, str, str, bool], View] = {}
    for way, back, stray in (
        (relation.sent, False, False),
        (relation.replied, True, False),
        (relation.strays, True, True),
    ):
        for number, place, translated in way:
            leg = legs[place]
            assert leg.hop is not None
            ends = leg.shown
            opener, server = reversed(ends) if back else ends
            key = number, opener, server, stray
            view = found.get(key) or View(leg.interface, opener, server, None, None, translated, stray)
            found[key] = view._replace(replied=leg) if back else view._replace(sent=leg)
    return list(found.values())


class TruthWriter:
    """Writes `truth.parquet`, a row for each connection in the order in which they end.

    Columns: docs/generate.md.
    """

    def __init__(self, file: BinaryIO, relations: Relations, background: Background) -> None:
        self._background, self._relations = background, relations
        self._fixed: _Fixed | None = None
        self._writer = pq.ParquetWriter(file, SCHEMA, compression="zstd", compression_level=1)
        self._rows: list[Finished] = []
        self._written = 0

    def add(self, finished: Finished) -> None:
        """Take a connection that is over."""
        self._rows.append(finished)
        if len(self._rows) >= _CHUNK:
            self._write()

    def close(self) -> None:
        """Write what is left."""
        self._write()
        self._background.finish()
        self._writer.close()

    def abandon(self) -> None:
        """Let go of the file, unless it is closed."""
        self._background.abandon()
        let_go(self._writer)

    def _write(self) -> None:
        rows, first_id = self._rows, self._written
        self._written, self._rows = first_id + len(rows), []
        if self._fixed is None:
            # A run that fills not even one chunk has use for few relations.
            used = {row.relation for row in rows} if len(rows) < _CHUNK else range(len(self._relations.all))
            self._fixed = _Fixed(self._relations, sorted(used))
        fixed = self._fixed
        self._background.do(lambda: self._writer.write_table(fixed.table(rows, first_id)))


SEEN = pa.struct(
    [
        ("interface_id", pa.string()),
        ("stray", pa.bool_()),
        ("first", pa.int64()),
        ("last", pa.int64()),
        ("opener_address", pa.string()),
        ("opener_port", pa.int32()),
        ("server_address", pa.string()),
        ("server_port", pa.int32()),
        ("sent_direction", pa.string()),
        ("sent_action", pa.string()),
        ("sent_records", pa.int32()),
        ("sent_packets", pa.int64()),
        ("sent_bytes", pa.int64()),
        ("replied_direction", pa.string()),
        ("replied_action", pa.string()),
        ("replied_records", pa.int32()),
        ("replied_packets", pa.int64()),
        ("replied_bytes", pa.int64()),
        ("missing_records", pa.int32()),
        ("skipped_records", pa.int32()),
        ("complete", pa.bool_()),
    ]
)
_FIXED = (
    ("kind", pa.string()),
    ("tags", pa.list_(pa.string())),
    ("type", pa.string()),
    ("protocol", pa.int32()),
    ("opener_address", pa.string()),
    ("opener_interface_id", pa.string()),
    ("opener_vpc_id", pa.string()),
    ("server_address", pa.string()),
    ("server_interface_id", pa.string()),
    ("server_vpc_id", pa.string()),
    ("outcome", pa.string()),
    ("reject_kind", pa.string()),
    ("refused_filter", pa.string()),
    ("refused_filter_id", pa.string()),
    ("refused_direction", pa.string()),
    ("refused_rule", pa.int32()),
    ("refused_interface_id", pa.string()),
    ("refused_leg", pa.string()),
)
SCHEMA = pa.schema(
    [
        ("connection_id", pa.int64()),
        *_FIXED[:5],
        ("opener_port", pa.int32()),
        *_FIXED[5:8],
        ("server_port", pa.int32()),
        *_FIXED[8:10],
        ("nat_port", pa.int32()),
        ("first", pa.int64()),
        ("last", pa.int64()),
        ("closed", pa.bool_()),
        ("reused_port", pa.bool_()),
        *(
            (f"{way}_{what}", pa.int64())
            for way in ("sent", "replied", "stray")
            for what in ("packets", "bytes")
        ),
        *_FIXED[10:],
        ("seen", pa.list_(SEEN)),
    ]
)


class _Fixed:
    """What all connections of a relation have in common, as arrays to take from by the relation's place."""

    def __init__(self, relations: Relations, used: Sequence[int]) -> None:
        self._place_of = {number: place for place, number in enumerate(used)}
        chosen = [relations.all[number] for number in used]
        rows = [_fixed_of(relation) for relation in chosen]
        columns = list(zip(*rows, strict=True)) or [()] * len(_FIXED)
        self._of_relation = {
            name: pa.array(values, of) for (name, of), values in zip(_FIXED, columns, strict=True)
        }
        services = [(r.service.opener_port, None if r.kind.swept else r.service.port) for r in chosen]
        self._opener_port = pa.array([opener for opener, _ in services], pa.int32())
        self._server_port = pa.array([server for _, server in services], pa.int32())
        self._has_nat = pa.array([r.nat_ports is not None for r in chosen])
        views: list[View] = []
        places: list[list[int]] = []
        for relation in chosen:
            of_relation = views_of(relation, relations.legs)
            places.append(list(range(len(views), len(views) + len(of_relation))))
            views += of_relation
        self._places = pa.array(places, pa.list_(pa.int32()))
        self._of_view = _of_views(views)

    def table(self, rows: Sequence[Finished], first_id: int) -> pa.Table:
        """The rows of the file for these connections."""
        columns = list(zip(*rows, strict=True)) or [()] * len(Finished._fields)
        given = dict(zip(Finished._fields, columns, strict=True))
        relation = pa.array([self._place_of[number] for number in given["relation"]], pa.int32())
        port = pa.array(given["port"], pa.int32())
        nat_port = pc.if_else(
            self._has_nat.take(relation), pa.array(given["nat_port"], pa.int32()), pa.scalar(None, pa.int32())
        )
        arrays: dict[str, pa.Array] = {
            name: values.take(relation) for name, values in self._of_relation.items()
        }
        arrays["connection_id"] = pa.array(range(first_id, first_id + len(rows)), pa.int64())
        arrays["opener_port"] = pc.coalesce(self._opener_port.take(relation), port)
        arrays["server_port"] = pc.coalesce(self._server_port.take(relation), port)
        arrays["nat_port"] = nat_port
        for name in ("first", "last"):
            arrays[name] = pa.array(given[name], pa.int64())
        arrays["closed"], arrays["reused_port"] = pa.array(given["closed"]), pa.array(given["reused"])
        counts = {
            f"{way}_{what}": pa.array([row[i] for row in given[field]], pa.int64())
            for way, field in (("sent", "sent"), ("replied", "replied"), ("stray", "strays"))
            for i, what in enumerate(("records", "packets", "bytes"))
        }
        arrays |= {name: counts[name] for name in counts if not name.endswith("records")}
        arrays["seen"] = self._seen(relation, port, nat_port, counts, given)
        return pa.table([arrays[field.name] for field in SCHEMA], schema=SCHEMA)

    def _seen(
        self,
        relation: pa.Array,
        port: pa.Array,
        nat_port: pa.Array,
        counts: dict[str, pa.Array],
        given: Mapping[str, Sequence[object]],
    ) -> pa.Array:
        places = self._places.take(relation)
        parent, view = pc.list_parent_indices(places), places.flatten()
        of_view = {name: values.take(view) for name, values in self._of_view.items()}
        own_port = pc.if_else(of_view["translated"], nat_port.take(parent), port.take(parent))
        fixed_opener = self._opener_port.take(relation).take(parent)
        fixed_opener = pc.if_else(of_view["translated"], pa.scalar(None, pa.int32()), fixed_opener)
        fields: dict[str, pa.Array] = {
            name: of_view[name]
            for name in (
                "interface_id", "stray", "opener_address", "server_address", "sent_direction", "sent_action",
                "replied_direction", "replied_action",
            )
        }  # fmt: skip
        fields["opener_port"] = pc.coalesce(fixed_opener, own_port)
        fields["server_port"] = pc.coalesce(self._server_port.take(relation).take(parent), own_port)
        stray = of_view["stray"]
        first, last, over, stray_first = (
            pa.array(given[name], pa.int64()).take(parent)
            for name in ("first", "last", "over", "stray_first")
        )
        fields["first"] = pc.if_else(stray, stray_first, first)
        fields["last"] = pc.if_else(stray, last, pc.coalesce(over, last))
        for way in ("sent", "replied"):
            passes = pc.is_valid(of_view[f"{way}_action"])
            for what in ("records", "packets", "bytes"):
                usual = counts[f"{way}_{what}"].take(parent)
                if way == "replied":
                    usual = pc.if_else(stray, counts[f"stray_{what}"].take(parent), usual)
                fields[f"{way}_{what}"] = pc.if_else(passes, usual, 0)
        fields["missing_records"] = self._missing(of_view, parent, given["unlogged"])
        fields["skipped_records"] = self._skipped(of_view, parent, given)
        fields["complete"] = self._complete(fields, counts, parent, stray)
        struct = pa.StructArray.from_arrays(
            [fields[field.name].cast(field.type) for field in SEEN], fields=list(SEEN)
        )
        seen = pa.ListArray.from_arrays(places.offsets, struct)
        return _without(seen, pc.equal(pc.add(fields["sent_records"], fields["replied_records"]), 0))

    def _missing(
        self, of_view: dict[str, pa.Array], parent: pa.Array, unlogged: Sequence[object]
    ) -> pa.Array:
        sent, replied, stray = (
            pa.array([row[i] for row in unlogged], pa.int64()).take(parent)  # type: ignore[index]
            for i in range(3)
        )
        sent = pc.if_else(pc.is_valid(of_view["sent_action"]), sent, 0)
        replied = pc.if_else(of_view["stray"], stray, replied)
        return pc.add(sent, pc.if_else(pc.is_valid(of_view["replied_action"]), replied, 0))

    def _skipped(
        self, of_view: dict[str, pa.Array], parent: pa.Array, given: Mapping[str, Sequence[object]]
    ) -> pa.Array:
        at = pa.array(given["skipped_at"], pa.int32()).take(parent)
        here = pc.and_(pc.equal(at, of_view["number"]), pc.invert(of_view["stray"])).fill_null(False)
        sent, replied = (
            pa.array([row[i] for row in given["skipped"]], pa.int64()).take(parent)  # type: ignore[index]
            for i in range(2)
        )
        sent = pc.if_else(pc.is_valid(of_view["sent_action"]), sent, 0)
        replied = pc.if_else(pc.is_valid(of_view["replied_action"]), replied, 0)
        return pc.if_else(here, pc.add(sent, replied), 0)

    def _complete(
        self, fields: dict[str, pa.Array], counts: dict[str, pa.Array], parent: pa.Array, stray: pa.Array
    ) -> pa.Array:
        """Whether all that each side sent shows there, and every record of it was written."""
        whole = pc.equal(pc.add(fields["missing_records"], fields["skipped_records"]), 0)
        for way in ("sent", "replied"):
            happened = counts[f"{way}_records"].take(parent)
            if way == "replied":
                happened = pc.if_else(stray, counts["stray_records"].take(parent), happened)
            else:
                happened = pc.if_else(stray, 0, happened)
            whole = pc.and_(whole, pc.equal(fields[f"{way}_records"], happened))
        return whole


def _without(seen: pa.ListArray, empty: pa.Array) -> pa.ListArray:
    """The lists without the elements that are `empty`."""
    if not pc.any(empty).as_py():
        return seen
    kept = pc.invert(empty)
    # How many are kept before each element gives the new offsets.
    before = pc.cumulative_sum(kept.cast(pa.int32()))
    before = pa.concat_arrays([pa.array([0], pa.int32()), before])
    return pa.ListArray.from_arrays(before.take(seen.offsets), seen.values.filter(kept))


def _of_views(views: Sequence[View]) -> dict[str, pa.Array]:
    def texts(values: Sequence[str | None]) -> pa.Array:
        return pa.array(values, pa.string())

    def direction(leg: Leg | None) -> str | None:
        return None if leg is None else "egress" if leg.egress else "ingress"

    def action(leg: Leg | None) -> str | None:
        return None if leg is None else "ACCEPT" if leg.accepted else "REJECT"

    return {
        "number": pa.array([view.interface.number for view in views], pa.int32()),
        "interface_id": texts([view.interface.interface_id for view in views]),
        "stray": pa.array([view.stray for view in views], pa.bool_()),
        "translated": pa.array([view.translated for view in views], pa.bool_()),
        "opener_address": texts([view.opener_address for view in views]),
        "server_address": texts([view.server_address for view in views]),
        "sent_direction": texts([direction(view.sent) for view in views]),
        "sent_action": texts([action(view.sent) for view in views]),
        "replied_direction": texts([direction(view.replied) for view in views]),
        "replied_action": texts([action(view.replied) for view in views]),
    }


def _fixed_of(relation: Relation) -> tuple[object, ...]:
    opener, server, kind = relation.opener, relation.server, relation.kind
    refused = refused_parts(relation)
    return (
        kind.name,
        [*kind.tags, *_tags_of_path(relation)],
        "IPv6" if kind.ipv6 else "IPv4",
        relation.service.protocol,
        opener.address,
        *_of_host(opener.host),
        server.address,
        *_of_host(server.host),
        relation.outcome.value,
        reject_kind(relation),
        *refused,
    )


def _tags_of_path(relation: Relation) -> list[str]:
    """What its way says of it."""
    ends = (relation.opener, relation.server)
    told = {
        "nat": relation.nat_ports is not None,
        "transit": relation.by_transit,
        "secondary-address": any(
            isinstance(host, Interface) and address in host.secondary for host, address in ends
        ),
    }
    return [tag for tag, true in told.items() if true]


def _of_host(host: object) -> tuple[str | None, str | None]:
    return (host.interface_id, host.vpc.vpc_id) if isinstance(host, Interface) else (None, None)


def reject_kind(relation: Relation) -> str | None:
    """What its rejected records are, None if there are none."""
    if relation.refused is None:
        return None
    way = relation.refused[2]
    if relation.outcome is Outcome.BACKSCATTER:
        return "backscatter"
    if way == "stray":
        return "expired" if relation.kind.life is Life.EXPIRED else "late"
    return "reply" if way == "reply" else "attempt"


def refused_parts(relation: Relation) -> tuple[object, ...]:
    """Filter, its id, direction, number of the rule, interface and leg; all None if nothing was refused."""
    if relation.refused is None:
        return (None,) * 6
    refusal, interface, leg = relation.refused
    direction = "egress" if refusal.egress else "ingress"
    return (
        refusal.filter, refusal.filter_id, direction, refusal.rule, interface.interface_id, leg,
    )  # fmt: skip
