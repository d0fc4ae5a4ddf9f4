"""Tidying up behind writers that died: never a file that the catalogue lists or a living writer needs."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

from flowsql.store.catalog import Catalog, engine_connection
from flowsql.store.lock import writers_queue
from flowsql.store.staging import abandoned, intended_by


def sweep_abandoned(catalog: Catalog, wait_s: float) -> None:
    """Removes the staging folders of dead writers, and what they moved into records/ but never published."""
    folders = abandoned(catalog.folder)
    if not folders:
        return
    with writers_queue(catalog.lock_path, wait_s):
        intended = {path for folder in folders for path in intended_by(folder)}
        remove_unlisted(catalog, intended)
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)


def remove_unlisted(catalog: Catalog, paths: Iterable[str]) -> None:
    """Deletes those files (paths below the store's folder) that the published catalogue does not list."""
    wanted = set(paths)
    for path in wanted - _listed(catalog, wanted) if wanted else ():
        (catalog.folder / path).unlink(missing_ok=True)


def _listed(catalog: Catalog, paths: Iterable[str]) -> set[str]:
    """Those of the paths that the published catalogue lists."""
    if not catalog.path.exists():
        return set()
    con = engine_connection()
    try:
        catalog.attach(con)
        rows = con.execute(
            "select path from catalog.segments where path in (select unnest($paths))", {"paths": list(paths)}
        ).fetchall()
        return {row[0] for row in rows}
    finally:
        con.close()
