"""Tidying up: never a file that the catalogue lists, a reader may need, or a living writer will publish.

To be called while holding the writers' queue, in which staging folders are made and files placed.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from flowsql.store.catalog import Catalog, engine_connection
from flowsql.store.staging import abandoned, intended_by

GRACE_S = 3600
# Longer than any file that a compaction replaced stays, which tells of the loads in it.
_REPLACED_HOURS_STAY_S = 24 * 3600


def sweep_abandoned(catalog: Catalog) -> None:
    """Removes the staging folders of dead writers, and what they moved into records/ but never published."""
    for folder in abandoned(catalog.folder):
        remove_unlisted(catalog, intended_by(folder))
        shutil.rmtree(folder, ignore_errors=True)


def sweep_superseded(con: duckdb.DuckDBPyConnection, folder: Path, grace_s: float) -> int:
    """Deletes the files that compactions replaced longer than the grace period ago; returns how many.

    `con` has a catalogue under construction: there it removes their rows. Should that never be published,
    the rows name files that are gone, and the next change removes them.
    """
    rows = con.execute(
        "select path from superseded_segments where superseded_at <= ?", [int(time.time() - grace_s)]
    ).fetchall()
    deleted = sum(_remove(folder / path) for (path,) in rows)
    if rows:
        con.execute(
            "delete from superseded_segments where path in (select unnest(?))", [[path for (path,) in rows]]
        )
    return deleted


def sweep_replaced_hours(con: duckdb.DuckDBPyConnection) -> None:
    """Takes the earlier versions of hours of log streams out of a catalogue under construction.

    One comes with every load of a stream that goes on, and says nothing that its successor does not. Those
    stay of which a segment has records, and those that were replaced lately.
    """
    rows = con.execute(
        """
        select old.load_id
        from loads as old
        left join loads as newer on newer.load_id = old.replaced_by
        where old.state = 'replaced'
            and starts_with(old.identity, 'aws:cloudwatch:')
            and coalesce(newer.loaded_at, 0) <= $horizon
            and old.load_id not in (select load_id from segment_loads)
        """,
        {"horizon": int(time.time() - _REPLACED_HOURS_STAY_S)},
    ).fetchall()
    if rows:
        ids = [load_id for (load_id,) in rows]
        for table in ("loads", "event_lags", "rejects"):
            con.execute(f"delete from {table} where load_id in (select unnest(?))", [ids])


def sweep_unlisted(catalog: Catalog, grace_s: float) -> int:
    """Deletes files in records/ that are older than the grace period and that the catalogue does not know.

    Returns how many. Readers of a catalogue that has been replaced since may still need younger ones.
    """
    before = time.time() - grace_s
    found = (catalog.folder / "records").rglob("*")
    old = [path for path in found if path.is_file() and path.stat().st_mtime <= before]
    return remove_unlisted(catalog, [str(path.relative_to(catalog.folder)) for path in old])


def remove_unlisted(catalog: Catalog, paths: Sequence[str]) -> int:
    """Deletes those of the files (below the store's folder) that the published catalogue does not know.

    It knows the segments that it lists and those that were superseded. Returns how many were deleted.
    """
    there = [path for path in paths if (catalog.folder / path).exists()]
    return sum(_remove(catalog.folder / path) for path in sorted(set(there) - _known(catalog, there)))


def _known(catalog: Catalog, paths: Sequence[str]) -> set[str]:
    """Those of the paths that the published catalogue knows."""
    if not paths or not catalog.path.exists():
        return set()
    with _reading(catalog) as con:
        # A catalogue of an older schema has nothing superseded.
        tables = {name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()}
        sources = [
            f"select path from catalog.{t}" for t in ("segments", "superseded_segments") if t in tables
        ]
        rows = con.execute(
            f"select path from ({' union all '.join(sources)}) where path in (select unnest($paths))",
            {"paths": list(paths)},
        ).fetchall()
    return {row[0] for row in rows}


@contextlib.contextmanager
def _reading(catalog: Catalog) -> Iterator[duckdb.DuckDBPyConnection]:
    con = engine_connection()
    try:
        catalog.attach_as_it_is(con)
        yield con
    finally:
        con.close()


def _remove(path: Path) -> bool:
    """Deletes the file, and a day's or month's folder with its last one; returns whether it was there."""
    was_there = path.exists()
    path.unlink(missing_ok=True)
    if path.parent.name != "records":
        with contextlib.suppress(OSError):
            path.parent.rmdir()
    return was_there
