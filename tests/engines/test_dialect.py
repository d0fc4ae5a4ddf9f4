from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
import sqlglot
from sqlglot import exp

from flowsql.engines.dialect import Dialect, translate
from flowsql.errors import QueryError
from flowsql.library.header import read_query
from flowsql.views.views import VIEWS, macro_statements

QUERIES = Path(__file__).resolve().parents[2] / "queries"
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)
MACROS = {
    match[1]: len(match[2].split(","))
    for statement in macro_statements()
    if (match := re.match(r"create or replace macro (\w+)\(([^)]*)\)", statement))
}
SHIPPED = (
    {view.name: view.sql for view in VIEWS}
    | {path.stem: read_query(path, topic="").sql for path in QUERIES.glob("*/*.sql")}
    | {
        name: f"select {name}({', '.join(f'column_{n}' for n in range(arguments))}) from flows"
        for name, arguments in MACROS.items()
    }
)
# Functions of the others that sqlglot does not know by these names.
_OF_TRINO = {"fail", "bitwise_right_shift", "from_big_endian_64", "xxhash64"}
UNTYPED = {"spark": {"raise_error", "xxhash64"}, "trino": _OF_TRINO, "athena": _OF_TRINO}


def written(sql: str, dialect: Dialect = "spark") -> str:
    return " ".join(translate(sql, dialect).split())


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_everything_shipped_translates(name: str, dialect: Dialect) -> None:
    sql = translate(SHIPPED[name], dialect)
    tree = sqlglot.parse_one(sql, read=dialect)
    unknown = {call.name.lower() for call in tree.find_all(exp.Anonymous)} - UNTYPED[dialect]
    assert unknown == set()
    assert [macro for macro in MACROS if re.search(rf"\b{macro}\s*\(", sql, re.IGNORECASE)] == []
    assert not re.search(r"\$[a-z]", sql)
    if dialect == "spark":
        assert '"' not in sql  # there it would be a text


def test_every_macro_is_found() -> None:
    assert len(MACROS) == len(macro_statements())


