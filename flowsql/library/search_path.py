"""Where saved queries are found: the project's folder, the user's, the built-in one; first name wins."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from flowsql.errors import LibraryError, did_you_mean
from flowsql.library.header import read_query
from flowsql.library.saved_query import SavedQuery

FOLDER = "queries"


class Named(NamedTuple):
    """What a name stands for: a saved query, and the parameters that an alias sets."""

    query: SavedQuery
    preset: Mapping[str, str]


class Library:
    """Every name that can be run, in folders of which the first that has a name decides.

    A broken file spoils only its own name, which never falls through to a folder of lower priority:
    the answer would come from another query than the one that was written.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders

    @cached_property
    def names(self) -> Mapping[str, Named | LibraryError]:
        """Each name -> what it stands for, or why it cannot be run."""
        names: dict[str, Named | LibraryError] = {}
        for folder in reversed(self._folders):
            names |= _names_in(folder, _sql_files(folder))  # names found earlier win
        return names

    def get(self, name: str) -> tuple[SavedQuery, Mapping[str, str]]:
        """The query of that name or alias, and the parameter texts that the alias sets.

        Only files that mention the name are read as queries: a command that runs one waits for no other.
        Raises LibraryError for an unknown name, and the file's own error if it is broken.
        """
        found = next(
            (
                named[name]
                for folder in self._folders
                if name in (named := _names_in(folder, _files_with(name, folder)))
            ),
            None,
        )
        if found is None:
            hint = did_you_mean(name, self.names)
            raise LibraryError(f"unknown query {name!r}", remedy=hint or "`flowsql queries` lists them")
        if isinstance(found, LibraryError):
            raise found
        return found.query, found.preset

    def all(self) -> list[SavedQuery]:
        """Every query that can be run by its own name, by topic, then name."""
        own = [n.query for name, n in self.names.items() if isinstance(n, Named) and n.query.name == name]
        return sorted(own, key=lambda query: (query.topic, query.name))

    def problems(self) -> list[LibraryError]:
        """Why the other names cannot be run, in the order of the names."""
        return [found for _, found in sorted(self.names.items()) if isinstance(found, LibraryError)]


def find_library(project: Path | None, user: Path | None) -> Library:
    """The queries below the folders `project` and `user`, and the built-in ones, in that order.

    None and a folder that does not exist have no queries; one folder given twice counts once. Never
    raises for a broken file: `Library.problems` has it.
    """
    folders = [folder for folder in (project, user, built_in_folder()) if folder and folder.is_dir()]
    once = {folder.resolve(): folder for folder in reversed(folders)}
    return Library([folder for folder in folders if once[folder.resolve()] is folder])


def user_folder() -> Path:
    """The user's own queries: below $XDG_CONFIG_HOME, else ~/.config. It need not exist."""
    configured = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    # The XDG specification says to ignore a relative path; it would change with the current folder.
    base = configured if configured.is_absolute() else Path.home() / ".config"
    return base / "flowsql" / FOLDER


def built_in_folder() -> Path:
    """The queries of this version: inside the package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    packaged = package / FOLDER
    return packaged if packaged.is_dir() else package.parent / FOLDER


def _names_in(folder: Path, paths: Iterable[Path]) -> dict[str, Named | LibraryError]:
    claims: dict[str, list[tuple[Path, Named | LibraryError]]] = {}
    for path in paths:
        for name, found in _names_of(path, folder):
            claims.setdefault(name, []).append((path, found))
    return {name: _only(name, claimed) for name, claimed in claims.items()}


def _sql_files(folder: Path) -> list[Path]:
    found = []
    for place, folders, files in os.walk(folder):
        # Hidden files are editors' backups and copies that are not finished yet.
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place, name) for name in files if name.endswith(".sql") and name[0] != "."]
    return sorted(path for path in found if path.is_file())


def _files_with(name: str, folder: Path) -> Iterator[Path]:
    """The files that may have that name: it is theirs, or looks like an alias in them."""
    alias = re.compile(rb"alias\s*:[\s-]*" + re.escape(name.encode()) + rb"(?![\w-])")
    for path in _sql_files(folder):
        with contextlib.suppress(OSError):
            if path.stem != name and not alias.search(path.read_bytes()):
                continue
        yield path


def _names_of(path: Path, folder: Path) -> Iterator[tuple[str, Named | LibraryError]]:
    try:
        query = read_query(path, topic=path.parent.relative_to(folder).as_posix().removeprefix("."))
    except LibraryError as error:
        yield path.stem, error
        return
    yield query.name, Named(query, {})
    for alias, preset in query.aliases.items():
        yield alias, Named(query, preset)


def _only(name: str, claimed: list[tuple[Path, Named | LibraryError]]) -> Named | LibraryError:
    if len(claimed) == 1:
        return claimed[0][1]
    paths = " and ".join(str(path) for path, _ in claimed)
    return LibraryError(
        f"{len(claimed)} queries of one folder have this name or alias: {paths}",
        where=name,
        remedy="rename one of them",
    )
