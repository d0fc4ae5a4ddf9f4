"""Which columns, relations and values the place of the cursor in a statement can name.

A statement that is being typed is not whole, so no parser can tell. Its tokens are read by the few rules of
where names are introduced (FROM, WITH, AS); what these cannot tell is left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flowsql.repl.inputs import Token, tokens_of
from flowsql.repl.sql_relations import CLAUSES, Known, is_name, name_of, visible_relations

_BEFORE_RELATION = frozenset(["from", "join", "into", "update", "table", "describe", "summarize"])
_COMPARES = frozenset(["=", "==", "<>", "!=", "<", ">", "<=", ">=", "like", "ilike", "in", "between"])


@dataclass(frozen=True, slots=True)
class Context:
    """What can stand at the cursor.

    `word` is what is typed of it already. `relations` maps the visible relations (aliases, CTEs, tables of
    FROM) to their columns, `ctes` those that FROM could name. `qualifier` is the `x` of `x.`, `value_of` the
    column whose value is being typed; `wants_relation` says that a FROM item is. `is_literal` says that
    the cursor is inside a text in single quotes.
    """

    word: str
    relations: Mapping[str, Sequence[str]] = field(default_factory=dict)
    ctes: tuple[str, ...] = ()
    qualifier: str | None = None
    value_of: str | None = None
    wants_relation: bool = False
    is_literal: bool = False
    is_comment: bool = False


def context_at(text: str, position: int, known: Known) -> Context:
    """The context at that position (in characters) of SQL text that may hold several statements."""
    tokens = _statement_at(tokens_of(text), position)
    before = [token for token in tokens if token.start < position]
    if before and before[-1].kind == "comment" and position <= before[-1].end:
        return Context("", is_comment=True)
    written = [token for token in before if token.kind != "comment"]
    typed = _typed(written, position)
    word = text[typed.start : position] if typed else ""
    before = written[:-1] if typed else written
    is_literal = word.startswith("'")
    if is_literal:
        return Context(word, value_of=_value_of(before), is_literal=True)
    around = [token for token in tokens if token.kind != "comment" and token is not typed]
    relations, ctes = visible_relations(around, position, known)
    if before and before[-1].text == "." and (len(before) < 2 or before[-2].end == before[-1].start):
        qualifier = name_of(before[-2]) if len(before) > 1 else None
        return Context(word, relations, qualifier=qualifier or "")
    return Context(word, relations, tuple(ctes), None, _value_of(before), _wants_relation(before))


def _statement_at(tokens: Sequence[Token], position: int) -> list[Token]:
    statement: list[Token] = []
    for token in tokens:
        if token.kind == "operator" and token.text == ";":
            if token.start >= position:
                break
            statement = []
        else:
            statement.append(token)
    return statement


def _typed(before: Sequence[Token], position: int) -> Token | None:
    """The token that is being typed: the last one, if the cursor touches it and it is a word or a text."""
    if not before:
        return None
    last = before[-1]
    is_word = last.kind in ("identifier", "keyword", "string_const") or last.text[:1].isdigit()
    is_open = last.kind == "string_const" and (len(last.text) == 1 or not last.text.endswith("'"))
    return last if is_word and ((position <= last.end and last.text != "''") or is_open) else None


def _wants_relation(before: Sequence[Token]) -> bool:
    for index in range(len(before) - 1, -1, -1):
        word = before[index].text.lower()
        if word in _BEFORE_RELATION:
            return index == len(before) - 1 or before[-1].text == ","
        if word in CLAUSES or word in ("(", ")"):
            return False
    return False


def _value_of(before: Sequence[Token]) -> str | None:
    """The column that is compared with what comes next: `c =`, `c in (1,`, `x.c between 1 and`."""
    rest = list(before)
    # Back over the values before this one in a list.
    if rest and rest[-1].text in ("(", ","):
        while rest and rest[-1].text != "(":
            rest.pop()
        if len(rest) < 2 or rest[-2].text.lower() != "in":
            return None
        rest.pop()
    elif len(rest) >= 3 and rest[-1].text.lower() == "and" and rest[-3].text.lower() == "between":
        rest = rest[:-2]
    if not rest or rest[-1].text.lower() not in _COMPARES:
        return None
    rest.pop()
    if rest and rest[-1].text.lower() == "not":
        rest.pop()
    return name_of(rest[-1]) if rest and is_name(rest[-1]) else None
