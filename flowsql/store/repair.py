"""A store made whole again: from the newest intact catalogue and the segments, or from the segments alone.

Nothing is deleted: what is damaged is moved to aside/. Running it again changes nothing more.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from flowsql.errors import StoreError
from flowsql.store.catalog import FILE_NAME, SCHEMA_VERSION, create_tables, identify, open_draft, store_error
from flowsql.store.lock import writers_queue
from flowsql.store.migrate import migrate
from flowsql.store.rebuild import Rebuilt, rebuild
from flowsql.store.seal import Seal, remove_seal
from flowsql.store.staging import Staging, abandoned, intended_by
from flowsql.store.store import Store

_ASIDE = "aside"


@dataclass(frozen=True, slots=True)
class Mended:
    """A file of the store, what was wrong with it, and what was (or would be) done."""

    file: str
    problem: str
    action: str


@dataclass(slots=True)
class RepairReport:
    """What a repair did, or would do.

    `base` is the catalogue that it went on from, below the store's folder, '' if none was left; `lost` are
    sentences on what could not be brought back.
    """

    dry_run: bool
    base: str = ""
    mended: list[Mended] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    records: int = 0
    segments: int = 0


def repair_store(store: Store, *, dry_run: bool = False) -> RepairReport:
    """Publishes a catalogue that fits the intact segments, and moves what is damaged to aside/.

    Raises StoreError when there is no store, its catalogue is of a newer version, or it cannot be written.
    """
    if not store.exists and not store.catalog.is_orphaned:
        store.catalog.require()
    report = RepairReport(dry_run)
    try:
        with (
            writers_queue(store.catalog.lock_path, store.wait_s) as lock,
            _scratch(store, dry_run) as scratch,
        ):
            draft = scratch / FILE_NAME
            broken = _prepare(store, draft, report)
            con = open_draft(draft)
            try:
                rebuilt = _rebuild(store, con, scratch, report)
            finally:
                con.close()
            _tell(report, rebuilt, broken)
            if report.mended and not dry_run:
                _set_catalogues_aside(store, broken)
                store.skip_load_ids(lock, rebuilt.last_load_id)
                store.catalog.replace(scratch, draft, store.view_statements)
                for path in rebuilt.damaged:
                    _set_aside(store.folder, path)
    except (duckdb.Error, OSError) as error:
        raise store_error(error, store.folder) from error
    return report


@contextmanager
def _scratch(store: Store, dry_run: bool) -> Iterator[Path]:
    """A folder to build in; without sweeping, which would trust the catalogue that may be damaged."""
    if dry_run:
        with tempfile.TemporaryDirectory(prefix="flowsql-repair-") as name:
            yield Path(name)
        return
    for name in ("records", "staging", "backup"):
        (store.folder / name).mkdir(exist_ok=True)
    with Staging(store.folder) as staging:
        yield staging.path


def _prepare(store: Store, draft: Path, report: RepairReport) -> dict[str, str]:
    """Copies the newest intact catalogue to `draft`, or makes an empty one there.

    Returns the catalogues that are not intact, below the store's folder, with what is wrong with each.
    """
    kept = sorted(p for p in store.folder.glob("backup/*.duckdb") if p.stem.isdigit())
    broken: dict[str, str] = {}
    chosen: Path | None = None
    for path in [store.catalog.path, *reversed(kept)]:
        problem = _problem_of(path, draft)
        if problem is None and chosen is None:
            chosen = path
            draft.rename(draft.with_suffix(".chosen"))
        elif problem is not None:
            broken[str(path.relative_to(store.folder))] = problem
        draft.unlink(missing_ok=True)
    if chosen is not None:
        draft.with_suffix(".chosen").rename(draft)
        report.base = str(chosen.relative_to(store.folder))
        return broken
    con = open_draft(draft)
    create_tables(con)
    identify(con)
    con.close()
    return broken


def _problem_of(path: Path, draft: Path) -> str | None:
    """What is wrong with a catalogue, or None; it is copied to `draft`, without its seal.

    Raises StoreError for an intact one of a newer schema version.
    """
    if not path.exists():
        return "missing"
    shutil.copyfile(path, draft)
    seal = remove_seal(draft)
    if seal is Seal.BROKEN:
        return str(seal.value)
    try:
        con = open_draft(draft)
        try:
            ((version,),) = con.execute("select schema_version from store_info").fetchall()
            if version > 1 and seal is Seal.MISSING:  # Version 1 did not seal.
                return Seal.MISSING.value
            if version > SCHEMA_VERSION:
                cause = f"the catalogue has schema version {version}, this flowsql knows {SCHEMA_VERSION}"
                raise StoreError(cause, where=str(path), remedy="update flowsql")
            _read_all(con)
        finally:
            con.close()
    except (duckdb.Error, ValueError) as error:
        return f"cannot be read: {str(error).splitlines()[0]}"
    return None


def _read_all(con: duckdb.DuckDBPyConnection) -> None:
    """Reads every value, so that DuckDB checks the blocks. Raises duckdb.Error."""
    tables = con.execute("select table_name from duckdb_tables() where database_name = 'draft'").fetchall()
    for (table,) in tables:
        con.execute(f"select bit_xor(hash({table})) from {table}").fetchall()


def _rebuild(store: Store, con: duckdb.DuckDBPyConnection, scratch: Path, report: RepairReport) -> Rebuilt:
    con.execute("begin")
    ((version,),) = con.execute("select schema_version from store_info").fetchall()
    if version < SCHEMA_VERSION:
        migrate(con, version, store.folder, scratch)
    uncommitted = {path for staging in abandoned(store.folder) for path in intended_by(staging)}
    rebuilt = rebuild(con, store.folder, scratch, uncommitted, alone=not report.base)
    con.execute("commit")
    con.execute("checkpoint draft")
    ((report.segments,),) = con.execute("select count(*) from segments").fetchall()
    ((report.records,),) = con.execute(
        "select cast(coalesce(sum(records), 0) as bigint) from segment_loads anti join dead_loads"
        " using (segment_id, load_id)"
    ).fetchall()
    return rebuilt


def _tell(report: RepairReport, rebuilt: Rebuilt, broken: dict[str, str]) -> None:
    base = f"made anew from {report.base} and the segments" if report.base else "made anew from the segments"
    for path, problem in broken.items():
        moved = "nothing" if problem == "missing" else f"moved to {_ASIDE}/"
        report.mended.append(Mended(path, problem, base if path == FILE_NAME else moved))
    for path, problem in rebuilt.damaged.items():
        action = "taken off the list" if problem == "missing" else f"moved to {_ASIDE}/"
        report.mended.append(Mended(path, problem, action))
    report.mended += [Mended(path, problem, action) for path, problem, action in rebuilt.changes]
    report.lost = list(rebuilt.lost)
    if not report.base:
        report.lost.append(
            "no catalogue was left: objects that were forgotten and not yet compacted count again; objects"
            " without any record, and other names of objects, are unknown; the date of"
            " `store forget --before` and the registered flow logs are gone"
        )
    elif report.base != FILE_NAME:
        report.lost.append(
            f"whatever was forgotten, registered, or seen under another name, since {report.base} was written"
        )


def _set_catalogues_aside(store: Store, broken: dict[str, str]) -> None:
    for path, problem in broken.items():
        if problem == "missing":
            continue
        if path == FILE_NAME:  # Its place must not be empty before the new one takes it.
            target = _free_name(store.folder, path)
            shutil.copyfile(store.folder / path, target)
        else:
            _set_aside(store.folder, path)


def _set_aside(folder: Path, path: str) -> None:
    if (folder / path).exists():
        (folder / path).rename(_free_name(folder, path))


def _free_name(folder: Path, path: str) -> Path:
    """A name in aside/ that no file has yet."""
    (folder / _ASIDE).mkdir(exist_ok=True)
    name = Path(path)
    candidates = (
        folder / _ASIDE / f"{name.stem}{f'-{n}' if n else ''}{name.suffix}" for n in range(1_000_000)
    )
    return next(candidate for candidate in candidates if not candidate.exists())
