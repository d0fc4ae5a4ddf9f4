"""The views that a store's catalogue knows better than the records that a query sees, over its tables."""

from __future__ import annotations

from collections.abc import Set

from flowsql.query_options import QueryOptions
from flowsql.store.catalog import quoted
from flowsql.window import Scope

# How late objects have been, by AWS's names for them: the 99th percentile over the last ones. An object's
# time of change tells when AWS delivered it, if it was kept; what came half a day late is a backfill.
_LAG = """
    select nullif(greatest(1500, cast(quantile_disc(delay_s, 0.99) as bigint)), 1500)
    from (
        select least(loaded_at, min(modified_at)) - epoch(strptime(slot, '%Y%m%dT%H%M')) as delay_s
        from (
            select load_id, loaded_at, regexp_extract(identity, '_([0-9]{{8}}T[0-9]{{4}})Z_', 1) as slot
            from {catalog}loads
            where starts_with(identity, 'aws:') and not starts_with(identity, 'aws:cloudwatch:')
            order by load_id desc
            limit 1000
        ) as named
        left join {catalog}objects using (load_id)
        group by load_id, loaded_at, slot
    )
    where delay_s between 0 and 43200
    having count(*) >= 20"""


# The names that AWS gives: ACCOUNT_vpcflowlogs_REGION_FLOWLOG_TIME_HASH.
_DELIVERIES = """\
select
    load_id,
    flow_log_id,
    name_parts[1] as account_id,
    name_parts[2] as region,
    cast(epoch(try_strptime(name_parts[3], '%Y%m%dT%H%M')) as bigint) as slot_start,
    coalesce(least(loaded_at, written_at), loaded_at) as arrived_at,
    coalesce(min_start, min_end) as first_s,
    coalesce(max_end, max_start) as last_s,
    records
from (
    select
        *,
        regexp_extract_all(
            regexp_replace(
                identity,
                '^aws:([0-9]+)_vpcflowlogs_([a-z0-9-]+)_fl-[0-9a-f]+_([0-9T]+)Z_.*$',
                '\\1 \\2 \\3'
            ),
            '[^ ]+'
        ) as name_parts
    from {catalog}loads
    where starts_with(identity, 'aws:') and not starts_with(identity, 'aws:cloudwatch:')
        and state in ('live', 'incomplete')
)
left join (
    select load_id, min(modified_at) as written_at
    from {catalog}objects
    group by load_id
) using (load_id)
where try_strptime(name_parts[3], '%Y%m%dT%H%M') is not null"""


# The names of hours of log streams: cloudwatch:GROUP#STREAM@ACCOUNT/REGION/HOUR.
_EVENT_ARRIVALS = """\
select
    load_id,
    flow_log_id,
    cast(epoch(strptime(split_part(name, '/', -1), '%Y-%m-%dT%HZ')) as bigint) as hour_start,
    lag_s,
    events
from {catalog}event_lags
join {catalog}loads using (load_id)
where starts_with(identity, 'aws:cloudwatch:') and state in ('live', 'incomplete')"""


def known_relations(catalog: str = "", options: QueryOptions | None = None) -> dict[str, str]:
    """Name -> SELECT of these views. `catalog` goes before its tables: 'catalog.' for an attached one.

    Without options: of the whole store.
    """
    return {
        "query_window": _query_window(catalog, options),
        "interface_times": _interface_times(catalog, options.scope if options else Scope()),
        "interface_addresses": _INTERFACE_ADDRESSES.format(catalog=catalog),
        "endpoints": _ENDPOINTS.format(catalog=catalog),
        "capture_points": _CAPTURE_POINTS.format(catalog=catalog),
        # A flow log has one log format for life, so two formats are two flow logs.
        "load_logs": (
            "select load_id, coalesce(flow_log_id, log_format) as flow_log,"
            " length(log_format) - length(replace(log_format, '$', '')) as fields"
            f" from {catalog}loads"
        ),
        "deliveries": _DELIVERIES.format(catalog=catalog),
        "event_arrivals": _EVENT_ARRIVALS.format(catalog=catalog),
    }


