"""What is in a store, for `store info`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flowsql.store.catalog import Catalog, engine_connection


@dataclass(frozen=True, slots=True)
class FormatInfo:
    """One log format in the store: as in AWS's LogFormat, with its live objects and records."""

    log_format: str
    objects: int
    records: int


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """Counts of a store. Times are Unix seconds, None without any record that has one."""

    folder: Path
    schema_version: int
    created_at: int
    records: int
    nodata: int
    skipdata: int
    rejects: int
    objects: int
    incomplete_objects: int
    replaced_objects: int
    expired_objects: int
    forgotten_objects: int
    segments: int
    segment_bytes: int
    catalogue_bytes: int
    first_time: int | None
    last_time: int | None
    last_load_at: int | None
    formats: tuple[FormatInfo, ...]


def read_info(catalog: Catalog) -> StoreInfo:
    """The figures of the published catalogue. Raises StoreError when there is none."""
    con = engine_connection()
    try:
        catalog.attach(con)

        def one(sql: str) -> tuple[int, ...]:
            (row,) = con.execute(sql).fetchall()
            return row

        schema_version, created_at = one("select schema_version, created_at from catalog.store_info")
        live = "state in ('live', 'incomplete')"
        loads = one(
            f"""
            select coalesce(sum(records) filter ({live}), 0), coalesce(sum(nodata) filter ({live}), 0),
                coalesce(sum(skipdata) filter ({live}), 0), coalesce(sum(rejects) filter ({live}), 0),
                count(*) filter (state = 'live'), count(*) filter (state = 'incomplete'),
                count(*) filter (state = 'replaced'), max(loaded_at),
                coalesce(min(min_start) filter ({live}), min(min_end) filter ({live})),
                max(coalesce(max_end, max_start)) filter ({live}),
                count(*) filter (state = 'expired'), count(*) filter (state = 'forgotten')
            from catalog.loads
            """
        )
        segments = one("select count(*), coalesce(sum(size_bytes), 0) from catalog.segments")
        formats = con.execute(
            f"""
            select log_format, count(*), cast(sum(records) as bigint) from catalog.loads
            where {live} and log_format <> '' group by log_format order by 3 desc, 1
            """
        ).fetchall()
    finally:
        con.close()
    return StoreInfo(
        folder=catalog.folder,
        schema_version=schema_version,
        created_at=created_at,
        records=loads[0],
        nodata=loads[1],
        skipdata=loads[2],
        rejects=loads[3],
        objects=loads[4],
        incomplete_objects=loads[5],
        replaced_objects=loads[6],
        expired_objects=loads[10],
        forgotten_objects=loads[11],
        segments=segments[0],
        segment_bytes=segments[1],
        catalogue_bytes=catalog.path.stat().st_size,
        first_time=loads[8],
        last_time=loads[9],
        last_load_at=loads[7],
        formats=tuple(FormatInfo(*row) for row in formats),
    )
