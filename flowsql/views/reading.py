"""What SQL reads, relations and columns of them, told from the syntax tree that DuckDB's own parser makes.

Of a statement that is no SELECT, and of what a SELECT may do that is not known here, all is assumed: a
relation or a column too many costs time, one too few is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import duckdb

_WORD = re.compile(r"[a-z_][a-z0-9_]*")
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_EXPLAIN = re.compile(r"\s*explain(?:\s+analyze|\s*\([^)]*\))?\s+", re.IGNORECASE)
_QUERY_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_TABLE_REFS = frozenset(
    {"BASE_TABLE", "JOIN", "SUBQUERY", "TABLE_FUNCTION", "EXPRESSION_LIST", "COLUMN_DATA", "EMPTY"}
)
# Relations and functions that list relations, and those that read one whose name they are given as text.
_LISTING_SCHEMAS = frozenset({"information_schema", "pg_catalog"})
_LISTINGS = frozenset(
    {
        *("duckdb_views", "duckdb_columns", "duckdb_tables", "duckdb_dependencies", "pragma_show"),
        *("sqlite_master", "sqlite_schema", "pragma_table_info", "show_tables"),
        *("pg_views", "pg_tables", "pg_class", "pg_attribute"),
    }
)
_BY_TEXT = frozenset({"query", "query_table", "pragma_storage_info"})
_MAKES_READERS = frozenset({"view", "macro", "function", "prepare"})
_LISTING_WORDS = _LISTING_SCHEMAS | _LISTINGS | {"show", "pragma"}


class Reading(NamedTuple):
    """Names in lower case, among them some that are not of relations or columns; None: any there may be.

    `lists` says that all relations are to be seen, with all their columns, but not what is in them.
    """

    relations: frozenset[str] | None = frozenset()
    columns: frozenset[str] | None = frozenset()
    lists: bool = False

    def __or__(self, other: Reading) -> Reading:
        return Reading(
            _both(self.relations, other.relations),
            _both(self.columns, other.columns),
            self.lists or other.lists,
        )

    def reads(self, relation: str) -> bool:
        """Whether the relation of that name may be read."""
        return self.relations is None or relation in self.relations

    def shown(self, columns: Iterable[str]) -> frozenset[str]:
        """Those of the columns that may be read."""
        return frozenset(columns) if self.columns is None else self.columns & frozenset(columns)


NOTHING = Reading()
ANYTHING = Reading(None, None)


def reading_of(con: duckdb.DuckDBPyConnection, sql: str, relations: frozenset[str]) -> Reading:
    """What one statement reads. `relations` are those of interest, in lower case; columns of others are not.

    `con` only parses the text. A text that is no SELECT reads all columns of what it may name.
    """
    tree = _tree(con, _EXPLAIN.sub("", _COMMENTS.sub(" ", sql), count=1) if _EXPLAIN.match(sql) else sql)
    return _text_reading(sql, relations) if tree is None else _Walk(relations).read(tree)


def lasts(sql: str) -> bool:
    """Whether later statements may read what this one reads, by the name of a view or macro it makes."""
    return not _MAKES_READERS.isdisjoint(words_of(sql))


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    return None if one is None or other is None else one | other


def _tree(con: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """The syntax tree, None for what is no SELECT."""
    ((text,),) = con.execute(
        "select json_serialize_sql($sql, skip_null := true, skip_empty := true, skip_default := true)",
        {"sql": sql},
    ).fetchall()
    tree = json.loads(text)
    return None if tree["error"] else tree["statements"]


def _text_reading(sql: str, relations: frozenset[str]) -> Reading:
    words = words_of(sql)
    return ANYTHING if words & _BY_TEXT else Reading(relations & words, None, bool(words & _LISTING_WORDS))


def words_of(sql: str) -> frozenset[str]:
    """The words of the text, in lower case, but for those of comments."""
    return frozenset(_WORD.findall(_COMMENTS.sub(" ", sql.lower())))


@dataclass(slots=True)
class _Walk:
    """One walk over a tree, and what it has met."""

    relations: frozenset[str]
    named: set[str] = field(default_factory=set)
    columns: set[str] = field(default_factory=set)
    # Last parts of column names: those of a relation stand for its row.
    last_parts: set[str] = field(default_factory=set)
    row_names: set[str] = field(default_factory=set)
    all_columns: bool = False
    lists_relations: bool = False
    names_by_text: bool = False

    def read(self, tree: Any) -> Reading:
        self._visit(tree, False)
        if self.names_by_text:
            return ANYTHING
        if self.last_parts & self.row_names:
            self.all_columns = True
        return Reading(
            frozenset(self.named & self.relations),
            None if self.all_columns else frozenset(self.columns),
            self.lists_relations,
        )

    def _visit(self, node: Any, has_rows: bool) -> None:
        """`has_rows`: a star here shows the columns of a relation of interest."""
        if isinstance(node, list):
            for each in node:
                self._visit(each, has_rows)
        elif isinstance(node, dict):
            if "from_table" in node:
                has_rows = any(self._is_of_interest(table) for table in _direct(node["from_table"]))
            self._meet(node, has_rows)
            for value in node.values():
                self._visit(value, has_rows)

    def _meet(self, node: dict[str, Any], has_rows: bool) -> None:
        match node.get("type"):
            case "COLUMN_REF":
                parts = [part.lower() for part in node["column_names"]]
                self.columns.update(parts)
                self.last_parts.add(parts[-1])
            case "STAR":
                self.all_columns |= has_rows and not _is_order_by_all(node)
                self.last_parts.add(node.get("relation_name", "").lower())
            case "FUNCTION":
                # Another database's macro may name columns.
                self.all_columns |= len(node["qualified_name"]["path"]) > 1
            case "POSITIONAL_REFERENCE":
                self.all_columns |= has_rows
            case "BASE_TABLE":
                self._meet_table(node)
            case "JOIN":
                self.columns.update(name.lower() for name in node.get("using_columns", ()))
                self.all_columns |= node.get("ref_type") == "NATURAL"
                self._meet_alias(node)
            case "TABLE_FUNCTION":
                name = node["function"].get("function_name", "").lower()
                self.lists_relations |= name in _LISTINGS
                self.names_by_text |= name in _BY_TEXT
            case "SHOW_REF":
                self.all_columns = True
                self.lists_relations |= "query" not in node
        for key, known in (("from_table", _TABLE_REFS), ("node", _QUERY_NODES)):
            inner = node.get(key)
            if isinstance(inner, dict) and inner.get("type") not in known:
                self.all_columns = True

    def _meet_table(self, node: dict[str, Any]) -> None:
        path = [part.lower() for part in node["qualified_name"]["path"]]
        self.lists_relations |= path[-1] in _LISTINGS or bool(_LISTING_SCHEMAS & set(path))
        if self._is_of_interest(node):
            self.named.add(path[-1])
            self.row_names.add(path[-1])
            self._meet_alias(node)

    def _meet_alias(self, node: dict[str, Any]) -> None:
        if "alias" in node:
            self.row_names.add(node["alias"].lower())
        # Columns named anew go by their places.
        self.all_columns |= "column_name_alias" in node

    def _is_of_interest(self, table: dict[str, Any]) -> bool:
        return table["qualified_name"]["path"][-1].lower() in self.relations


def _direct(table: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The tables that a FROM clause names itself, not in a subquery."""
    if table.get("type") == "BASE_TABLE":
        yield table
    for key in ("left", "right", "source"):
        if key in table:
            yield from _direct(table[key])


def _is_order_by_all(star: dict[str, Any]) -> bool:
    """Of the stars this one was not written as such, and means the columns of the result."""
    return star.get("columns") is True and "query_location" not in star
