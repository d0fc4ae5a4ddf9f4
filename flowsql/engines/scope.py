"""A Scope as conditions on `records`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flowsql.store.catalog import quoted
from flowsql.window import Scope

_CAPTURE_POINT = {
    "account": "account_id",
    "region": "region",
    "vpc": "vpc_id",
    "subnet": "subnet_id",
    "interface": "interface_id",
}
_SENDER, _RECEIVER = ("srcaddr", "pkt_srcaddr"), ("dstaddr", "pkt_dstaddr")
_ADDRESSES = (*_SENDER, *_RECEIVER)
_PORTS = ("srcport", "dstport")


def conditions_of(scope: Scope) -> list[str]:
    """SQL conditions that a record of the scope meets; --ip, --cidr and --port match either side."""
    conditions = capture_conditions_of(scope)
    if scope.ip:
        conditions.append(_any(f"{column} in ({texts(scope.ip)})" for column in _ADDRESSES))
    if scope.cidr:
        conditions.append(
            _any(f"in_cidr({column}, {quoted(cidr)})" for column in _ADDRESSES for cidr in scope.cidr)
        )
    if scope.port:
        ports = ", ".join(map(str, scope.port))
        conditions.append(_any(f"{column} in ({ports})" for column in _PORTS))
    if scope.between:
        one, other = scope.between
        conditions.append(
            f"({_is_in(_SENDER, one)}) and ({_is_in(_RECEIVER, other)})"
            f" or ({_is_in(_SENDER, other)}) and ({_is_in(_RECEIVER, one)})"
        )
    return conditions


def capture_conditions_of(scope: Scope) -> list[str]:
    """Those of them that narrow where records were captured."""
    return [
        f"{column} in ({texts(values)})"
        for option, column in _CAPTURE_POINT.items()
        if (values := getattr(scope, option))
    ]


def _is_in(columns: Sequence[str], networks: Sequence[str]) -> str:
    hosts = [host for network in networks if (host := _host(network))]
    blocks = [network for network in networks if not _host(network)]
    conditions = [f"{column} in ({texts(hosts)})" for column in columns if hosts]
    return _any([*conditions, *(f"in_cidr({column}, {quoted(b)})" for column in columns for b in blocks)])


def _host(network: str) -> str | None:
    """The address of a block of one: to compare it with is cheaper, and lets a scan skip row groups."""
    address, _, bits = network.partition("/")
    return address if bits == ("128" if ":" in address else "32") else None


def texts(values: Sequence[str]) -> str:
    """The values as SQL literals, for a list of them."""
    return ", ".join(map(quoted, values))


def _any(conditions: Iterable[str]) -> str:
    # A null (field not logged) must not hide a match on the other side.
    return " or ".join(f"coalesce({condition}, false)" for condition in conditions)
