"""A store in one file: a tar archive of a catalogue and the segments that it lists, for another machine.

The catalogue comes first: it is sealed, and has the SHA-256 of every segment, so an archive verifies itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import duckdb

from flowsql.errors import OutputError, SourceError, StoreError
from flowsql.store.catalog import (
    FILE_NAME,
    SCHEMA_VERSION,
    engine_connection,
    quoted,
    store_error,
    sync_file,
    sync_folder,
)
from flowsql.store.lock import writers_queue
from flowsql.store.seal import Seal, read_seal, remove_seal
from flowsql.store.staging import Staging
from flowsql.store.store import Store
from flowsql.store.sweep import remove_unlisted

# A path that a catalogue may list; what an archive brings from elsewhere must not lead out of the store.
_SEGMENT_PATH = re.compile(r"records/[a-z]+=[0-9a-z-]+/[0-9a-f]{32}\.parquet")
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class ArchiveReport:
    """What an archive holds: segments, records that count, bytes of the archive's files."""

    segments: int
    records: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class _Member:
    path: str
    size_bytes: int
    sha256: str


def export_store(store: Store, target: Path, *, overwrite: bool = False) -> ArchiveReport:
    """Writes the store as it is now into one file, beside it first; loads may go on meanwhile.

    Every segment is compared with its hash on the way. Raises OutputError when the file exists or cannot be
    written, StoreError when there is no store or it is damaged.
    """
    if target.exists() and not overwrite:
        raise OutputError("the file exists", where=str(target), remedy="--overwrite replaces it")
    _bring_up_to_date(store)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with store.staging() as staging:
            members, report = _snapshot(store, staging.path)
            with tarfile.open(partial, "w", format=tarfile.PAX_FORMAT) as archive:
                archive.add(staging.path / FILE_NAME, FILE_NAME, filter=_anonymous)
                for member in members:
                    _add(archive, staging.path / Path(member.path).name, member)
        sync_file(partial)
        partial.replace(target)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", where=str(target)) from error
    finally:
        partial.unlink(missing_ok=True)
    return report


def _bring_up_to_date(store: Store) -> None:
    """Migrates a store of an older schema version. Raises StoreError when there is no store."""
    con = engine_connection()
    try:
        store.catalog.attach(con)
    finally:
        con.close()


def _snapshot(store: Store, folder: Path) -> tuple[list[_Member], ArchiveReport]:
    """Puts the catalogue and its segments into `folder`; the latter as links, which no sweep takes away."""
    with writers_queue(store.catalog.lock_path, store.wait_s):
        catalogue = folder / FILE_NAME
        shutil.copyfile(store.catalog.path, catalogue)
        members, report = _read_catalogue(catalogue)
        for member in members:
            with contextlib.suppress(FileNotFoundError):
                _link(store.folder / member.path, folder / Path(member.path).name)
    return members, report


def _link(file: Path, link: Path) -> None:
    try:
        link.hardlink_to(file)
    except FileNotFoundError:
        raise
    except OSError:  # A file system without hard links.
        link.symlink_to(file)


def _read_catalogue(catalogue: Path) -> tuple[list[_Member], ArchiveReport]:
    """The segments that a catalogue lists. Raises StoreError for one that is damaged or too new."""
    seal = read_seal(catalogue)
    if seal is not Seal.INTACT:
        raise StoreError(seal.value, where=FILE_NAME, remedy="`flowsql store check` says more")
    con = engine_connection()
    try:
        con.execute(f"attach {quoted(str(catalogue))} as catalog (read_only)")
        con.execute("use catalog")
        ((version,),) = con.execute("select schema_version from store_info").fetchall()
        if version > SCHEMA_VERSION:
            cause = f"schema version {version}, this flowsql knows {SCHEMA_VERSION}"
            raise StoreError(cause, where=FILE_NAME, remedy="update flowsql")
        rows = con.execute("select path, size_bytes, sha256 from segments order by path").fetchall()
        ((records,),) = con.execute(
            "select cast(coalesce(sum(records), 0) as bigint) from segment_loads anti join dead_loads"
            " using (segment_id, load_id)"
        ).fetchall()
    except duckdb.Error as error:
        raise StoreError(f"cannot be read: {str(error).splitlines()[0]}", where=FILE_NAME) from error
    finally:
        con.close()
    members = [_Member(*row) for row in rows]
    size = catalogue.stat().st_size + sum(member.size_bytes for member in members)
    return members, ArchiveReport(len(members), records, size)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o644
    return member


