"""Whether a store is what its catalogue says: every file, every count, every byte."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import duckdb

from flowsql.errors import StoreError
from flowsql.store.catalog import FILE_NAME, engine_connection
from flowsql.store.check_segment import Listed, listed_segments, segment_problem
from flowsql.store.lock import writers_queue
from flowsql.store.seal import Seal, read_seal
from flowsql.store.staging import abandoned, intended_by
from flowsql.store.store import Store

REPAIR = "`flowsql store repair`"
_TIDY = "nothing: the next load removes it"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in the store that is not as it should be; `is_damage` is false for mere leftovers."""

    file: str
    problem: str
    remedy: str
    is_damage: bool = True


@dataclass(slots=True)
class CheckReport:
    """What was looked at, and what was found."""

    quick: bool
    segments: int = 0
    records: int = 0
    checked_bytes: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is damaged; leftovers of dead writers are no damage."""
        return not any(finding.is_damage for finding in self.findings)

    def damage(self, file: str, problem: str, remedy: str = REPAIR) -> None:
        """Adds a finding that is damage."""
        self.findings.append(Finding(file, problem, remedy))


def check_store(store: Store, *, quick: bool = False) -> CheckReport:
    """Compares the store with its catalogue; `quick` reads no segment beyond its footer.

    Loads and compactions may go on meanwhile. Changes nothing, but for the schema of a store of an older
    version. Raises StoreError when there is no store, or one of a newer version.
    """
    report = CheckReport(quick)
    if not store.exists and not store.catalog.is_orphaned:
        store.catalog.require()
    _check_kept_catalogues(store.folder, report)
    with _snapshot(store, report) as con:
        if con is not None:
            listed = listed_segments(con)
            for segment in listed:
                _check_segment(store, segment, report)
            for statement in _statements():
                for file, problem in con.execute(statement).fetchall():
                    report.damage(file, problem)
            _check_for_strangers(store, report)
    return report


@contextlib.contextmanager
def _snapshot(store: Store, report: CheckReport) -> Iterator[duckdb.DuckDBPyConnection | None]:
    """The published catalogue, attached and current; None if it cannot be read. Its seal is checked."""
    con = engine_connection()
    try:
        yield con if _attached(store, con, report) else None
    finally:
        con.close()


def _attached(store: Store, con: duckdb.DuckDBPyConnection, report: CheckReport) -> bool:
    path = store.catalog.path
    if not path.exists():
        report.damage(FILE_NAME, "missing")
        return False
    seal = read_seal(path)
    try:
        while True:
            stamp = store.catalog.stamp()
            seal = read_seal(path)
            if seal is Seal.BROKEN:
                break
            store.catalog.attach(con)
            if store.catalog.stamp() == stamp:
                break
            con.execute("detach catalog")  # Replaced meanwhile: what was hashed may not be what was attached.
    except StoreError as error:
        if seal is Seal.INTACT:  # Of a newer version, or it cannot be brought to the present one.
            raise
        report.damage(FILE_NAME, error.cause)
        return False
    except OSError as error:
        report.damage(FILE_NAME, f"cannot be read: {error.strerror or error}")
        return False
    report.checked_bytes += path.stat().st_size
    if seal is not Seal.INTACT:
        report.damage(FILE_NAME, seal.value)
        return False
    con.execute("use catalog")
    return True


def _check_kept_catalogues(folder: Path, report: CheckReport) -> None:
    for path in sorted((folder / "backup").glob("*.duckdb")):
        if not path.stem.isdigit():
            continue
        with contextlib.suppress(FileNotFoundError):  # Gone since: a newer one was kept.
            seal = read_seal(path)
            report.checked_bytes += path.stat().st_size
            # Version 1 did not seal.
            if seal is Seal.BROKEN or (seal is Seal.MISSING and not _is_of_version_1(path)):
                report.damage(f"backup/{path.name}", seal.value)


def _is_of_version_1(path: Path) -> bool:
    con = duckdb.connect()
    try:
        con.execute("attach $path as kept (read_only)", {"path": str(path)})
        return con.execute("select schema_version from kept.store_info").fetchall() == [(1,)]
    except duckdb.Error:
        return False
    finally:
        con.close()


def _check_segment(store: Store, segment: Listed, report: CheckReport) -> None:
    report.segments += 1
    problem = segment_problem(store.folder, segment, quick=report.quick)
    if problem is None:
        report.records += segment.records
        report.checked_bytes += 0 if report.quick else segment.size_bytes
    elif _is_listed_now(store, segment.path):
        remedy = f"restore the file from a copy, or {REPAIR}, then load its objects again"
        report.damage(segment.path, problem, remedy)


def _is_listed_now(store: Store, path: str) -> bool:
    """Whether the catalogue as it is now lists the file: one that is gone may have been compacted away."""
    con = engine_connection()
    try:
        store.catalog.attach(con)
        return bool(con.execute("select 1 from catalog.segments where path = ?", [path]).fetchall())
    except StoreError:
        return True
    finally:
        con.close()


def _check_for_strangers(store: Store, report: CheckReport) -> None:
    """Files that nobody lists or will list, and what writers that died left."""
    folder = store.folder
    there = _files_in_records(folder)
    with _queue(store):
        # No commit is under way now: what is there and not listed stays so.
        listed = _known_paths(store)
        dead = abandoned(folder)
        working = set((folder / "staging").glob("*")) - set(dead)
        listed |= {path for staging in working for path in intended_by(staging)}
        leftovers = {path for staging in dead for path in intended_by(staging)}
        unlisted = [path for path in there if path not in listed and (folder / path).exists()]
    for staging in dead:
        name = str(staging.relative_to(folder))
        report.findings.append(Finding(name, "left by a writer that died", _TIDY, is_damage=False))
    for path in unlisted:
        if path in leftovers:
            problem = "left by a writer that died before it was published"
            report.findings.append(Finding(path, problem, _TIDY, is_damage=False))
        else:
            report.damage(path, "not listed in the catalogue", f"{REPAIR} takes it in, or moves it aside")


@contextlib.contextmanager
def _queue(store: Store) -> Iterator[None]:
    try:
        with writers_queue(store.catalog.lock_path, store.wait_s):
            yield
    except OSError:  # The store cannot be written, so nobody is writing.
        yield


def _files_in_records(folder: Path) -> list[str]:
    found = (folder / "records").rglob("*")
    return sorted(str(path.relative_to(folder)) for path in found if not path.is_dir())


def _known_paths(store: Store) -> set[str]:
    """The files that the catalogue lists, or keeps for those who read an older one."""
    con = engine_connection()
    try:
        store.catalog.attach_as_it_is(con)
        con.execute("use catalog")
        tables = {row[0] for row in con.execute("select table_name from duckdb_tables()").fetchall()}
        known: set[str] = set()
        for table in ("segments", "superseded_segments"):
            if table in tables:
                known.update(row[0] for row in con.execute(f"select path from {table}").fetchall())
        return known
    finally:
        con.close()


@cache
def _statements() -> Sequence[str]:
    """The statements of check.sql."""
    text = Path(__file__).with_name("check.sql").read_text(encoding="utf-8")
    return [statement for statement in text.split(";\n") if statement.strip()]
