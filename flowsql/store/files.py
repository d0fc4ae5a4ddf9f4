"""The live segment files, for engines that are to read them without the catalogue."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from flowsql.store.catalog import Catalog, engine_connection


def live_files(catalog: Catalog) -> pa.Table:
    """One row a segment file: path, day, records, size_bytes, dead_load_ids, columns; oldest records first.

    `path` is absolute; `records` are those that count; records whose load_id is among `dead_load_ids` do not.
    Lists are text, with commas between. Raises StoreError when there is no store.
    """
    con = engine_connection()
    try:
        catalog.attach(con)
        con.execute("use catalog")
        table = con.sql(
            """
            select path, regexp_extract(path, '/(?:day|month)=([^/]+)/', 1) as day,
                cast(coalesce(sum(l.records) filter (not is_dead), 0) as bigint) as records, size_bytes,
                coalesce(string_agg(load_id, ',' order by load_id) filter (is_dead), '') as dead_load_ids,
                array_to_string(columns, ',') as columns
            from segments
            left join (
                select *, (segment_id, load_id) in (from dead_loads) as is_dead from segment_loads
            ) as l using (segment_id)
            group by segment_id, path, size_bytes, columns, min_start, created_at
            order by min_start, created_at, segment_id
            """
        ).to_arrow_table()
    finally:
        con.close()
    return _with_absolute_paths(table, catalog.folder)


def _with_absolute_paths(table: pa.Table, folder: Path) -> pa.Table:
    paths = [str(folder / path) for path in table.column("path").to_pylist()]
    return table.set_column(0, "path", pa.array(paths, pa.string()))
