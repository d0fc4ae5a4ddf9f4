from __future__ import annotations

import ipaddress
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsql.views.views import macro_statements

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for statement in macro_statements():
            connection.execute(statement)
        yield connection


def value(con: duckdb.DuckDBPyConnection, expression: str, *parameters: object) -> object:
    row = con.execute(f"select {expression}", list(parameters)).fetchone()
    assert row
    return row[0]


def spellings(address: Address) -> list[str]:
    """Ways to write one address: the shortest, capitals, no abbreviation, zeros dropped but no `::`."""
    groups = address.exploded.split(":")
    zeros_shown = ":".join(group.lstrip("0") or "0" for group in groups)
    if len(groups) == 1:
        return [str(address)]
    return [str(address), str(address).upper(), address.exploded, zeros_shown]


@st.composite
def addresses_and_networks(draw: st.DrawFn) -> tuple[list[str], list[str], bool]:
    """Spellings of an address, of a network near it, and whether the one is in the other."""
    kind, width = draw(st.sampled_from([(ipaddress.IPv4Address, 32), (ipaddress.IPv6Address, 128)]))
    number = draw(st.integers(0, 2**width - 1))
    if draw(st.booleans()):  # runs of zeros, which `::` abbreviates
        number &= ~((2 ** draw(st.integers(0, width)) - 1) << draw(st.integers(0, width // 2)))
    near = number ^ (draw(st.integers(0, 2**width - 1)) >> draw(st.integers(0, width)))
    bits = draw(st.integers(0, width))
    network = ipaddress.ip_network(f"{kind(number)}/{bits}", strict=False)
    blocks = [f"{text}/{bits}" for text in spellings(kind(number))]
    return spellings(kind(near)), blocks, kind(near) in network


@settings(max_examples=60, deadline=None)
@given(case=addresses_and_networks())
def test_in_cidr_agrees_with_python(
    con: duckdb.DuckDBPyConnection, case: tuple[list[str], list[str], bool]
) -> None:
    addresses, blocks, inside = case
    for block in blocks:  # bound, as a constant, which narrows
        assert con.execute(
            "select distinct in_cidr(address, $block) from (select unnest($addresses) as address)",
            {"addresses": addresses, "block": block},
        ).fetchall() == [(inside,)]
    assert con.execute(  # and as a column
        "select distinct in_cidr(a, b) from (select unnest($a) as a), (select unnest($b) as b)",
        {"a": addresses, "b": blocks},
    ).fetchall() == [(inside,)]


@pytest.mark.parametrize(
    ("address", "cidr", "inside"),
    [
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.30", "10.1.2.3", False),
        ("100.1.2.3", "10.0.0.0/8", False),
        ("10.1.2.3", "0.0.0.0/0", True),
        ("2001:db8::1", "0.0.0.0/0", False),
        ("10.1.2.3", "::/0", False),
        ("2001:db8::1", "::/0", True),
        ("1::", "16.0.0.0/4", False),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1", True),
        ("2001:db80::1", "2001:db8::/32", False),
        ("2001:0db8::1", "2001:db8::/32", True),
        ("2001:DB8:1::1", "2001:db8::/32", True),
        ("2001:db8:ff00::1", "2001:db8::/40", False),
        ("0001:2::", "1:2::/32", True),
        ("fe80::1", "fe80::/10", True),
        ("::1", "::1", True),
        (None, "10.0.0.0/8", None),
        (None, "10.0.0.0/9", None),
        (None, "2001:db8::/32", None),
        ("10.1.2.3", None, None),
    ],
    ids=str,
)
def test_in_cidr(
    con: duckdb.DuckDBPyConnection, address: str | None, cidr: str | None, inside: bool | None
) -> None:
    assert value(con, "in_cidr(?, ?)", address, cidr) is inside


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "10.0.0/8", "10.0.0.0/33", "10.0.0.256", "010.0.0.0/8", "10.0.0.0/", "1.2.3.4."),
        *("::g", "1::2::3", "2001:db8/32", "::/129", ":::", "12345::", "::ffff:10.0.0.1"),
    ],
)
def test_in_cidr_refuses_what_is_no_block(con: duckdb.DuckDBPyConnection, text: str) -> None:
    with pytest.raises(duckdb.InvalidInputException, match="not a CIDR block: ") as refused:
        value(con, "in_cidr('10.0.0.1', ?)", text)
    assert str(refused.value).endswith(f": {text}")


