"""A better guess at a mistyped relation than the engine's, which also thinks of its own tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flowsql.errors import FlowsqlError, QueryError, did_you_mean
from flowsql.repl.vocabulary import read_relations

if TYPE_CHECKING:
    from flowsql.engines.duckdb_engine import Session

_UNKNOWN = re.compile(r'Table with name "?(?P<name>[^\n]+?)"? does not exist!')
_GUESS = re.compile(r"\nDid you mean [^\n]*")


def with_nearest_relation(error: QueryError, session: Session) -> QueryError:
    """The error with the nearest table or view of the session as its remedy, if it is about none."""
    match = _UNKNOWN.search(error.cause)
    if match is None:
        return error
    try:
        relations = read_relations(session)
    except FlowsqlError:
        return error
    cause = _GUESS.sub("", error.cause, count=1)
    remedy = did_you_mean(match["name"], relations) or ".tables lists what there is"
    return QueryError(cause, where=error.where, remedy=remedy)