class _Hashed:
    """A file that hashes what is read from it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = self._file.read(size)
        self.digest.update(data)
        return data


def _add(archive: tarfile.TarFile, file: Path, member: _Member) -> None:
    damaged = StoreError(
        "the segment is damaged or missing",
        where=member.path,
        remedy="`flowsql store check` says more, `flowsql store repair` leaves it out",
    )
    if not file.exists() or file.stat().st_size != member.size_bytes:
        raise damaged
    info = _anonymous(tarfile.TarInfo(member.path))
    info.size, info.mtime = member.size_bytes, int(file.stat().st_mtime)
    with file.open("rb") as opened:
        hashed = _Hashed(opened)
        archive.addfile(info, hashed)
    if hashed.digest.hexdigest() != member.sha256:
        raise damaged


def import_store(store: Store, source: Path) -> ArchiveReport:
    """Makes the store of an archive, all or nothing; it must be a new one, or have no records.

    Raises SourceError for a file that is no such archive, or a damaged one, StoreError for a store that has
    records.
    """
    _refuse_a_used(store)
    try:
        archive = tarfile.open(source, "r:")  # noqa: SIM115 (closed below)
    except (tarfile.TarError, EOFError) as error:
        raise _no_archive(source, str(error)) from error
    except OSError as error:
        raise SourceError(error.strerror or str(error), where=str(source)) from error
    store.create()
    try:
        with archive, store.staging() as staging:
            members, report = _unpack(archive, staging, source)
            _publish(store, staging, members)
    except (tarfile.TarError, EOFError) as error:
        raise _no_archive(source, str(error)) from error
    except OSError as error:
        raise store_error(error, store.folder) from error
    return report


def _publish(store: Store, staging: Staging, members: Sequence[_Member]) -> None:
    """Moves what was unpacked into place and publishes it. Raises StoreError, OSError."""
    paths = [member.path for member in members]
    with writers_queue(store.catalog.lock_path, store.wait_s) as lock:
        _refuse_a_used(store)
        staging.intend(paths)
        try:
            for path in paths:
                target = store.folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                (staging.path / target.name).rename(target)
            for parent in {(store.folder / path).parent for path in paths}:
                sync_folder(parent)
            sync_folder(store.folder / "records")
            draft = staging.path / FILE_NAME
            remove_seal(draft)
            store.skip_load_ids(lock, _last_load_id(draft))
            store.catalog.replace(staging.path, draft, store.view_statements)
        except BaseException:
            remove_unlisted(store.catalog, paths)
            raise


def _refuse_a_used(store: Store) -> None:
    """Raises StoreError unless the store has never had a load."""
    if store.catalog.is_orphaned:
        store.catalog.require()
    if not store.exists:
        return
    con = engine_connection()
    try:
        store.catalog.attach(con)
        used = con.execute("select 1 from catalog.loads limit 1").fetchall()
    finally:
        con.close()
    if used:
        raise StoreError(
            "the store has loads already, and an import would replace them",
            where=str(store.folder),
            remedy="import into a new folder: --store DIR",
        )


def _unpack(archive: tarfile.TarFile, staging: Staging, source: Path) -> tuple[list[_Member], ArchiveReport]:
    """Extracts what the archive's catalogue lists, and nothing else, into the staging folder, verified."""
    waiting: dict[str, _Member] = {}
    report = None
    members: list[_Member] = []
    for info in archive:
        if report is None:
            if info.name != FILE_NAME or not info.isfile():
                raise _no_archive(source, f"it begins with {info.name!r}")
            _extract(archive, info, staging.path / FILE_NAME)
            try:
                members, report = _read_catalogue(staging.path / FILE_NAME)
            except StoreError as error:
                raise SourceError(error.cause, where=f"{source}: {FILE_NAME}", remedy=error.remedy) from error
            waiting = {member.path: member for member in members}
            continue
        member = waiting.pop(info.name, None)
        if member is None or not info.isfile() or not _SEGMENT_PATH.fullmatch(info.name):
            raise _no_archive(source, f"it has {info.name!r}, which its catalogue does not list")
        digest = _extract(archive, info, staging.path / Path(member.path).name)
        if digest != member.sha256:
            raise SourceError("damaged: the SHA-256 does not fit", where=f"{source}: {info.name}")
    if report is None:
        raise _no_archive(source, "it is empty")
    if waiting:
        cause = f"cut short: {len(waiting):,} of {len(members):,} segments are missing"
        raise SourceError(cause, where=str(source))
    return members, report


def _extract(archive: tarfile.TarFile, info: tarfile.TarInfo, target: Path) -> str:
    opened = archive.extractfile(info)
    assert opened is not None
    hashed = _Hashed(opened)
    with opened, target.open("wb") as file:
        shutil.copyfileobj(hashed, file, _CHUNK)
        file.flush()
        os.fsync(file.fileno())
    return hashed.digest.hexdigest()


def _last_load_id(draft: Path) -> int:
    con = engine_connection()
    try:
        con.execute(f"attach {quoted(str(draft))} as draft (read_only)")
        ((last,),) = con.execute(
            "select coalesce(max(load_id), 0) from (select load_id from draft.loads"
            " union all select load_id from draft.segment_loads)"
        ).fetchall()
        return int(last)
    finally:
        con.close()


def _no_archive(source: Path, why: str) -> SourceError:
    return SourceError(
        f"not an archive of `flowsql store export`, or a damaged one: {why}", where=str(source)
    )