@pytest.mark.parametrize(
    ("cidr", "filters"),
    [("10.1.0.0/16", [">= '10.1.'"]), ("10.1.2.3", ["= '10.1.2.3'"]), ("10.16.0.0/12", [">> 4) = 1"])],
    ids=str,
)
def test_a_constant_block_becomes_a_test_of_the_text(
    con: duckdb.DuckDBPyConnection, cidr: str, filters: list[str]
) -> None:
    con.execute("create or replace table sent as select '10.' || i || '.2.3' as srcaddr from range(99) t(i)")
    plan = con.execute("explain select * from sent where in_cidr(srcaddr, ?)", [cidr]).fetchall()[0][1]
    assert [text for text in filters if text not in plan] == []
    assert "regexp" not in plan
    assert "error(" not in plan


@pytest.mark.parametrize(
    ("protocol", "name"),
    [
        *((6, "tcp"), (17, "udp"), (1, "icmp"), (58, "ipv6-icmp"), (47, "gre"), (50, "esp"), (0, "hopopt")),
        *((253, "253"), (None, None)),
    ],
)
def test_protocol_name(con: duckdb.DuckDBPyConnection, protocol: int | None, name: str | None) -> None:
    assert value(con, "protocol_name(?)", protocol) == name


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (0, ""),
        (1, "FIN"),
        (2, "SYN"),
        (4, "RST"),
        (18, "SYN,ACK"),
        (23, "SYN,ACK,FIN,RST"),
        (26, "SYN,ACK,PSH"),
        (63, "SYN,ACK,FIN,RST,PSH,URG"),
        (None, None),
    ],
)
def test_tcp_flag_names(con: duckdb.DuckDBPyConnection, flags: int | None, names: str | None) -> None:
    assert value(con, "tcp_flag_names(?)", flags) == names


@pytest.mark.parametrize("is_tgw", [False, True], ids=["vpc", "tgw"])
@pytest.mark.parametrize("protocol", [6, 17, None])
def test_flag_role(con: duckdb.DuckDBPyConnection, protocol: int | None, is_tgw: bool) -> None:
    roles = {flags: value(con, "flag_role(?, ?, ?)", protocol, flags, is_tgw) for flags in [*range(64), None]}
    clients = {flags for flags in range(64) if flags & 2 and not flags & 16}
    servers = {flags for flags in range(64) if flags & 2 and flags & 16}
    is_tcp = protocol == 6
    assert {flags for flags, role in roles.items() if role == "client"} == (clients if is_tcp else set())
    assert {flags for flags, role in roles.items() if role == "server"} == (
        servers if is_tcp and not is_tgw else set()
    )


@pytest.mark.parametrize(
    ("protocol", "srcport", "dstport", "role", "service"),
    [
        (6, 50000, 443, "client", "443/tcp"),
        (6, 50000, 60000, "server", "50000/tcp"),
        (17, 53, 40000, None, "53/udp"),
        (17, 40000, 53, None, "53/udp"),
        (1, 0, 0, None, "icmp"),
        (6, None, None, None, None),
        (None, 1, 2, None, None),
    ],
)
def test_service_name(
    con: duckdb.DuckDBPyConnection,
    protocol: int | None,
    srcport: int | None,
    dstport: int | None,
    role: str | None,
    service: str | None,
) -> None:
    assert value(con, "service_name(?, ?, ?, ?)", protocol, srcport, dstport, role) == service


@given(
    amount=st.integers(0, 2**62),
    cuts=st.lists(st.integers(0, 86_400), max_size=6),
    length_s=st.integers(1, 86_400),
)
@settings(max_examples=60, deadline=None)
def test_parts_of_an_amount_add_up_and_are_its_share(
    con: duckdb.DuckDBPyConnection, amount: int, cuts: list[int], length_s: int
) -> None:
    edges = [0, *sorted(min(cut, length_s) for cut in cuts), length_s]
    until = [value(con, "amount_until(?::bigint, ?::bigint, ?::bigint)", amount, e, length_s) for e in edges]
    assert until == [amount * edge // length_s for edge in edges]
    assert (until[0], until[-1]) == (0, amount)
