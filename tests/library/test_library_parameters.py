from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsql.errors import LibraryError
from flowsql.library.header import parse_query
from flowsql.library.parameters import bind, columns_needed
from flowsql.library.saved_query import SavedQuery

UTC_ZONE = ZoneInfo("UTC")
NOW = 1_795_428_000


def query_with(*declarations: str, needs: str = "") -> SavedQuery:
    names = [declaration.split()[0] for declaration in declarations]
    header = "".join(f"-- param {declaration}\n" for declaration in declarations)
    return parse_query(
        f"-- Q?\n{header}{needs}select {'$' + ', $'.join(names)}", path=Path("q.sql"), topic=""
    )


def value_of(declaration: str, **texts: str) -> object:
    return bind(query_with(declaration), texts, now=NOW, tz=UTC_ZONE)["p"]


@pytest.mark.parametrize(
    ("declaration", "text", "value"),
    [
        ("integer", "-20", -20),
        ("integer [1..10]", "10", 10),
        ("integer [1..10]", " 1 ", 1),
        ("number", "0.5", 0.5),
        ("number", "1e6", 1e6),
        ("number", "3", 3.0),
        ("text", "it's -- $x", "it's -- $x"),
        ("ip", "2001:DB8:0::1", "2001:db8::1"),
        ("cidr", "10.1.2.3/8", "10.0.0.0/8"),
        ("port", "443", 443),
        ("time", "1h", NOW - 3600),
        ("time", "2026-11-23", 1_795_392_000),
        ("span", "1h30m", 5400),
        ("span [1m..1d]", "60s", 60),
        ("one of a|b", "b", "b"),
        ("integer = null", "null", None),
        ("integer = null", "", None),
        ("integer = null", "7", 7),
        ("ip = null", " ", None),
    ],
)
def test_typed_values(declaration: str, text: str, value: object) -> None:
    bound = value_of(f"p {declaration}", p=text)
    assert bound == value
    assert type(bound) is type(value)


@pytest.mark.parametrize("text", ["true", "YES", "on", "1"])
def test_true(text: str) -> None:
    assert value_of("p boolean", p=text) is True


@pytest.mark.parametrize("text", ["false", "No", "off", "0"])
def test_false(text: str) -> None:
    assert value_of("p boolean", p=text) is False


@pytest.mark.parametrize(
    ("declaration", "value"),
    [("integer = 5", 5), ("text = null", None), ("time = 1d", NOW - 86_400), ("boolean = no", False)],
)
def test_defaults(declaration: str, value: object) -> None:
    assert value_of(f"p {declaration}") == value


@pytest.mark.parametrize(
    ("declaration", "text", "cause", "remedy"),
    [
        ("integer", "1.5", "'1.5' is no integer", ""),
        ("integer", "1_000", "'1_000' is no integer", ""),
        ("integer", "9" * 19, "is no integer", "at most 18"),
        ("integer", "null", "'null' is no integer", ""),
        ("integer [1..10]", "0", "'0' is below 1", "p integer [1..10]"),
        ("integer [1..10]", "11", "'11' is above 10", "p integer [1..10]"),
        ("integer [..10]", "11", "'11' is above 10", ""),
        ("integer [1..] = null", "0", "'0' is below 1", ""),
        ("number", "nan", "'nan' is no number", ""),
        ("number", "1e999", "'1e999' is no number", ""),
        ("number [0..1]", "1.01", "'1.01' is above 1", ""),
        ("text", "", "p is empty", "p text"),
        ("ip", "10.0.0.0/8", "is no IP address", ""),
        ("cidr", "10.0.0.0/40", "is no CIDR block", ""),
        ("port", "70000", "is no port", ""),
        ("port [1..1023]", "8080", "'8080' is above 1023", ""),
        ("time", "noon", "is no time", "yesterday"),
        ("span", "forever", "is no span", "1h30m"),
        ("span [1m..1d]", "2d", "'2d' is above 1d", ""),
        ("boolean", "maybe", "neither yes nor no", "true"),
        ("one of source|destination", "sorce", "p cannot be 'sorce'", "'source'"),
        ("one of a|b", "zzz", "p cannot be 'zzz'", "one of a, b"),
    ],
)
def test_refused_values(declaration: str, text: str, cause: str, remedy: str) -> None:
    with pytest.raises(LibraryError) as caught:
        value_of(f"p {declaration}", p=text)
    assert caught.value.where == f"q p={text}"
    assert cause in caught.value.cause
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("declarations", "texts", "cause", "remedy"),
    [
        (
            ["top integer = 1", "by text = x"],
            {"tpo": "1"},
            "no parameter 'tpo'",
            "did you mean 'top'? it takes top, by",
        ),
        (["top integer = 1"], {"zzz": "1"}, "no parameter 'zzz'", "it takes top"),
        (
            ["ip ip", "top integer = 1", "port port"],
            {},
            "needs a value for ip, port",
            "flowsql run q ip=IP port=PORT",
        ),
        (["by one of a|b"], {}, "needs a value for by", "flowsql run q by=a|b"),
    ],
    ids=["near name", "other name", "missing", "missing choice"],
)
def test_names_of_parameters(declarations: list[str], texts: dict[str, str], cause: str, remedy: str) -> None:
    with pytest.raises(LibraryError) as caught:
        bind(query_with(*declarations), texts, now=NOW, tz=UTC_ZONE)
    assert cause in caught.value.cause
    assert caught.value.remedy == remedy


