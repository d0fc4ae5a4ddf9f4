"""A scope -> about how many records it has, as the statistics of segments tell, without reading any."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from flowsql.store.catalog import quoted
from flowsql.window import Scope, Window

# So many values of a column are listed for each segment, the most frequent ones.
_LISTED = 100
_IN_INTERFACES = """
    select coalesce(sum(records), 0)
    from catalog.segment_interfaces
    where interface_id in ({names}){times}"""
# Of one that is not listed there are no more records than of the last that is.
_WITH_ADDRESSES = """
    select
        coalesce(sum(found + case when listed < {most} then 0 else least * ({count} - found_values) end), 0)
    from (
        select
            count(*) as listed,
            min(records) as least,
            coalesce(sum(records) filter (where value in ({names})), 0) as found,
            count(*) filter (where value in ({names})) as found_values
        from catalog.segment_values
        where column_name in ('srcaddr', 'dstaddr')
            and segment_id in (select segment_id from catalog.segments where true{times})
        group by segment_id, column_name
    )"""


def about_records_of(con: duckdb.DuckDBPyConnection, scope: Scope, window: Window) -> int | None:
    """How many records the scope has in the window; None if nothing tells.

    Of interfaces it is the number of all segments that reach into the window, so rather too many. Of
    addresses (`--ip`) those records are not in it whose packets alone have them (pkt_srcaddr, pkt_dstaddr).
    """
    if scope.interface:
        sql = _IN_INTERFACES.format(names=_texts(scope.interface), times=_times(window))
    elif scope.ip:
        sql = _WITH_ADDRESSES.format(
            names=_texts(scope.ip), count=len(scope.ip), most=_LISTED, times=_times(window)
        )
    else:
        return None
    ((records,),) = con.execute(sql).fetchall()
    return int(records)


def _times(window: Window) -> str:
    since = f" and coalesce(greatest(max_start, max_end), 0) >= {window.since}"
    until = f" and coalesce(least(min_start, min_end), 0) < {window.until}"
    return (since if window.since is not None else "") + (until if window.until is not None else "")


def _texts(values: Sequence[str]) -> str:
    return ", ".join(map(quoted, values))
