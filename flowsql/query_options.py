"""What a query sees of a store, and how much it may use: window, scope, clock, zone, limits."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from flowsql.errors import UsageError
from flowsql.window import Scope, Window, of_option, parse_absolute_time, parse_span, parse_zone

# Direction and conversations are decided with what lies this far beyond the window.
CONTEXT_S = 3600
# One value of a scope option, or several.
Texts = str | int | Iterable[str | int] | None


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """Options of one query, as parsed.

    `context_s` is how far stitched views read beyond both ends of the window; `now` (Unix seconds) and
    `tz` are what relative times in its parameters mean; `lag_s` is how long
    records take to be there, None for what the store has seen; `timeout_s` bounds each statement,
    `memory_limit` is spelled as DuckDB does ('4GiB'), `max_rows` cuts the result.
    """

    window: Window = field(default_factory=Window)
    context_s: int = CONTEXT_S
    scope: Scope = field(default_factory=Scope)
    tz: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    now: int = field(default_factory=lambda: int(time.time()))
    lag_s: int | None = None
    timeout_s: int | None = None
    memory_limit: str | None = None
    max_rows: int | None = None

    @classmethod
    def parse(  # noqa: PLR0913 - one argument an option
        cls,
        *,
        since: str | None = None,
        until: str | None = None,
        around: str | None = None,
        context: str | None = None,
        tz: str = "UTC",
        now: str | None = None,
        lag: str | None = None,
        align: str | None = None,
        account: Texts = None,
        region: Texts = None,
        vpc: Texts = None,
        subnet: Texts = None,
        interface: Texts = None,
        ip: Texts = None,
        cidr: Texts = None,
        port: Texts = None,
        where: str | None = None,
        timeout: str | None = None,
        memory_limit: str | None = None,
        max_rows: int | None = None,
    ) -> QueryOptions:
        """The options that these texts, spelled as on the command line, mean. Raises UsageError."""
        zone = parse_zone(tz)
        clock = int(time.time()) if now is None else parse_absolute_time(now, tz=zone)
        lag_s = None if lag is None else of_option("--lag", parse_span, lag)
        timeout_s = parse_span(timeout) if timeout else None
        if timeout_s == 0:
            raise UsageError("must be longer than nothing", where="--timeout")
        return cls(
            window=Window.parse(since, until, around, now=clock, tz=zone, lag_s=lag_s, align=align),
            context_s=CONTEXT_S if context is None else of_option("--context", parse_span, context),
            scope=Scope.parse(
                account=_texts(account),
                region=_texts(region),
                vpc=_texts(vpc),
                subnet=_texts(subnet),
                interface=_texts(interface),
                ip=_texts(ip),
                cidr=_texts(cidr),
                port=_texts(port),
                where=where,
            ),
            tz=zone,
            now=clock,
            lag_s=lag_s,
            timeout_s=timeout_s,
            memory_limit=memory_limit,
            max_rows=max_rows,
        )


def _texts(values: Texts) -> list[str]:
    if values is None:
        return []
    return [str(values)] if isinstance(values, str | int) else [str(value) for value in values]