def test_a_query_without_parameters() -> None:
    query = parse_query("-- Q?\nselect 1", path=Path("q.sql"), topic="")
    assert bind(query, {}, now=NOW, tz=UTC_ZONE) == {}
    with pytest.raises(LibraryError) as caught:
        bind(query, {"top": "1"}, now=NOW, tz=UTC_ZONE)
    assert caught.value.remedy == "it takes none"


def test_a_file_must_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    query = parse_query("-- Q?\n-- param list file\nselect * from list", path=Path("q.sql"), topic="")
    (tmp_path / "ips.csv").touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert bind(query, {"list": "~/ips.csv"}, now=NOW, tz=UTC_ZONE) == {"list": str(tmp_path / "ips.csv")}
    with pytest.raises(LibraryError, match="there is no file"):
        bind(query, {"list": str(tmp_path)}, now=NOW, tz=UTC_ZONE)


@given(st.integers(-100, 100), st.integers(-100, 100), st.integers(0, 100))
def test_a_range_includes_both_ends(value: int, lowest: int, width: int) -> None:
    declaration = f"p integer [{lowest}..{lowest + width}]"
    if lowest <= value <= lowest + width:
        assert value_of(declaration, p=str(value)) == value
    else:
        with pytest.raises(LibraryError):
            value_of(declaration, p=str(value))


@pytest.mark.parametrize(
    ("texts", "columns"),
    [
        ({}, {"bytes"}),
        ({"by": "instance"}, {"bytes", "instance_id"}),
        ({"by": "instance", "inside": "on"}, {"bytes", "instance_id", "flow_direction"}),
        ({"inside": "1"}, {"bytes", "flow_direction"}),
        ({"inside": "off"}, {"bytes"}),
    ],
    ids=["defaults", "one", "both", "spelled otherwise", "off"],
)
def test_columns_needed(texts: dict[str, str], columns: set[str]) -> None:
    needs = "-- needs: bytes\n-- needs[by=instance]: instance-id\n-- needs[inside=yes]: flow-direction\n"
    query = query_with("by one of address|instance = address", "inside boolean = no", needs=needs)
    assert columns_needed(query, bind(query, texts, now=NOW, tz=UTC_ZONE)) == columns


def test_the_default_of_a_file_lies_beside_its_query(tmp_path: Path) -> None:
    query = parse_query(
        "-- Q?\n-- param f file = list.csv\nselect * from f", path=tmp_path / "q.sql", topic="t"
    )
    with pytest.raises(LibraryError, match="there is no file"):
        bind(query, {}, now=0, tz=ZoneInfo("UTC"))
    (tmp_path / "list.csv").write_text("a\n1\n")
    assert bind(query, {}, now=0, tz=ZoneInfo("UTC")) == {"f": str(tmp_path / "list.csv")}
