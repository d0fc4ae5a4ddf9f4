"""An older catalogue -> one of this schema version, as part of the copy that a writer changes anyway."""

from __future__ import annotations

from pathlib import Path

import duckdb

from flowsql.store.statistics import refresh_statistics


def migrate(con: duckdb.DuckDBPyConnection, version: int, folder: Path, scratch: Path) -> None:
    """Brings the catalogue that `con` has as its current database from `version` to the present schema.

    Version 2 has tables that version 1 lacked, among them the statistics, for which each segment of the store
    in `folder` is read once; one that cannot be read stays without. Version 3 has the registered flow logs;
    version 4 when objects and events arrived, and what hinders a flow log.
    """
    for statement in table_statements():
        con.execute(statement.replace("create table ", "create table if not exists ", 1))
    if version < 2:
        segments = con.execute("select segment_id from segments order by segment_id").fetchall()
        refresh_statistics(con, folder, scratch, [row[0] for row in segments])
    con.execute("alter table objects add column if not exists modified_at bigint")
    con.execute(
        "update objects set modified_at = try_cast(substr(version_tag, 7) as bigint) // 1000000000"
        " where modified_at is null and starts_with(version_tag, 'mtime:')"
    )
    con.execute("alter table flow_logs add column if not exists delivery_problem text")
    con.execute("update store_info set schema_version = 4")


def table_statements() -> list[str]:
    """A `create table` for each table of catalog.sql."""
    text = Path(__file__).with_name("catalog.sql").read_text(encoding="utf-8")
    statements = text.split("\ncreate table ")[1:]
    return ["create table " + statement[: statement.index("\n);") + 3] for statement in statements]
