"""One load from beginning to end: create the store, read what is new, commit, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources

from flowsql import store as store_package
from flowsql.loading.epoch import DryRun, Epoch, StoreEpoch
from flowsql.loading.loader import Loader
from flowsql.loading.report import LoadReport, Progress
from flowsql.logformat.fields import Field
from flowsql.sources.source import LogObject
from flowsql.store.catalog import engine_connection
from flowsql.store.ledger import Ledger
from flowsql.store.store import Store


def load_objects(
    store: Store,
    objects: Sequence[LogObject],
    *,
    log_format: Sequence[Field] | None,
    again: bool,
    dry_run: bool,
    on_progress: Callable[[Progress], None],
) -> LoadReport:
    """Loads the objects into the store, which is made if need be; a dry run only says what would happen.

    Raises StoreError when the store cannot be opened at all; later trouble is `stopped_by` of the report.
    """
    now = int(time.time())

    def load(ledger: Ledger, epoch: Epoch) -> LoadReport:
        loader = Loader(ledger, epoch, log_format=log_format, again=again, now=now, on_progress=on_progress)
        return loader.load(objects)

    if dry_run:
        with _ledger(store) as ledger:
            return load(ledger, DryRun())
    store.create()
    with (
        store.staging() as staging,
        _ledger(store) as ledger,
        StoreEpoch(store, staging, expected_loads=len(objects)) as epoch,
    ):
        return load(ledger, epoch)


@contextmanager
def _ledger(store: Store) -> Iterator[Ledger]:
    """The ledger of the store as it is now; an empty one if there is no store yet."""
    con = engine_connection()
    try:
        if store.exists:
            store.catalog.attach(con)
        else:
            con.execute("attach ':memory:' as catalog")
            con.execute("use catalog")
            con.execute(resources.files(store_package).joinpath("catalog.sql").read_text(encoding="utf-8"))
        yield Ledger(con)
    finally:
        con.close()
