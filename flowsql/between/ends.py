"""The two ends that a user asks about -> the networks that they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flowsql.engines.duckdb_engine import Session
from flowsql.errors import QueryError, UsageError
from flowsql.window import parse_cidr

_INTERFACE, _INSTANCE = re.compile(r"eni-[0-9a-zA-Z-]+"), re.compile(r"i-[0-9a-zA-Z-]+")


@dataclass(frozen=True, slots=True)
class End:
    """One end: how it was named, its networks as CIDR blocks, and the interfaces that have its addresses."""

    name: str
    networks: tuple[str, ...]
    interfaces: tuple[str, ...] = ()


def find_end(text: str, session: Session) -> End:
    """The end that `text` names: an address, a CIDR block, an interface or an instance id.

    The addresses of interfaces are those that the records of the whole store tell. Raises UsageError for
    text that is none of these, QueryError for an id of which the store knows no address.
    """
    word = text.strip()
    if _INTERFACE.fullmatch(word):
        return _end_of(word, [word], session)
    if _INSTANCE.fullmatch(word):
        found = _column(
            session, "select distinct interface_id from records where instance_id = $name", name=word
        )
        return _end_of(word, found, session)
    try:
        network = parse_cidr(word)
    except UsageError as error:
        raise UsageError(
            f"{text!r} is no address, CIDR block, interface or instance id",
            remedy="for example 10.0.3.7, 10.1.0.0/16, eni-0a1b2c3d or i-0a1b2c3d",
        ) from error
    return End(word, (network,), _interfaces_in(network, session))


def side_of(column: str, ends: Sequence[tuple[str, End]]) -> str:
    """SQL: the side that an address is on, null for neither; where networks overlap the smaller has it."""
    networks = [(network, side) for side, end in ends for network in end.networks]
    networks.sort(key=lambda item: (-int(item[0].partition("/")[2]), item[1]))
    cases = " ".join(f"when in_cidr({column}, '{network}') then '{side}'" for network, side in networks)
    return f"case {cases} end"


def _end_of(name: str, interfaces: Sequence[str], session: Session) -> End:
    addresses = _column(
        session,
        "select distinct address from interface_addresses where list_contains($interfaces, interface_id)",
        interfaces=list(interfaces),
    )
    if not addresses:
        raise QueryError(
            "the store does not tell what addresses it has",
            where=name,
            remedy="give an address of it instead",
        )
    return End(name, tuple(map(parse_cidr, addresses)), tuple(interfaces))


def _interfaces_in(network: str, session: Session) -> tuple[str, ...]:
    sql = "select distinct interface_id from interface_addresses where in_cidr(address, $network)"
    return tuple(_column(session, sql, network=network))


def _column(session: Session, sql: str, **values: object) -> list[str]:
    (statement,) = session.statements(sql)
    table = session.execute(statement, values).read_all()
    return sorted(value for value in table.column(0).to_pylist() if value is not None)
