"""Where saved queries are found: the project's folder, the user's, the built-in one; first name wins."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from flowsql.errors import LibraryError, did_you_mean
from flowsql.library.header import read_query
from flowsql.library.saved_query import SavedQuery

FOLDER = "queries"


@dataclass(frozen=True, slots=True)
class Named:
    """What a name stands for: a saved query, and the parameters that an alias sets."""

    query: SavedQuery
    preset: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Library:
    """Every name that can be run -> what it stands for, or why it cannot be run.

    A broken file spoils only its own name, which never falls through to a folder of lower priority:
    the answer would come from another query than the one that was written.
    """

    names: Mapping[str, Named | LibraryError]

    def get(self, name: str) -> tuple[SavedQuery, Mapping[str, str]]:
        """The query of that name or alias, and the parameter texts that the alias sets.

        Raises LibraryError for an unknown name, and the file's own error if it is broken.
        """
        found = self.names.get(name)
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
    names: dict[str, Named | LibraryError] = {}
    folders = [folder for folder in (project, user, built_in_folder()) if folder and folder.is_dir()]
    once = {folder.resolve(): folder for folder in reversed(folders)}
    first_to_last = [folder for folder in folders if once[folder.resolve()] is folder]
    for folder in reversed(first_to_last):
        names |= _names_in(folder)  # names found earlier win
    return Library(names)


def user_folder() -> Path:
    """The user's own queries: below $XDG_CONFIG_HOME, else ~/.config. It need not exist."""
    configured = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    # The XDG specification says to ignore a relative path; it would change with the current folder.
    base = configured if configured.is_absolute() else Path.home() / ".config"
    return base / "flowsql" / FOLDER


def built_in_folder() -> Path:
    """The queries of this version: inside the package, or beside it in a checkout."""
    package = Path(str(resources.files("flowsql")))
    packaged = package / FOLDER
    return packaged if packaged.is_dir() else package.parent / FOLDER


def _names_in(folder: Path) -> dict[str, Named | LibraryError]:
    claims: dict[str, list[tuple[Path, Named | LibraryError]]] = {}
    for path in _sql_files(folder):
        for name, found in _names_of(path, folder):
            claims.setdefault(name, []).append((path, found))
    return {name: _only(name, claimed) for name, claimed in claims.items()}


def _sql_files(folder: Path) -> list[Path]:
    # Hidden files are editors' backups and copies that are not finished yet.
    return [
        path
        for path in sorted(folder.rglob("*.sql"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]


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
