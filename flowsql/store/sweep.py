"""Tidying up behind writers that died: never a file that the catalogue lists or a living writer needs."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from flowsql.store.catalog import Catalog, engine_connection
from flowsql.store.staging import abandoned, intended_by


def sweep_abandoned(catalog: Catalog) -> None:
    """Removes the staging folders of dead writers, and what they moved into records/ but never published.

    To be called while holding the writers' queue, in which staging folders are made.
    """
    for folder in abandoned(catalog.folder):
        remove_unlisted(catalog, intended_by(folder))
        shutil.rmtree(folder, ignore_errors=True)


def remove_unlisted(catalog: Catalog, paths: Sequence[str]) -> None:
    """Deletes those of the files (below the store's folder) that the published catalogue does not list."""
    there = [path for path in paths if (catalog.folder / path).exists()]
    for path in set(there) - _listed(catalog, there):
        (catalog.folder / path).unlink(missing_ok=True)


def _listed(catalog: Catalog, paths: Sequence[str]) -> set[str]:
    """Those of the paths that the published catalogue lists."""
    if not paths or not catalog.path.exists():
        return set()
    con = engine_connection()
    try:
        catalog.attach_as_it_is(con)
        rows = con.execute(
            "select path from catalog.segments where path in (select unnest($paths))", {"paths": list(paths)}
        ).fetchall()
        return {row[0] for row in rows}
    finally:
        con.close()
