"""NAME.cases.toml beside NAME.sql -> the query's cases: log records in, rows out.

[[case]]
about = "a rejected opening is counted, its late packets are not"
records = '''
2 123456789012 eni-1 10.0.0.1 10.0.1.2 50001 22 6 1 40 1700006400 1700006460 REJECT OK
'''
parameters = {top = 5}
rows = '''
dstport,records
22,1
'''
"""

from __future__ import annotations

import csv
import inspect
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from flowsql.errors import LibraryError, did_you_mean
from flowsql.library.saved_query import SavedQuery
from flowsql.query_options import QueryOptions

SUFFIX = ".cases.toml"
ONE_OBJECT = "records.log"
# A case may set what a run may, but for the limits.
_OPTIONS = tuple(
    name
    for name in inspect.signature(QueryOptions.parse).parameters
    if name not in ("timeout", "memory_limit", "max_rows")
)
# Those that may be given several times.
_LISTED = frozenset({"account", "region", "vpc", "subnet", "interface", "ip", "cidr", "port"})
_OWN = ("about", "log-format", "records", "rejects", "files", "parameters", "rows", "trust")


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked of some records, and the answer.

    `records` are the texts of log objects by name, `log_format` is for those without a header line, and
    `rejects` of their lines are no records. `files` are texts that file parameters may name. `parameters` and
    `options` are as a user types them. `columns` are those compared; `rows` are their cells as the csv output
    has them, in order. `trust` is a part of the trust line. `where` is the file and the number of the case.
    """

    about: str
    where: str
    records: Mapping[str, str]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    log_format: str = "default"
    rejects: int = 0
    files: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    trust: str = ""


def cases_path(query: SavedQuery) -> Path:
    """Where the cases of a query are, if it has any."""
    return query.path.with_name(query.path.stem + SUFFIX)


def read_cases(query: SavedQuery) -> list[Case]:
    """The cases of a query, in the order of its file. Raises LibraryError if there is none or it is wrong."""
    path = cases_path(query)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise LibraryError(
            "it has no cases", where=query.name, remedy=f"write some into {path}: [[case]] tables"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise LibraryError(f"it cannot be read: {error}", where=str(path)) from error
    except tomllib.TOMLDecodeError as error:
        raise LibraryError(f"it is not TOML: {error}", where=str(path)) from error
    tables = content.pop("case", None)
    if content or not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise LibraryError("it has something else than [[case]] tables", where=str(path))
    return [_case(table, f"{path}: case {number}") for number, table in enumerate(tables, start=1)]


def _case(table: dict[str, Any], where: str) -> Case:
    for key in table:
        if key not in _OWN and key not in _OPTIONS:
            known = (*_OWN, *_OPTIONS)
            hint = did_you_mean(key, known) or f"a case may have {', '.join(known)}"
            raise LibraryError(f"unknown key {key!r}", where=where, remedy=hint)
    for key in ("about", "records", "rows"):
        if key not in table:
            raise LibraryError(f"it has no {key}", where=where, remedy=f"add {key} = ...")
    columns, rows = _rows(_text(table, "rows", where), where)
    records = table["records"]
    return Case(
        about=_text(table, "about", where),
        where=where,
        records=_texts({ONE_OBJECT: records} if isinstance(records, str) else records, "records", where),
        columns=columns,
        rows=rows,
        log_format=_text(table, "log-format", where) or "default",
        rejects=_number(table, "rejects", where),
        files=_texts(table.get("files", {}), "files", where),
        parameters=_parameters(table.get("parameters", {}), where),
        options=_options(table, where),
        trust=_text(table, "trust", where),
    )


def _text(table: dict[str, Any], key: str, where: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise LibraryError(f"{key} is no text", where=where, remedy=f'write {key} = "..."')
    return value


def _number(table: dict[str, Any], key: str, where: str) -> int:
    value = table.get(key, 0)
    if not isinstance(value, int) or isinstance(value, bool):
        raise LibraryError(f"{key} is no number", where=where, remedy=f"write {key} = 1")
    return value


def _texts(named: object, key: str, where: str) -> dict[str, str]:
    """Texts by the names of files, which stay below a folder of the case."""
    if not isinstance(named, dict) or not all(isinstance(text, str) for text in named.values()):
        raise LibraryError(f"{key} is neither a text nor texts by name", where=where)
    for name in named:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.name:
            raise LibraryError(f"{name!r} is no name of a file", where=where, remedy="such as list.csv")
    return named


def _parameters(values: object, where: str) -> dict[str, str]:
    if not isinstance(values, dict):
        raise LibraryError("parameters is no table", where=where, remedy="write parameters = {top = 5}")
    for name, value in values.items():
        if isinstance(value, (dict, list)):
            raise LibraryError(f"the parameter {name} is no single value", where=where)
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in values.items()
    }


def _options(table: dict[str, Any], where: str) -> dict[str, Any]:
    options = {name: table[name] for name in _OPTIONS if name in table}
    for name, value in options.items():
        if not isinstance(value, str) and not (name in _LISTED and isinstance(value, list)):
            raise LibraryError(f"{name} is no text", where=where, remedy=f'write {name} = "..."')
    return options


def _rows(text: str, where: str) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    columns, *rows = parse_csv(text.strip("\n") + "\n")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(columns):
            raise LibraryError(
                f"row {number} has {len(row)} cells for {len(columns)} columns",
                where=where,
                remedy="rows is CSV with a header line",
            )
    if not all(columns) or len(set(columns)) < len(columns):
        raise LibraryError("rows does not begin with the names of its columns", where=where)
    return columns, tuple(rows)


def parse_csv(text: str) -> list[tuple[str, ...]]:
    """The cells of each line; an empty line is one empty cell."""
    return [tuple(cells) or ("",) for cells in csv.reader(text.splitlines(keepends=True))]
