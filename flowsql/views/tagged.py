"""The view `tagged_flows`: tag values under the names of their keys.

A log format has places for values only (`instance_tag`, `instance_tag_2`); whose they are is configured per
flow log: https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flowsql.store.catalog import quoted


def tagged_flows_sql(tag_keys: Iterable[tuple[str, Mapping[str, str]]]) -> str:
    """The view's SELECT, of (flow log id, column -> tag key) pairs."""
    places: dict[str, list[tuple[str, str]]] = {}
    for flow_log_id, keys in tag_keys:
        for column, key in keys.items():
            resource = column.partition("_")[0]
            places.setdefault(f"{resource}:{key}", []).append((flow_log_id, column))
    columns = [f"{_case(where)} as {_name(name)}" for name, where in sorted(places.items())]
    return f"select {', '.join(['*', *columns])}\nfrom flows"


def _case(places: Iterable[tuple[str, str]]) -> str:
    whens = " ".join(f"when {quoted(flow_log_id)} then {column}" for flow_log_id, column in places)
    return f"case flow_log_id {whens} end"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