@pytest.mark.parametrize(
    ("sql", "spark", "trino"),
    [
        ('select "end" from flows', "SELECT `end` FROM flows", 'SELECT "end" FROM flows'),
        ("select a limit $top", "SELECT a LIMIT :top", "SELECT a LIMIT :top"),
        ("select a // 60", "SELECT a DIV 60", "SELECT a / 60"),
        (
            "select a // b % c",
            "SELECT a DIV NULLIF(b, 0) % NULLIF(c, 0)",
            "SELECT a / NULLIF(b, 0) % NULLIF(c, 0)",
        ),
        ("select a / (b - c)", "SELECT a / NULLIF(b - c, 0)", "SELECT CAST(a AS DOUBLE) / NULLIF(b - c, 0)"),
        ("select 1 / nullif(b, 0)", "SELECT 1 / NULLIF(b, 0)", "SELECT CAST(1 AS DOUBLE) / NULLIF(b, 0)"),
        ("select contains(a, ':')", "SELECT CONTAINS(a, ':')", "SELECT ( STRPOS(a, ':') > 0 )"),
        (
            r"select regexp_replace(a, 'x(.)', '\1$', 'g')",
            r"SELECT REGEXP_REPLACE(a, 'x(.)', '$1\\$')",
            r"SELECT REGEXP_REPLACE(a, 'x(.)', '$1\$')",
        ),
        (
            "select regexp_extract(a, 'x')",
            "SELECT REGEXP_EXTRACT(a, 'x', 0)",
            "SELECT REGEXP_EXTRACT(a, 'x')",
        ),
        ("select hash(hash(a), 'x')", "SELECT XXHASH64(XXHASH64(a), 'x')", None),
        ("select bit_or(a) from t", "SELECT BIT_OR(a) FROM t", "SELECT BITWISE_OR_AGG(a) FROM t"),
        ("select error('no')", "SELECT RAISE_ERROR('no')", "SELECT FAIL('no')"),
        (
            "select a from t order by a desc nulls last",
            "SELECT a FROM t ORDER BY a DESC",
            "SELECT a FROM t ORDER BY a DESC",
        ),
        (
            "select unnest(generate_series(a, b)) as n from t",
            "SELECT EXPLODE(SEQUENCE(a, b)) AS n FROM t",
            None,
        ),
        (
            "select to_timestamp(a)",
            "SELECT CAST(FROM_UNIXTIME(a) AS TIMESTAMP)",
            "SELECT FROM_UNIXTIME(a)",
        ),
        ("select a -- why", "SELECT a", "SELECT a"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("select") else "",
)
def test_translation(sql: str, spark: str, trino: str | None) -> None:
    assert written(sql) == spark
    if trino:
        assert written(sql, "trino") == written(sql, "athena") == trino


def test_a_hash_of_hashes_where_only_bytes_can_be_hashed() -> None:
    inner = "FROM_BIG_ENDIAN_64(XXHASH64(TO_UTF8(CONCAT_WS('|',COALESCE(CAST(aASVARCHAR),'')))))"
    whole = f"CONCAT_WS('|',COALESCE(CAST({inner}ASVARCHAR),''),COALESCE(CAST('x'ASVARCHAR),''))"
    for dialect in ("trino", "athena"):
        sql = written("select hash(hash(a), 'x')", dialect).replace(" ", "")
        assert sql == f"SELECTFROM_BIG_ENDIAN_64(XXHASH64(TO_UTF8({whole})))"


@pytest.mark.parametrize(
    ("sql", "inlined"),
    [
        (
            "select is_tgw(a, b, c) from t",
            "SELECT ( NOT COALESCE(a, b, c) IS NULL ) FROM t",
        ),
        (
            "select amount_until(x + 1, 2, y) from t",
            "SELECT ( ( x + 1 ) DIV NULLIF(y, 0) * 2 + ( x + 1 ) % NULLIF(y, 0) * 2 DIV NULLIF(y, 0) ) FROM t",
        ),
        (
            # The macro's own parameter is called protocol, and so is the column it is given.
            "select flag_role(tcp_flags, protocol, false) from t",
            "SELECT ( CASE WHEN tcp_flags = 6 AND protocol & 18 = 2 THEN 'client'"
            " WHEN tcp_flags = 6 AND protocol & 18 = 18 AND NOT ( FALSE ) THEN 'server' END ) FROM t",
        ),
        (
            "select IS_TGW(is_tgw(a, b, c), b, c) from t",
            "SELECT ( NOT COALESCE(( NOT COALESCE(a, b, c) IS NULL ), b, c) IS NULL ) FROM t",
        ),
    ],
    ids=["columns", "expressions keep their brackets", "names that cross", "a macro in a macro"],
)
def test_macros_are_spelled_out(sql: str, inlined: str) -> None:
    assert written(sql) == inlined


@pytest.mark.parametrize(
    ("sql", "where", "cause"),
    [
        ("select a,\n  time_bucket(interval '1h', b) from t", "line 2, column 3", "the function time_bucket"),
        ("select quantile_cont(a, 0.5) from t", "line 1, column 22", "the function percentile_cont"),
        ("select median(a) from t", "line 1, column 8", "the function median"),
        ("select made_up(a) from t", "line 1, column 8", "the function made_up"),
        ("select columns('a.*') from t", "line 1, column 8", "the function columns"),
        ("select * exclude (a) from t", "line 1, column 8", "* with EXCLUDE"),
        ("select cast(a as hugeint) from t", "line 1, column 13", "the type INT128"),
        ("select a from t where a glob 'x*'", "line 1, column 23", "GLOB"),
        ("from t pivot (sum(b) for a in (1))", "line 1, column 15", "PIVOT"),
        ("pivot t on a using sum(b)", "", "only a single SELECT"),
        ("select a from t asof join u on t.a >= u.a", "line 1, column 27", "ASOF JOIN"),
        ("select regexp_replace(a, 'x', 'y') from t", "line 1, column 8", "regexp_replace without"),
        ("select in_cidr(a) from t", "line 1, column 8", "in_cidr with other arguments than address, cidr"),
        ("select a from\n from", "line 2, column 5", "it cannot be parsed"),
        ("select 'a", "", "it cannot be parsed"),
        ("select 1; select 2", "", "only a single SELECT"),
        ("drop table t", "", "only a single SELECT"),
        ("", "", "only a single SELECT"),
    ],
)
def test_what_may_mean_something_else_is_refused(sql: str, where: str, cause: str) -> None:
    for dialect in DIALECTS:
        with pytest.raises(QueryError) as refused:
            translate(sql, dialect)
        assert refused.value.cause.startswith(cause)
        assert refused.value.remedy
        assert refused.value.where == where
