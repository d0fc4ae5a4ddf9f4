"""The relations that a query names, and their columns, from its tokens alone.

Only what FROM, WITH and AS say is read; the columns of a table function, say, are not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from flowsql.repl.inputs import Token

# Name of a relation -> its columns, in order.
Known = Mapping[str, Sequence[str]]
# Words that end a FROM item or a select list, so that none of them is an alias.
_ENDS_FROM = frozenset(
    "where group having order limit offset qualify window union intersect except select".split()  # noqa: SIM905
)
CLAUSES = _ENDS_FROM.union(
    "from join left right full inner outer cross natural asof positional semi anti on using".split(),  # noqa: SIM905
    ("with", "as", "and", "or", "by", "set", "values", "into"),
)


def name_of(token: Token) -> str:
    """The name that a token stands for: without its quotes, else in lower case."""
    return token.text[1:-1].replace('""', '"') if token.text.startswith('"') else token.text.lower()


def is_name(token: Token) -> bool:
    """Whether the token can be the name of something."""
    return token.kind in ("identifier", "keyword") and token.text.lower() not in CLAUSES


def visible_relations(
    tokens: Sequence[Token], position: int, known: Known
) -> tuple[dict[str, list[str]], list[str]]:
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
            named = [name_of(t) for t in items[back][1] if is_name(t)]
            back -= 1
        if (
            back > 0
            and is_name(items[back][0])
            and items[index - 1][0].text.lower() in ("as", "materialized")
        ):
            found[name_of(items[back][0])] = named or _output(inside, {**known, **found})
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
    elif is_name(token):
        name = name_of(token)
        # catalog.schema.table
        while index + 2 < len(items) and items[index + 1][0].text == "." and is_name(items[index + 2][0]):
            index += 2
            name = name_of(items[index][0])
        columns = list(known.get(name, ()))
        if index + 1 < len(items) and items[index + 1][0].text == "(":
            index += 1  # a table function: its columns are not known
            columns = []
    elif token.kind != "string_const":
        return index
    index += 1
    if index < len(items) and items[index][0].text.lower() == "as":
        index += 1
    if index < len(items) and is_name(items[index][0]):
        name = name_of(items[index][0])
        index += 1
        if index < len(items) and items[index][0].text == "(":
            columns = [name_of(t) for t in items[index][1] if is_name(t)]
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
        return list(relations.get(name_of(expression[0]), ()))
    if len(expression) > 2 and expression[1].text == ":" and is_name(expression[0]):
        return [name_of(expression[0])]  # name: expression
    last = expression[-1]
    if is_name(last) or last.text.startswith('"'):
        return [name_of(last)]
    return (
        [name_of(expression[0])]
        if last.text == "(" and len(expression) == 2 and is_name(expression[0])
        else []
    )


def _starred(expression: Sequence[Token]) -> tuple[str, ...]:
    is_qualified = len(expression) > 2 and expression[1].text == "." and expression[2].text == "*"
    return (expression[0].text,) if is_qualified else ()
