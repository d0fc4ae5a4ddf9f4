from __future__ import annotations

from pathlib import Path

import pytest

from flowsql.errors import LibraryError
from flowsql.library.header import parse_query, read_query
from flowsql.library.saved_query import Alert, Parameter, SavedQuery

PATH = Path("queries/traffic/top-peers.sql")
FULL = """\
-- Which peers moved the most bytes,
--   and on which port?
-- counts: accepted records
--
-- needs: srcaddr, pkt-dstaddr, bytes
-- needs[by=instance]: instance_id
-- needs[by=subnet]: subnet-id,
--   vpc_id
-- uses: tcp_flags
-- param by one of address|instance|subnet = address : what a peer is
-- param top integer [1..10000] = 50 : rows to show
-- param cidr cidr = null
-- alert: rows > 0 => warning
-- alert: max(bytes) >= 1e9=>critical
-- tags: traffic, top
-- history: 14d
-- absence: yes
-- alias: top-instances by=instance
-- alias: five-subnets by=subnet top=5
-- read: a peer behind NAT is the gateway:
--   see the inside leg

-- this comment is no header
select $by, $cidr, '$nothing' from flows
where start >= $since and start < $until
limit $top;
"""


def parse(text: str) -> SavedQuery:
    return parse_query(text, path=PATH, topic="traffic")


def test_a_full_header() -> None:
    query = parse(FULL)
    assert (query.name, query.topic, query.path) == ("top-peers", "traffic", PATH)
    assert query.question == "Which peers moved the most bytes, and on which port?"
    assert query.counts == "accepted records"
    assert query.needs == {"srcaddr", "pkt_dstaddr", "bytes"}
    assert query.conditional_needs == {
        ("by", "instance"): {"instance_id"},
        ("by", "subnet"): {"subnet_id", "vpc_id"},
    }
    assert query.uses == {"tcp_flags"}
    assert query.parameters == (
        Parameter(
            "by", "one of", ("address", "instance", "subnet"), default="address", about="what a peer is"
        ),
        Parameter("top", "integer", lowest="1", highest="10000", default="50", about="rows to show"),
        Parameter("cidr", "cidr", default="null"),
    )
    assert query.alerts == (Alert("rows > 0", "warning"), Alert("max(bytes) >= 1e9", "critical"))
    assert query.tags == ("traffic", "top")
    assert query.history_s == 14 * 86_400
    assert query.absence
    assert query.aliases == {
        "top-instances": {"by": "instance"},
        "five-subnets": {"by": "subnet", "top": "5"},
    }
    assert query.read == "a peer behind NAT is the gateway: see the inside leg"
    assert query.sql.startswith("-- this comment is no header\nselect $by")
    assert query.sql.endswith("limit $top")


def test_a_question_is_enough() -> None:
    assert parse("-- How many?\nselect count(*) from records") == SavedQuery(
        name="top-peers", topic="traffic", path=PATH, question="How many?", sql="select count(*) from records"
    )


@pytest.mark.parametrize(
    ("line", "declared"),
    [
        ("a text", Parameter("a", "text")),
        ("a text : what it is", Parameter("a", "text", about="what it is")),
        ("a text = x y : z : t", Parameter("a", "text", default="x y", about="z : t")),
        ("a integer[..5]=3", Parameter("a", "integer", highest="5", default="3")),
        ("a number [0.5 .. ]", Parameter("a", "number", lowest="0.5")),
        ("a port [1..1023] = 22", Parameter("a", "port", lowest="1", highest="1023", default="22")),
        ("a span [1m..7d] = 1h30m", Parameter("a", "span", lowest="1m", highest="7d", default="1h30m")),
        ("a time = 24h", Parameter("a", "time", default="24h")),
        ("a ip = ::1 : the address", Parameter("a", "ip", default="::1", about="the address")),
        ("a cidr = ::/0", Parameter("a", "cidr", default="::/0")),
        ("a boolean = no", Parameter("a", "boolean", default="no")),
        ("a one of x | y-2", Parameter("a", "one of", ("x", "y-2"))),
        ("a one of x|y = null", Parameter("a", "one of", ("x", "y"), default="null")),
    ],
)
def test_declarations(line: str, declared: Parameter) -> None:
    assert parse(f"-- Q?\n-- param {line}\nselect $a").parameters == (declared,)


