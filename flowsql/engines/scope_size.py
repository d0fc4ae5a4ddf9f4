"""A scope -> about how many records it has, as the statistics of segments tell, without reading any."""

from __future__ import annotations

import duckdb

from flowsql.engines.scope import texts
from flowsql.window import Scope, Window

# So many values of a column are listed for each segment, the most frequent ones: see store/statistics.sql.
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
# Any number of records may have an address, such as a pod's, that only packets have.
_MAY_BE_HIDDEN = """
    select coalesce(bool_or(list_has_any(columns, ['pkt_srcaddr', 'pkt_dstaddr'])), false)
        and {count} > (
            select count(distinct value)
            from catalog.segment_values
            where column_name in ('srcaddr', 'dstaddr') and value in ({names})
        )
    from catalog.segments"""


def about_records_of(con: duckdb.DuckDBPyConnection, scope: Scope, window: Window) -> int | None:
    """How many records the scope has in the window; None if nothing tells.

    Of interfaces it is the number of all segments that reach into the window, so rather too many. Of
    addresses (`--ip`) those records are not in it that have them as packets' addresses only.
    """
    if scope.interface:
        return _number(con, _IN_INTERFACES.format(names=texts(scope.interface), times=_times(window)))
    if not scope.ip:
        return None
    names, count = texts(scope.ip), len(scope.ip)
    if _number(con, _MAY_BE_HIDDEN.format(names=names, count=count)):
        return None
    return _number(con, _WITH_ADDRESSES.format(names=names, count=count, most=_LISTED, times=_times(window)))


def _number(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    ((number,),) = con.execute(sql).fetchall()
    return int(number)


def _times(window: Window) -> str:
    since = f" and coalesce(greatest(max_start, max_end), 0) >= {window.since}"
    until = f" and coalesce(least(min_start, min_end), 0) < {window.until}"
    return (since if window.since is not None else "") + (until if window.until is not None else "")
