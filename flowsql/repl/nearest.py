"""Better guesses at mistyped names than the engine's, which also thinks of its own tables, or makes none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flowsql.errors import FlowsqlError, QueryError, did_you_mean
from flowsql.repl.inputs import tokens_of
from flowsql.repl.sql_relations import visible_relations
from flowsql.repl.vocabulary import read_relations

if TYPE_CHECKING:
    from flowsql.engines.duckdb_engine import Session

_RELATION = re.compile(r'Table with name "?(?P<name>[^\n]+?)"? does not exist!')
_COLUMN = re.compile(r'Values list "(?P<table>[^\n]+)" does not have a column named "(?P<name>[^\n]+)"')
_SYNTAX = re.compile(r'syntax error at or near "(?P<name>\w+)"')
_GUESS = re.compile(r"\nDid you mean [^\n]*")
_KEYWORDS = (
    *("select", "from", "where", "group", "having", "order", "limit", "offset", "with", "join", "union"),
    *("describe", "summarize", "explain", "show", "create", "drop", "insert", "update", "delete", "pivot"),
    *("and", "between", "like", "in", "not", "null", "distinct", "case", "when", "then", "else", "end"),
)


def with_nearest_name(error: QueryError, sql: str, session: Session) -> QueryError:
    """The error of that SQL with the nearest name as its remedy, where the engine's own is not the best."""
    if match := _SYNTAX.search(error.cause):
        word = match["name"].lower()
        return error if word in _KEYWORDS else _with_remedy(error, error.cause, did_you_mean(word, _KEYWORDS))
    relation, column = _RELATION.search(error.cause), _COLUMN.search(error.cause)
    if relation is None and column is None:
        return error
    try:
        relations = read_relations(session)
    except FlowsqlError:
        return error
    if relation:
        remedy = did_you_mean(relation["name"], relations) or ".tables lists what there is"
        return _with_remedy(error, _GUESS.sub("", error.cause, count=1), remedy)
    if column:
        known = {name: [one for one, _ in columns] for name, (_, columns) in relations.items()}
        visible, _ = visible_relations(tokens_of(sql), sql.find(f"{column['table']}.{column['name']}"), known)
        remedy = did_you_mean(column["name"], visible.get(column["table"].lower(), ()))
        return _with_remedy(error, error.cause, remedy)
    return error


def _with_remedy(error: QueryError, cause: str, remedy: str) -> QueryError:
    return QueryError(cause, where=error.where, remedy=remedy or error.remedy)
