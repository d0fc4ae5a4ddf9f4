from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsql.errors import LogFormatError
from flowsql.logformat.fields import DEFAULT_FIELDS, DISTINCT_FIELDS, TGW_FIELDS, UNKNOWN, VPC_FIELDS, Field
from flowsql.logformat.format_string import (
    field_named,
    is_field_name,
    notice_of_unknown,
    parse_format_string,
    to_format_string,
)

PAIR = ["srcaddr", "log-status"]


@pytest.mark.parametrize(
    "text",
    [
        "${srcaddr} ${log-status}",
        "srcaddr log-status",
        "srcaddr log_status",
        "  srcaddr\t log-status \n",
        "${srcaddr}${log-status}",
        "${ srcaddr } ${log_status}",
        "$${srcaddr} $${log-status}",
        r"\${srcaddr} \${log-status}",
        "SRCADDR Log-Status",
        "${srcaddr} log-status",
    ],
)
def test_spellings_of_one_format(text: str) -> None:
    assert [f.name for f in parse_format_string(text)] == PAIR


@pytest.mark.parametrize(
    ("text", "fields"),
    [("default", DEFAULT_FIELDS), (" Default ", DEFAULT_FIELDS), ("tgw", TGW_FIELDS), ("all", VPC_FIELDS)],
)
def test_named_formats(text: str, fields: tuple[Field, ...]) -> None:
    assert parse_format_string(text) == list(fields)


@pytest.mark.parametrize(
    ("text", "cause", "remedy"),
    [
        ("", "it names no field", "at least one"),
        ("   ", "it names no field", "at least one"),
        ("srcaddr,dstaddr", "a log format has no commas", "separate the fields with blanks"),
        ("${srcaddr}, ${dstaddr}", "a log format has no commas", "separate the fields with blanks"),
        ("srcaddr srcaddr", "the field srcaddr occurs twice", "remove one"),
        ("pkt-srcaddr pkt_srcaddr", "the field pkt-srcaddr occurs twice", "remove one"),
        ("new-field new_field", "the field new-field occurs twice", "remove one"),
        ("${}", "'' is no field name", "look like srcaddr"),
        ("src.addr", "'src.addr' is no field name", "look like srcaddr"),
        ("${src addr}", "'src addr' is no field name", "look like srcaddr"),
        ("${srcaddr", "'${srcaddr' is no field name", "look like srcaddr"),
        ("-", "'-' is no field name", "look like srcaddr"),
        ("srcaddr 10.0.0.1", "'10.0.0.1' is no field name", "look like srcaddr"),
    ],
)
def test_no_log_format(text: str, cause: str, remedy: str) -> None:
    with pytest.raises(LogFormatError) as caught:
        parse_format_string(text)
    assert caught.value.cause == cause
    assert caught.value.where == f"log format {text!r}"
    assert remedy in caught.value.remedy


@given(st.permutations(DISTINCT_FIELDS).flatmap(lambda fields: st.integers(1, 72).map(lambda n: fields[:n])))
def test_a_format_string_is_read_as_it_was_written(fields: list[Field]) -> None:
    assert parse_format_string(to_format_string(fields)) == fields


def test_fields_of_the_future_are_kept_and_named() -> None:
    fields = parse_format_string("srcaddr src-adr zz9")
    assert [f.family == UNKNOWN for f in fields] == [False, True, True]
    notice = notice_of_unknown(fields)
    assert "src-adr (did you mean 'srcaddr'?), zz9" in notice
    assert notice_of_unknown(DEFAULT_FIELDS) == ""


@pytest.mark.parametrize(
    ("token", "is_name"),
    [
        ("srcaddr", True),
        ("instance-tag-2", True),
        ("log_status", True),
        ("us-east-1", True),
        ("", False),
        ("-", False),
        ("2", False),
        ("2x", False),
        ("IPv4", False),
        ("a--b", False),
        ("a-", False),
        ("srcaddr\n", False),
        ("10.0.0.1", False),
    ],
)
def test_is_field_name(token: str, is_name: bool) -> None:
    assert is_field_name(token) is is_name


def test_field_named() -> None:
    assert field_named("log_status") is field_named("log-status")
    assert field_named("zz_9").name == "zz-9"