# Views that have no row unless records have fields of theirs: their columns, and sets of fields, of each of
# which one must be there.
_HAVE_ROWS_BY: dict[str, tuple[dict[str, str], tuple[frozenset[str], ...]]] = {
    "told_addresses": (
        {"interface_id": "varchar", "address": "varchar", "is_secondary": "boolean"},
        (frozenset({"flow_direction", "pkt_srcaddr", "pkt_dstaddr"}),),
    ),
    "told_legs": (
        {"point": "varchar", "sender": "varchar", "receiver": "varchar"},
        (frozenset({"pkt_srcaddr", "pkt_dstaddr", "resource_id"}),),
    ),
    "crossings": (
        {"hour": "bigint", "sender": "varchar", "receiver": "varchar", "counted_at": "varchar"},
        (frozenset({"vpc_id"}),),
    ),
    "passed_pairs": (
        {
            "point": "varchar",
            "hour": "bigint",
            "sender": "varchar",
            "receiver": "varchar",
            "counted_at": "varchar",
        },
        (frozenset({"pkt_srcaddr", "pkt_dstaddr", "resource_id"}),),
    ),
    "entrances": (
        {"attachment": "varchar"},
        (frozenset({"flow_direction"}), frozenset({"tgw_attachment_id"})),
    ),
    "let_out": (
        {
            "way": "ubigint",
            "accepted_by": "varchar",
            "first_let_out_s": "bigint",
            "last_let_out_s": "bigint",
        },
        (frozenset({"vpc_id"}),),
    ),
    "nat_points": ({"point": "varchar"}, (frozenset({"interface_type", "resource_id", "pkt_dstaddr"}),)),
    "address_subnets": (
        {"vpc_id": "varchar", "address": "varchar", "subnet_id": "varchar"},
        (frozenset({"subnet_id"}),),
    ),
}


def empty_relations(logged: Set[str]) -> dict[str, str]:
    """Name -> SELECT of no rows, of the views that can have none where records have these columns only."""
    return {
        name: f"select {', '.join(f'cast(null as {kind}) as {column}' for column, kind in columns.items())}"
        " where false"
        for name, (columns, groups) in _HAVE_ROWS_BY.items()
        if not all(group & logged for group in groups)
    }


def _query_window(catalog: str, options: QueryOptions | None) -> str:
    since = until = lag = None
    arrived = f"(select max(loaded_at) from {catalog}loads)"
    if options:
        since, until, lag = options.window.since, options.window.until, options.lag_s
        arrived = f"least({options.now}, {arrived})"
    seen = f"({_LAG.format(catalog=catalog)})" if lag is None else str(lag)
    return (
        f"select cast({_literal(since)} as bigint) as since_s, cast({_literal(until)} as bigint) as until_s,"
        f" cast({arrived} as bigint) as arrived_s, cast({seen} as bigint) as lag_s"
    )


def _literal(number: int | None) -> str:
    return "null" if number is None else str(number)


def _interface_times(catalog: str, scope: Scope) -> str:
    conditions = ["interface_id is not null"]
    if scope.account or scope.region or scope.vpc or scope.subnet:
        # Only records tell where the others are.
        conditions.append("interface_id in (select interface_id from logged_records)")
    if scope.interface:
        conditions.append(f"interface_id in ({', '.join(map(quoted, scope.interface))})")
    return (
        "select interface_id as capture_point, min(coalesce(min_start, min_end)) as first_s,"
        " max(greatest(max_start, max_end - 1)) as last_s"
        f" from {catalog}segment_interfaces where {' and '.join(conditions)} group by interface_id"
        " having min(coalesce(min_start, min_end)) is not null"
    )


# What the segments' statistics tell: the address that all records of a family have on either side. They are
# of all capture points, of which regional NAT gateways and transit gateways have no address of their own.
_INTERFACE_ADDRESSES = """\
select addresses.interface_id, addresses.vpc_id, address
from (
    select interface_id, max(vpc_id) as vpc_id, address, family, sum(records) as records,
        min(min_peer) as min_peer, max(max_peer) as max_peer
    from {catalog}segment_addresses
    group by interface_id, address, family
) as addresses
join (
    select interface_id, sum(v4_records) as v4_records, sum(v6_records) as v6_records
    from {catalog}segment_interfaces
    group by interface_id
) as totals
    on totals.interface_id = addresses.interface_id
    and addresses.records = case when family = 4 then v4_records else v6_records end
where min_peer <> max_peer
    and addresses.interface_id not like 'nat-%' and addresses.interface_id not like 'tgw-%'"""
_ENDPOINTS = """\
select coalesce(vpc_id, '') as vpc_id, address, port, protocol,
    cast(sum(syn_acks) as bigint) as syn_acks, bit_count(bit_or(peer_ports)) as peer_ports
from (
    select vpc_id, address, port, protocol, syn_acks, cast(0 as bigint) as peer_ports
    from {catalog}segment_services
    union all
    select vpc_id, address, port, protocol, 0, peer_ports
    from {catalog}segment_endpoints
)
group by coalesce(vpc_id, ''), address, port, protocol"""
_CAPTURE_POINTS = """\
select point, bool_or(as_src > 0 and as_dst > 0) as sees_both_sides
from (
    select coalesce(interface_id, vpc_id) as point, sum(as_src) as as_src, sum(as_dst) as as_dst
    from {catalog}segment_addresses
    group by coalesce(interface_id, vpc_id), address
)
group by point"""
