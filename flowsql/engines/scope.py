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
_ADDRESSES = ("srcaddr", "dstaddr", "pkt_srcaddr", "pkt_dstaddr")
_PORTS = ("srcport", "dstport")


def conditions_of(scope: Scope) -> list[str]:
    """SQL conditions that a record of the scope meets; --ip, --cidr and --port match either side."""
    conditions = capture_conditions_of(scope)
    if scope.ip:
        conditions.append(_any(f"{column} in ({_texts(scope.ip)})" for column in _ADDRESSES))
    if scope.cidr:
        conditions.append(
            _any(f"in_cidr({column}, {quoted(cidr)})" for column in _ADDRESSES for cidr in scope.cidr)
        )
    if scope.port:
        ports = ", ".join(map(str, scope.port))
        conditions.append(_any(f"{column} in ({ports})" for column in _PORTS))
    return conditions


def capture_conditions_of(scope: Scope) -> list[str]:
    """Those of them that narrow where records were captured."""
    return [
        f"{column} in ({_texts(values)})"
        for option, column in _CAPTURE_POINT.items()
        if (values := getattr(scope, option))
    ]


def _texts(values: Sequence[str]) -> str:
    return ", ".join(map(quoted, values))


def _any(conditions: Iterable[str]) -> str:
    # A null (field not logged) must not hide a match on the other side.
    return " or ".join(f"coalesce({condition}, false)" for condition in conditions)
