"""SQL for engines other than DuckDB: the only place that knows how their dialects differ.

sqlglot passes through in silence the functions and types that it does not know, and gets some that it
knows wrong. So only what is listed here is translated; anything else is refused, with its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from flowsql.errors import QueryError
from flowsql.views.views import macro_statements

if TYPE_CHECKING:
    from sqlglot import exp

    Node = exp.Expr

Dialect = Literal["spark", "trino", "athena"]

# DuckDB's functions (and the operators that sqlglot counts as such) that mean the same in the other
# dialects, as sqlglot writes them or after the rewrites below.
_FUNCTIONS = """
    and or case if cast try_cast coalesce nullif greatest least exists
    count sum min max avg any_value arg_max arg_min bool_and bool_or bit_or hash
    row_number rank lag lead first_value last_value
    abs round ceil floor power sqrt
    concat concat_ws contains left right length lower upper lpad rpad replace split_part starts_with
    substring strpos trim regexp_extract regexp_matches regexp_replace
    to_timestamp epoch date_trunc generate_series range unnest error
"""
_TYPES = "BOOLEAN INT BIGINT DOUBLE DECIMAL TEXT VARCHAR DATE TIMESTAMP TIMESTAMPNTZ TIMESTAMPTZ"
FUNCTIONS = frozenset(_FUNCTIONS.split())
TYPES = frozenset(_TYPES.split())
_NOT_PORTABLE = frozenset({"Pivot", "Glob", "Columns", "Lambda", "Bracket", "TableSample"})
_REMEDY = "run it on DuckDB, or write it without"


def translate(sql: str, dialect: Dialect = "spark") -> str:
    """The one statement `sql`, written for DuckDB, in another dialect, with flowsql's functions spelled out.

    Parameters `$name` become `:name`; comments are dropped. Raises QueryError, with line and column, for SQL
    that cannot be parsed and for functions, types and clauses that are not known to mean the same there.
    """
    from sqlglot.errors import ErrorLevel, UnsupportedError

    tree = _parse(sql)
    _refuse_unlisted(tree, sql)
    rewritten = _rewrite(_inline(tree), dialect)
    try:
        return rewritten.sql(dialect=dialect, pretty=True, comments=False, unsupported_level=ErrorLevel.RAISE)
    except UnsupportedError as error:
        raise QueryError(f"it has no translation for {dialect}: {error}", remedy=_REMEDY) from error


def _parse(sql: str) -> Node:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import ParseError, SqlglotError

    try:
        trees = sqlglot.parse(sql, read="duckdb")
    except ParseError as error:
        first = error.errors[0]
        where = f"line {first['line']}, column {first['col']}"
        raise QueryError("it cannot be parsed", where=where, remedy=_REMEDY) from error
    except SqlglotError as error:
        raise QueryError("it cannot be parsed", remedy=_REMEDY) from error
    tree, *others = trees
    if others or not isinstance(tree, exp.Query):
        raise QueryError("only a single SELECT can be translated", remedy="give one statement at a time")
    return tree


def _function_name(node: Any) -> str:
    """DuckDB's name of a function in a parsed tree, lower case; several of its spellings have one name."""
    if node.key == "anonymous":
        return str(node.name).lower()
    if node.key == "pad":
        return "lpad" if node.args.get("is_left") else "rpad"
    return _DUCKDB_NAMES.get(node.key) or str(node.sql_name()).lower()


# Where sqlglot's name is not DuckDB's.
_DUCKDB_NAMES = {
    "bitwiseoragg": "bit_or",
    "explode": "unnest",
    "generateseries": "generate_series",
    "logicaland": "bool_and",
    "logicalor": "bool_or",
    "regexplike": "regexp_matches",
    "strposition": "strpos",
    "timestamptrunc": "date_trunc",
    "timetounix": "epoch",
    "trycast": "try_cast",
    "unixtotime": "to_timestamp",
}


@dataclass(frozen=True, slots=True)
class _Macro:
    parameters: tuple[str, ...]
    body: Node


@cache
def _macros() -> dict[str, _Macro]:
    import sqlglot

    macros = {}
    for statement in macro_statements():
        created = sqlglot.parse_one(statement, read="duckdb")
        head = created.this
        macros[head.this.name.lower()] = _Macro(tuple(p.name for p in head.expressions), created.expression)
    return macros


def _inline(tree: Node) -> Node:
    """The tree with each call of a macro replaced by its text, macros in macros included."""
    from sqlglot import exp

    while call := next((n for n in tree.find_all(exp.Anonymous) if n.name.lower() in _macros()), None):
        macro = _macros()[call.name.lower()]
        values = dict(zip(macro.parameters, call.expressions, strict=True))
        inlined = _with_values(macro.body, values)
        call.replace(inlined if isinstance(call.parent, exp.Paren) else exp.paren(inlined, copy=False))
    return tree


def _with_values(body: Node, values: dict[str, Node]) -> Node:
    from sqlglot import exp

    holder = exp.paren(body)  # a copy, in which even the whole body may be one parameter
    for column in list(holder.find_all(exp.Column)):
        if column.name in values:
            value = values[column.name]
            simple = isinstance(value, (exp.Column, exp.Literal, exp.Placeholder, exp.Null, exp.Paren))
            column.replace(value.copy() if simple else exp.paren(value))
    inlined: Node = holder.this
    return inlined


