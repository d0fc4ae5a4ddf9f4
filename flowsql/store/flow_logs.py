"""The registered flow logs: what AWS has configured, so that their records can be understood."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from flowsql.errors import UsageError, did_you_mean
from flowsql.interrupts import Interrupts
from flowsql.store.catalog import engine_connection
from flowsql.store.publishing import publishing
from flowsql.store.store import Store

S3, CLOUDWATCH = "s3", "cloud-watch-logs"
_TEXT_MAP = pa.map_(pa.string(), pa.string())


@dataclass(frozen=True, slots=True)
class FlowLog:
    """One flow log, as DescribeFlowLogs tells of it; None where it does not.

    `name` is its Name tag, `log_resource_id` whose traffic it logs; `tag_keys` gives for each column of tag
    values (`instance_tag`) the key whose values are in it; `delivery_problem` is why AWS could not deliver
    lately. Times are Unix seconds; `registered_at` is when the store was told of it last.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_FlowLog.html
    """

    flow_log_id: str
    log_format: str
    destination_type: str
    name: str | None = None
    log_resource_id: str | None = None
    traffic_type: str | None = None
    destination: str | None = None
    log_group: str | None = None
    interval_s: int | None = None
    created_at: int | None = None
    status: str | None = None
    file_format: str | None = None
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    tag_keys: Mapping[str, str] = dataclasses.field(default_factory=dict)
    delivery_problem: str | None = None
    registered_at: int | None = dataclasses.field(default=None, compare=False)

    @property
    def label(self) -> str:
        """What people call it."""
        return f"{self.name} ({self.flow_log_id})" if self.name else self.flow_log_id

    @property
    def region(self) -> str | None:
        """The region that the ARN of its destination names; that of a bucket names none."""
        parts = (self.destination or "").split(":")
        return (parts[3] or None) if len(parts) > 3 else None

    @property
    def source(self) -> str:
        """Where its records are, as a source of `load`. Raises UsageError if they cannot be read there."""
        if self.destination_type == S3 and self.destination:
            return f"s3://{self.destination.split(':', 5)[-1].rstrip('/')}/"
        if self.destination_type == CLOUDWATCH and self.log_group:
            return f"cloudwatch:{self.log_group}"
        raise UsageError(
            f"it delivers to {self.destination or self.destination_type}, which cannot be read from",
            where=self.label,
            remedy="load what stands at the end of that stream",
        )


def register(store: Store, flow_logs: Sequence[FlowLog]) -> int:
    """Keeps these flow logs, in place of what was kept of them; returns how many are new.

    Makes the store if there is none. Raises StoreError.
    """
    store.create()
    with _changing(store) as con:
        known = {flow_log.flow_log_id for flow_log in _read(con)}
        ids = [flow_log.flow_log_id for flow_log in flow_logs]
        con.execute("delete from flow_logs where flow_log_id in (select unnest($ids))", {"ids": ids})
        now = int(time.time())
        told = [dataclasses.replace(flow_log, registered_at=now) for flow_log in flow_logs]
        con.register("arriving", _table(told))
        con.execute("insert into flow_logs by name select * from arriving")
        con.unregister("arriving")
    return len(set(ids) - known)


def unregister(store: Store, name: str) -> FlowLog:
    """Forgets a registered flow log, by its name or id, and nothing else: its records stay.

    Raises UsageError for one that is not registered, StoreError.
    """
    flow_log = find(registered(store), name)
    with _changing(store) as con:
        con.execute("delete from flow_logs where flow_log_id = ?", [flow_log.flow_log_id])
    return flow_log


def registered(store: Store) -> list[FlowLog]:
    """The registered flow logs, by name and id. Raises StoreError when there is no store."""
    con = engine_connection()
    try:
        store.catalog.attach(con)
        return _read(con, "catalog.")
    finally:
        con.close()


def find(flow_logs: Sequence[FlowLog], name: str) -> FlowLog:
    """The one of that id or name. Raises UsageError if there is none, or several of that name."""
    found = [f for f in flow_logs if f.flow_log_id == name] or [f for f in flow_logs if f.name == name]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(flow_log.flow_log_id for flow_log in found)
        raise UsageError(
            f"{len(found)} flow logs have that name", where=name, remedy=f"name one by its id: {ids}"
        )
    names = [text for f in flow_logs for text in (f.name, f.flow_log_id) if text]
    raise UsageError(
        "no flow log of that name or id is registered",
        where=name,
        remedy=did_you_mean(name, names)
        or "`flowsql flow-logs` lists them, `flowsql inventory fetch` asks AWS",
    )


@contextmanager
def _changing(store: Store) -> Iterator[duckdb.DuckDBPyConnection]:
    with Interrupts(), store.staging() as staging, publishing(store, staging) as con:
        yield con


def _read(con: duckdb.DuckDBPyConnection, catalog: str = "") -> list[FlowLog]:
    columns = ", ".join(field.name for field in dataclasses.fields(FlowLog))
    rows = con.execute(
        f"select {columns} from {catalog}flow_logs order by name nulls last, flow_log_id"
    ).fetchall()
    return [FlowLog(*row) for row in rows]


def _table(flow_logs: Sequence[FlowLog]) -> pa.Table:
    columns: dict[str, pa.Array] = {}
    for field in dataclasses.fields(FlowLog):
        values = [getattr(flow_log, field.name) for flow_log in flow_logs]
        if field.name in ("tags", "tag_keys"):
            columns[field.name] = pa.array([list(value.items()) for value in values], _TEXT_MAP)
        else:
            columns[field.name] = pa.array(
                values, pa.int64() if field.name.endswith(("_s", "_at")) else pa.string()
            )
    return pa.table(columns)