@pytest.mark.parametrize(
    "parameter",
    [
        Parameter("a", "one of", ("x", "y"), default="x"),
        Parameter("a", "integer", lowest="1", highest="5", default="3"),
        Parameter("a", "span", highest="1d"),
        Parameter("a", "ip"),
    ],
    ids=["one of", "range", "half a range", "bare"],
)
def test_a_declaration_is_read_back(parameter: Parameter) -> None:
    assert parse(f"-- Q?\n-- param {parameter.declaration()}\nselect $a").parameters == (parameter,)


def test_a_file_is_a_table_of_its_name() -> None:
    query = parse("-- Q?\n-- param watchlist file\nselect * from watchlist")
    assert query.parameters == (Parameter("watchlist", "file"),)


@pytest.mark.parametrize(
    ("text", "line", "cause", "remedy"),
    [
        ("select 1", 1, "does not begin with its question", "first line a comment"),
        ("", 1, "does not begin with its question", ""),
        ("\n-- Q?\nselect 1", 1, "does not begin with its question", ""),
        ("-- needs: srcaddr\nselect 1", 1, "does not begin with its question", ""),
        ("-- param a text\nselect $a", 1, "does not begin with its question", ""),
        ("-- Q?\n-- need: srcaddr\nselect 1", 2, "unknown header key 'need'", "'needs'"),
        ("-- Q?\n-- Needs: srcaddr\nselect 1", 2, "unknown header key 'Needs'", "'needs'"),
        ("-- Q?\n-- param: a text\nselect $a", 2, "unknown header key 'param'", "param NAME TYPE"),
        ("-- Q?\n-- some remark\nselect 1", 2, "'some remark' is no header line", "empty line"),
        ("-- Q?\n-- needs:\nselect 1", 2, "needs: has no value", ""),
        ("-- Q?\n-- uses[a=b]: bytes\nselect 1", 2, "uses takes no condition", ""),
        ("-- Q?\n-- tags: a\n--\n-- tags: b\nselect 1", 4, "tags: is there twice", "two blanks"),
        ("-- Q?\n-- needs: src-addr\nselect 1", 2, "unknown field 'src-addr'", "'srcaddr'"),
        ("-- Q?\n-- uses: bytes, colour\nselect 1", 2, "unknown field 'colour'", "flowsql fields"),
        ("-- Q?\n-- needs: bytes,\nselect 1", 2, "unknown field ''", ""),
        ("-- Q?\n-- needs[by]: bytes\nselect 1", 2, "'by' is not name=value", ""),
        ("-- Q?\n-- needs[by=x]: bytes\nselect 1", 2, "parameter 'by' is not declared", ""),
        ("-- Q?\n-- param by one of x|y\n-- needs[by=z]: bytes\nselect $by", 3, "cannot be 'z'", "x, y"),
        ("-- Q?\n-- param t time\n-- needs[t=1h]: bytes\nselect $t", 3, "t is a time", ""),
        (
            "-- Q?\n-- param b boolean\n-- needs[b=1]: bytes\n-- needs[b=yes]: packets\nselect $b",
            4,
            "needs[b=yes]: is there twice",
            "",
        ),
        ("-- Q?\n-- alert: rows > 0\nselect 1", 2, "'rows > 0' is no alert", "warning"),
        ("-- Q?\n-- alert: rows > 0 => info\nselect 1", 2, "is no alert", ""),
        ("-- Q?\n-- tags: a b\nselect 1", 2, "'a b' is no tag", "commas"),
        ("-- Q?\n-- history: long\nselect 1", 2, "'long' is no span", ""),
        ("-- Q?\n-- absence: true\nselect 1", 2, "absence cannot be 'true'", "yes or no"),
        ("-- Q?\n-- alias: top-peers\nselect 1", 2, "already taken", ""),
        ("-- Q?\n-- alias: a\n-- alias: a\nselect 1", 3, "already taken", ""),
        ("-- Q?\n-- alias: a by=x\nselect 1", 2, "parameter 'by' is not declared", ""),
        ("-- Q?\n-- alias: A/b\nselect 1", 2, "'A/b' is no query name", ""),
        ("-- Q?\n-- param n integer\n-- alias: a n=x\nselect $n", 3, "'x' is no integer", ""),
        ("-- Q?\n-- param n integer\n-- alias: a n=1 n=2\nselect $n", 3, "sets a parameter twice", ""),
        ("-- Q?\n-- param n\nselect $n", 2, "'n' declares no parameter", "-- param top integer"),
        ("-- Q?\n-- param n integer 5\nselect $n", 2, "declares no parameter", ""),
        ("-- Q?\n-- param n integer =\nselect $n", 2, "declares no parameter", ""),
        ("-- Q?\n-- param n one of\nselect $n", 2, "declares no parameter", ""),
        ("-- Q?\n-- param n int\nselect $n", 2, "unknown type 'int'", "integer"),
        ("-- Q?\n-- param N integer\nselect $N", 2, "'N' is no parameter name", ""),
        ("-- Q?\n-- param min-bytes integer\nselect 1", 2, "'min-bytes' is no parameter name", "underscores"),
        ("-- Q?\n-- param since time\nselect $since", 2, "$since is always bound", ""),
        ("-- Q?\n-- param n integer\n-- param n text\nselect $n", 3, "n is declared twice", ""),
        ("-- Q?\n-- param n one of x|x\nselect $n", 2, "a choice twice", ""),
        ("-- Q?\n-- param n text [a..b]\nselect $n", 2, "the type text has no range", "integer"),
        ("-- Q?\n-- param n integer [1..x]\nselect $n", 2, "'x' is no integer", ""),
        ("-- Q?\n-- param n integer [null..] = null\nselect $n", 2, "'null' is no integer", ""),
        ("-- Q?\n-- param n integer [9..1]\nselect $n", 2, "'9' is above 1", ""),
        ("-- Q?\n-- param n integer [1..9] = 10\nselect $n", 2, "'10' is above 9", "integer [1..9]"),
        ("-- Q?\n-- param n integer = ten\nselect $n", 2, "'ten' is no integer", ""),
        ("-- Q?\n-- param n one of x|y = z\nselect $n", 2, "cannot be 'z'", "x, y"),
        (
            "-- Q?\n-- param f file = b/a.csv\nselect * from f",
            2,
            "the name of one beside the query",
            "such as",
        ),
        ("-- Q?\n-- param f file\nselect $f", 2, "$f is a file", "without the dollar"),
        ("-- Q?\n\nselect 1,\n  $top", 4, "$top is not declared", "-- param top TYPE"),
        ("-- Q?\n-- param top integer\nselect $top, $tpo", 3, "$tpo is not declared", "'top'"),
        ("-- Q?\n-- param top integer\nselect '$top' -- $top", 2, "parameter top is not used", ""),
    ],
    ids=lambda value: value if isinstance(value, str) and "\n" not in value else "",
)
def test_what_a_header_must_not_say(text: str, line: int, cause: str, remedy: str) -> None:
    with pytest.raises(LibraryError) as caught:
        parse(text)
    assert caught.value.where == f"{PATH}:{line}"
    assert cause in caught.value.cause
    assert remedy in caught.value.remedy


@pytest.mark.parametrize("text", ["-- Q?", "-- Q?\n-- tags: a\n\n ;\n"], ids=["nothing", "a semicolon"])
def test_a_header_without_sql(text: str) -> None:
    with pytest.raises(LibraryError, match="no SQL after its header"):
        parse(text)


@pytest.mark.parametrize(
    "content",
    [b"\xef\xbb\xbf-- Q?\r\n-- tags: a\r\n\r\nselect 1\r\n", b"-- Q?\n-- tags: a\nselect 1"],
    ids=["Windows", "Unix"],
)
def test_files_of_every_editor(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.sql"
    path.write_bytes(content)
    query = read_query(path, topic="")
    assert (query.name, query.question, query.tags, query.sql) == ("a", "Q?", ("a",), "select 1")


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.sql"
    path.write_bytes(b"-- Q\xff")
    with pytest.raises(LibraryError, match="cannot be read"):
        read_query(path, topic="")
