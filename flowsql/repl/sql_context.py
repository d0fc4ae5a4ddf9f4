"""Which columns, relations and values the place of the cursor in a statement can name.

A statement that is being typed is not whole, so no parser can tell. Its tokens are read by the few rules of
where names are introduced (FROM, WITH, AS); what these cannot tell is left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from flowsql.repl.inputs import Token, tokens_of

# Name of a relation -> its columns, in order.
Known = Mapping[str, Sequence[str]]
# Words that end a FROM item or a select list, so that none of them is an alias.
_ENDS_FROM = frozenset(
    "where group having order limit offset qualify window union intersect except select".split()  # noqa: SIM905
)
_CLAUSES = _ENDS_FROM.union(
    "from join left right full inner outer cross natural asof positional semi anti on using".split(),  # noqa: SIM905
    ("with", "as", "and", "or", "by", "set", "values", "into"),
)
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
    relations, ctes = _visible(around, position, known)
    if before and before[-1].text == "." and (len(before) < 2 or before[-2].end == before[-1].start):
        qualifier = _name(before[-2]) if len(before) > 1 else None
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


def _name(token: Token) -> str:
    return token.text[1:-1].replace('""', '"') if token.text.startswith('"') else token.text.lower()


def _is_name(token: Token) -> bool:
    return token.kind in ("identifier", "keyword") and token.text.lower() not in _CLAUSES


def _wants_relation(before: Sequence[Token]) -> bool:
    for index in range(len(before) - 1, -1, -1):
        word = before[index].text.lower()
        if word in _BEFORE_RELATION:
            return index == len(before) - 1 or before[-1].text == ","
        if word in _CLAUSES or word in ("(", ")"):
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
    return _name(rest[-1]) if rest and _is_name(rest[-1]) else None


def _visible(tokens: Sequence[Token], position: int, known: Known) -> tuple[dict[str, list[str]], list[str]]:
    """The relations that an expression at the position can name, innermost query first, and the CTEs."""
    visible: dict[str, list[str]] = {}
    ctes: dict[str, list[str]] = {}
    scopes: list[dict[str, list[str]]] = []
    for level in _levels(tokens, position):
        ctes = ctes | _ctes(level, {**known, **ctes})
        scopes.append(_from_items(level, {**known, **ctes}))
    for scope in reversed(scopes):
        visible = {**visible, **{name: columns for name, columns in scope.items() if name not in visible}}
    return visible, list(ctes)


def _levels(tokens: Sequence[Token], position: int) -> Iterator[Sequence[Token]]:
    """The tokens of the queries around the position, outermost first, each with its nested parts."""
    yield tokens
    inside = tokens
    while True:
        group = next(
            (g for g in _groups(inside) if g and g[0].start <= position and position <= _end(g, tokens)), None
        )
        if group is None:
            return
        if group[0].text.lower() in ("select", "with", "from"):
            yield group
        inside = group


def _end(group: Sequence[Token], tokens: Sequence[Token]) -> int:
    """Where the parenthesis of this group closes, or the end of all when it is still open."""
    after = [token.start for token in tokens if token.start >= group[-1].end]
    return after[0] if after and tokens[-1] is not group[-1] else 1 << 62


def _groups(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """What stands between each outermost pair of parentheses; the last may be open."""
    depth, first = 0, 0
    for index, token in enumerate(tokens):
        if token.text == "(":
            depth += 1
            if depth == 1:
                first = index + 1
        elif token.text == ")" and depth:
            depth -= 1
            if depth == 0:
                yield tokens[first:index]
    if depth:
        yield tokens[first:]


def _flat(tokens: Sequence[Token]) -> Iterator[tuple[Token, Sequence[Token]]]:
    """Each token outside parentheses; an opening one with what is inside, its closing one left out."""
    depth, first = 0, 0
    for index, token in enumerate(tokens):
        if token.text == "(":
            depth += 1
            if depth == 1:
                first = index
        elif token.text == ")":
            depth -= 1
            if depth == 0:
                yield tokens[first], tokens[first + 1 : index]
            depth = max(depth, 0)
        elif depth == 0:
            yield token, ()
    if depth:
        yield tokens[first], tokens[first + 1 :]


def _ctes(level: Sequence[Token], known: Known) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    items = list(_flat(level))
    if not items or items[0][0].text.lower() != "with":
        return found
    for index, (token, inside) in enumerate(items):
        if (
            token.text != "("
            or not inside
            or inside[0].text.lower() not in ("select", "from", "with", "values")
        ):
            continue
        # name [(columns)] as [not] [materialized] (
        back = index - 1
        while back > 0 and items[back][0].text.lower() in ("as", "not", "materialized"):
            back -= 1
        named: list[str] | None = None
        if back > 0 and items[back][0].text == "(":
            named = [_name(t) for t in items[back][1] if _is_name(t)]
            back -= 1
        if (
            back > 0
            and _is_name(items[back][0])
            and items[index - 1][0].text.lower() in ("as", "materialized")
        ):
            found[_name(items[back][0])] = named or _output(inside, {**known, **found})
        else:
            break
    return found


def _from_items(level: Sequence[Token], known: Known) -> dict[str, list[str]]:
    """The relations of the level's FROM clauses, by alias or name."""
    found: dict[str, list[str]] = {}
    items = list(_flat(level))
    in_from = False
    index = 0
    while index < len(items):
        token = items[index][0]
        word = token.text.lower()
        if word in ("from", "join", "update", "into"):
            in_from = True
            index = _take_item(items, index + 1, known, found)
            continue
        if in_from and word == ",":
            index = _take_item(items, index + 1, known, found)
            continue
        if word in _ENDS_FROM or word in ("on", "using"):
            in_from = word in ("on", "using") and in_from
        index += 1
    return found


