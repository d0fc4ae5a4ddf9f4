"""One load from beginning to end: create the store, read what is new, commit, report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa

from flowsql.errors import Interrupted, StoreError
from flowsql.loading.epoch import DryRun, Epoch, StoreEpoch
from flowsql.loading.loader import Loader
from flowsql.loading.report import LoadReport, Progress
from flowsql.logformat.fields import Field
from flowsql.sources.source import Source, Wanted
from flowsql.store.catalog import create_tables, engine_connection
from flowsql.store.compact import merge_small
from flowsql.store.ledger import Ledger
from flowsql.store.staging import Staging
from flowsql.store.store import Store


def load_sources(
    store: Store,
    sources: Sequence[Source],
    *,
    log_format: Sequence[Field] | None,
    again: bool,
    dry_run: bool,
    wanted: Wanted,
    on_progress: Callable[[Progress], None],
) -> LoadReport:
    """Loads what the sources have into the store, which is made if need be; a dry run only says what would
    happen.

    Raises UsageError or SourceError, with nothing loaded, for a source with nothing to find at all, and
    StoreError when the store cannot be opened; later trouble is in the report.
    """
    report = LoadReport()
    with _ledger(store) as ledger:
        found = [source.find(ledger, report.notice) for source in sources]

        def load(epoch: Epoch) -> None:
            loader = Loader(
                ledger,
                epoch,
                report,
                log_format=log_format,
                again=again,
                wanted=wanted,
                on_progress=on_progress,
            )
            loader.load(found)

        if dry_run:
            load(DryRun())
            return report
        lacks_views = store.create_quickly()
        with store.staging() as staging:
            with _kept_memory(), StoreEpoch(store, staging, lacks_views=lacks_views) as epoch:
                load(epoch)
            if report.records and not report.stopped_by:
                _merge_small(store, staging, report)
            return report


@contextmanager
def _kept_memory() -> Iterator[None]:
    """Arrow's memory comes from jemalloc, where it has that, while a load goes on.

    Its default, mimalloc, soon gives what is free back to the system: a tenth of a load's CPU time went into
    getting it again.
    """
    before = pa.default_memory_pool()
    if "jemalloc" in pa.supported_memory_backends():
        pa.set_memory_pool(pa.jemalloc_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)


def _merge_small(store: Store, staging: Staging, report: LoadReport) -> None:
    """Merges small segments; what was loaded is in the store, whether or not that works."""
    try:
        merge_small(store, staging)
    except Interrupted as error:
        report.stopped_by = error
    except StoreError as error:
        report.notice(f"small segments are not merged yet: {error.cause}")


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
            create_tables(con)
        yield Ledger(con)
    finally:
        con.close()