def _refuse_unlisted(tree: Node, sql: str) -> None:
    for node, what in _unlisted(tree, sql):
        raise QueryError(
            f"{what} has no translation for other engines", where=_place(node, sql), remedy=_REMEDY
        )


def _unlisted(tree: Node, sql: str) -> Iterator[tuple[Node, str]]:
    from sqlglot import exp

    for node in tree.walk():
        if isinstance(node, exp.Func):
            name = _function_name(node)
            macro = _macros().get(name)
            if macro and len(node.expressions) != len(macro.parameters):
                yield node, f"{name} with other arguments than {', '.join(macro.parameters)}"
            elif not macro and name not in FUNCTIONS:
                yield node, f"the function {_as_written(node, sql) or name}"
            elif node.key == "regexpreplace" and not _replaces_all(node):
                yield node, "regexp_replace without the literal option 'g'"
        elif isinstance(node, exp.DataType) and node.this.name not in TYPES:
            yield node, f"the type {node.sql(dialect='duckdb')}"
        elif type(node).__name__ in _NOT_PORTABLE:
            yield node, type(node).__name__.upper()
        elif isinstance(node, exp.Star) and any(node.args.values()):
            yield node, "* with EXCLUDE, REPLACE or RENAME"
        elif isinstance(node, exp.Join) and node.method:
            yield node, f"{node.method} JOIN"


def _replaces_all(node: Node) -> bool:
    """Whether a regexp_replace replaces every match, which the others always do, by a literal."""
    modifiers = node.args.get("modifiers")
    return modifiers is not None and modifiers.name == "g" and node.args["replacement"].key == "literal"


def _as_written(node: Node, sql: str) -> str:
    return sql[node.meta["start"] : node.meta["end"] + 1] if "start" in node.meta else ""


def _place(node: Node, sql: str) -> str:
    """'line 2, column 5' of the leftmost part of `node`, or of what it stands in, that knows its place."""
    starts = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    if not starts:
        return _place(node.parent, sql) if node.parent else ""
    start = min(starts)
    return f"line {sql.count(chr(10), 0, start) + 1}, column {start - sql.rfind(chr(10), 0, start)}"


def _rewrite(tree: Node, dialect: Dialect) -> Node:
    """The tree as sqlglot must have it to write what DuckDB means."""
    for node in list(tree.walk()):
        rewritten = _rewritten(node, dialect)
        if rewritten is not node:
            node.replace(rewritten)
    return tree


def _rewritten(node: Node, dialect: Dialect) -> Node:
    from sqlglot import exp

    if isinstance(node, (exp.Div, exp.IntDiv, exp.Mod)):
        return _division(node, dialect)
    if isinstance(node, exp.RegexpReplace):
        node.set("modifiers", None)
        node.set("replacement", exp.Literal.string(_java_replacement(node.args["replacement"].name)))
    if isinstance(node, exp.Anonymous) and node.name.lower() == "error":
        return exp.Anonymous(
            this="raise_error" if dialect == "spark" else "fail", expressions=node.expressions
        )
    if isinstance(node, exp.Anonymous) and node.name.lower() == "hash":
        return _hash(node, dialect)
    if isinstance(node, exp.Contains) and dialect != "spark":
        # Their `contains` is about arrays.
        return exp.paren(exp.StrPosition(this=node.this, substr=node.expression) > 0)
    return node


def _hash(node: Node, dialect: Dialect) -> Node:
    """A 64-bit number of several values; not DuckDB's, but such numbers are only compared with each other."""
    from sqlglot import exp

    if dialect == "spark":
        return exp.Anonymous(this="xxhash64", expressions=node.expressions)
    # The nodes themselves, not copies: a hash of hashes is rewritten from outside in.
    texts = [
        exp.Coalesce(
            this=exp.Cast(this=value, to=exp.DataType.build("varchar")), expressions=[exp.Literal.string("")]
        )
        for value in node.expressions
    ]
    text = exp.Anonymous(this="concat_ws", expressions=[exp.Literal.string("|"), *texts])
    for function in ("to_utf8", "xxhash64", "from_big_endian_64"):
        text = exp.Anonymous(this=function, expressions=[text])
    return text


def _division(node: Node, dialect: Dialect) -> Node:
    """Division that gives null for a zero divisor, as DuckDB's does; the others raise."""
    from sqlglot import exp

    divisor = node.expression
    is_other_than_zero = isinstance(divisor, exp.Literal) and divisor.name.strip("0.")
    if not is_other_than_zero and not isinstance(divisor, exp.Nullif):
        divisor = exp.Nullif(this=divisor.unnest(), expression=exp.Literal.number(0))
    if isinstance(node, exp.IntDiv) and dialect != "spark":
        # sqlglot would go through double, which is not exact; whole numbers divide to whole numbers there.
        return exp.Div(this=node.this, expression=divisor, typed=True)
    node.set("expression", divisor)
    return node


def _java_replacement(text: str) -> str:
    r"""A replacement text with `$1` for `\1`, and its own dollar signs escaped."""
    return re.sub(r"\\(\d)", r"$\1", text.replace("$", r"\$"))