def _take_item(
    items: Sequence[tuple[Token, Sequence[Token]]], index: int, known: Known, found: dict[str, list[str]]
) -> int:
    """Reads one FROM item into `found`; the index behind it."""
    if index >= len(items):
        return index
    token, inside = items[index]
    name, columns = "", []
    if token.text == "(":
        columns = _output(inside, known)
    elif _is_name(token):
        name = _name(token)
        # catalog.schema.table
        while index + 2 < len(items) and items[index + 1][0].text == "." and _is_name(items[index + 2][0]):
            index += 2
            name = _name(items[index][0])
        columns = list(known.get(name, ()))
        if index + 1 < len(items) and items[index + 1][0].text == "(":
            index += 1  # a table function: its columns are not known
            columns = []
    elif token.kind != "string_const":
        return index
    index += 1
    if index < len(items) and items[index][0].text.lower() == "as":
        index += 1
    if index < len(items) and _is_name(items[index][0]):
        name = _name(items[index][0])
        index += 1
        if index < len(items) and items[index][0].text == "(":
            columns = [_name(t) for t in items[index][1] if _is_name(t)]
            index += 1
    if name or columns:
        found[name] = columns
    return index


def _output(query: Sequence[Token], known: Known) -> list[str]:
    """The columns of a query's result."""
    known = {**known, **_ctes(query, known)}
    relations = _from_items(query, known)
    items = list(_flat(query))
    start = next((i for i, (token, _) in enumerate(items) if token.text.lower() == "select"), None)
    if start is None:
        return [column for columns in relations.values() for column in columns]
    columns: list[str] = []
    expression: list[Token] = []
    for token, _ in [*items[start + 1 :], (Token("operator", 0, ";"), ())]:
        word = token.text.lower()
        if word in (",", ";") or (word in _ENDS_FROM or word == "from"):
            columns += _columns_of(expression, relations)
            expression = []
            if word != ",":
                break
        else:
            expression.append(token)
    return list(dict.fromkeys(columns))


def _columns_of(expression: Sequence[Token], relations: Known) -> list[str]:
    """What one item of a select list is called; several for a star."""
    if not expression:
        return []
    if any(token.text == "*" for token in expression[:3]) and expression[0].text in (
        "*",
        *_starred(expression),
    ):
        if expression[0].text == "*":
            return [column for columns in relations.values() for column in columns]
        return list(relations.get(_name(expression[0]), ()))
    if len(expression) > 2 and expression[1].text == ":" and _is_name(expression[0]):
        return [_name(expression[0])]  # name: expression
    last = expression[-1]
    if _is_name(last) or last.text.startswith('"'):
        return [_name(last)]
    return (
        [_name(expression[0])]
        if last.text == "(" and len(expression) == 2 and _is_name(expression[0])
        else []
    )


def _starred(expression: Sequence[Token]) -> tuple[str, ...]:
    is_qualified = len(expression) > 2 and expression[1].text == "." and expression[2].text == "*"
    return (expression[0].text,) if is_qualified else ()
