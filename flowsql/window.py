"""Times, the window and the scope, as people type them.

Every time is whole Unix seconds, as in the records. The clock is never read here: `now` comes in,
so that one run has one present.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from flowsql.errors import UsageError, did_you_mean

T = TypeVar("T")

AROUND_SPAN = "15m"
ALIGNED_TO = "hour"
_HOUR_S = 3600
SPAN_FORMS = "a span is a number and a unit: 90s, 15m, 24h, 7d, 2w, or several: 1h30m (m is minutes)"
ABSOLUTE_FORMS = "2026-11-23, 2026-11-23T10:00, 2026-11-23T10:00:00Z, 2026-11-23T10:00+01:00 or Unix seconds"
TIME_FORMS = f"a time is 15m (ago; also s, h, d, w), 14:05, today, yesterday, now, {ABSOLUTE_FORMS}"

_SPAN = re.compile(
    r"(?=\d)(?:(\d{1,9})w)?(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?", re.ASCII
)
_SPAN_UNITS_S = (604_800, 86_400, 3_600, 60, 1)
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_OFFSET = r"(?P<offset>Z|[+-]\d\d:?\d\d(?::\d\d)?)"
_DATE_TIME = re.compile(
    rf"\d{{4}}-\d\d-\d\d[T ](?:[01]\d|2[0-3]):\d\d(?::\d\d(?:\.\d{{1,9}})?)?{_OFFSET}?", re.ASCII
)
_UNIX_SECONDS = re.compile(r"\d{9,10}", re.ASCII)
# Ten digits of Unix seconds reach the year 2286; nothing beyond can be a record's time.
_END_OF_TIME = 10**10
_DAYS_AGO = {"today": 0, "yesterday": 1}


def parse_span(text: str) -> int:
    """Seconds in a span such as 90s, 15m, 24h, 7d, 2w or 1h30m; a day is always 86,400 of them.

    Units go from large to small, each at most once. Raises UsageError for anything else.
    """
    match = _SPAN.fullmatch(text.strip())
    if not match:
        raise UsageError(f"{text!r} is no span of time", remedy=SPAN_FORMS)
    return sum(int(count or 0) * unit_s for count, unit_s in zip(match.groups(), _SPAN_UNITS_S, strict=True))


def format_span(seconds: int) -> str:
    """The span as `parse_span` reads it back: 90 is 1m30s, 86400 is 1d; weeks are written in days."""
    parts = []
    for unit_s, unit in ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")):
        count, seconds = divmod(seconds, unit_s)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def parse_zone(name: str) -> ZoneInfo:
    """The time zone of that name in the IANA database. Raises UsageError if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        hint = did_you_mean(name, available_timezones())
        raise UsageError(
            f"{name!r} is no time zone", remedy=hint or "zones are named like UTC or Europe/Berlin"
        ) from error


def parse_time(text: str, *, now: int, tz: ZoneInfo) -> int:
    """Unix seconds of a time as typed, seen from `now`; without a zone of its own it is in `tz`.

    A span (24h) is that long ago. A clock time (14:05) is the latest such moment not after `now`,
    the second of two where clocks were set back. A date, `today` and `yesterday` are the start of
    that day; `now` is `now`. A date with a time the clocks showed twice is the first of the two.
    Raises UsageError for other text, a date with a time the clocks skipped, and years outside
    1970 to 2286.
    """
    word = text.strip()
    if word == "last-success":
        raise UsageError("last-success is not available until runs are recorded", remedy=TIME_FORMS)
    if word == "now":
        return now
    if word in _DAYS_AGO:
        return _start_of_day(_local(now, tz).date() - timedelta(days=_DAYS_AGO[word]), tz)
    if _SPAN.fullmatch(word):
        return _checked(now - parse_span(word), text)
    if _CLOCK.fullmatch(word):
        return _checked(_latest(time.fromisoformat(word), now, tz), text)
    return _absolute(text, tz, TIME_FORMS)


def parse_absolute_time(text: str, *, tz: ZoneInfo) -> int:
    """Unix seconds of a time that needs no present: a date, a date with a time, or Unix seconds.

    Read as `parse_time` reads them, with the same errors; fit for setting the clock of a run.
    """
    return _absolute(text, tz, f"a time here is {ABSOLUTE_FORMS}")


def format_time(seconds: int, tz: ZoneInfo) -> str:
    """ISO 8601 in `tz`, with `Z` for UTC or the offset: what `parse_time` reads back."""
    return _local(seconds, tz).isoformat().replace("+00:00", "Z")


def parse_ip(text: str) -> str:
    """The address in its shortest spelling, IPv4 or IPv6. Raises UsageError if it is none."""
    try:
        return str(ipaddress.ip_address(_without_zone(text)))
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no IP address", remedy="for example 10.1.2.3 or 2001:db8::1"
        ) from error


def parse_cidr(text: str) -> str:
    """The network with its host bits cleared; a bare address is a /32 or /128.

    Raises UsageError if the text is no network.
    """
    try:
        return str(ipaddress.ip_network(_without_zone(text), strict=False))
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no CIDR block", remedy="for example 10.0.0.0/8 or 2001:db8::/32"
        ) from error


def parse_port(text: str) -> int:
    """A port, 0 to 65535. Raises UsageError otherwise."""
    word = text.strip()
    if not re.fullmatch(r"\d{1,5}", word, re.ASCII) or int(word) > 65_535:
        raise UsageError(f"{text!r} is no port", remedy="a port is a number from 0 to 65535")
    return int(word)


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open stretch of time: `since` <= t < `until`, in Unix seconds; None is no bound.

    Adjacent windows neither share nor miss a record. Raises UsageError when it would be empty.
    """

    since: int | None = None
    until: int | None = None

    def __post_init__(self) -> None:
        if self.since is not None and self.until is not None and self.since >= self.until:
            utc = ZoneInfo("UTC")
            raise UsageError(
                f"since {format_time(self.since, utc)} is not before until {format_time(self.until, utc)}",
                where="window",
                remedy="the window starts at --since and ends just before --until",
            )

    @classmethod
    def parse(
        cls,
        since: str | None,
        until: str | None,
        around: str | None,
        *,
        now: int,
        tz: ZoneInfo,
        lag_s: int | None = None,
        align: str | None = None,
    ) -> Window:
        """The window that --since, --until or --around T[/SPAN] ask for; None for an option not given.

        A date as `until` is the start of that day, so its records are outside. `around` reaches SPAN
        (15m if not given) to both sides of T. With `lag_s` an end that is open or typed as relative to the
        present is at most `now - lag_s`. `align` cuts both ends down to whole hours (UTC), an open end to
        the present one. Raises UsageError for text that is no time, a window without any moment, and `around`
        beside one of the others.
        """
        if align not in (None, ALIGNED_TO):
            raise UsageError(
                f"{align!r} is nothing to cut to", where="--align", remedy=f"--align {ALIGNED_TO}"
            )
        if around is None:
            first, last = (
                None if text is None else of_option(option, lambda t: parse_time(t, now=now, tz=tz), text)
                for option, text in (("--since", since), ("--until", until))
            )
            end = until
        elif since is not None or until is not None:
            raise UsageError("cannot stand beside --since or --until", where="--around")
        else:
            end, _, span = around.partition("/")
            middle = of_option("--around", lambda t: parse_time(t, now=now, tz=tz), end)
            reach = of_option("--around", parse_span, span or AROUND_SPAN)
            first, last = max(middle - reach, 0), min(middle + reach, _END_OF_TIME)
        if lag_s is not None and not _is_absolute(end or ""):
            last = max(min(now if last is None else last, now - lag_s), 0)
        if align:
            first = None if first is None else first // _HOUR_S * _HOUR_S
            last = (now if last is None else last) // _HOUR_S * _HOUR_S
        return cls(first, last)

    @property
    def is_bounded(self) -> bool:
        """Whether it leaves any time out: a bound on one side is enough."""
        return self.since is not None or self.until is not None

    def contains(self, t: int) -> bool:
        """Whether the moment `t` (Unix seconds) is inside."""
        return (self.since is None or self.since <= t) and (self.until is None or t < self.until)

    def widened(self, span_s: int) -> Window:
        """The window with `span_s` more at either bound; times stay within 1970 to 2286."""
        return Window(
            None if self.since is None else max(self.since - span_s, 0),
            None if self.until is None else min(self.until + span_s, _END_OF_TIME),
        )

    def describe(self, tz: ZoneInfo) -> str:
        """'A to B', 'since A', 'until B' or 'all records', times as `format_time` writes them."""
        if self.since is None:
            return "all records" if self.until is None else f"until {format_time(self.until, tz)}"
        if self.until is None:
            return f"since {format_time(self.since, tz)}"
        return f"{format_time(self.since, tz)} to {format_time(self.until, tz)}"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which records count: a record has one of the values of each option that was given.

    `account` to `interface` narrow the capture point; `ip`, `cidr` and `port` keep conversations
    that touch one of them on either side; `where` is SQL about result rows, as typed. `between` is
    two lists of networks, one of which has either side, or empty.
    """

    account: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    vpc: tuple[str, ...] = ()
    subnet: tuple[str, ...] = ()
    interface: tuple[str, ...] = ()
    ip: tuple[str, ...] = ()
    cidr: tuple[str, ...] = ()
    port: tuple[int, ...] = ()
    where: str | None = None
    between: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def parse(  # noqa: PLR0913 - one argument an option
        cls,
        *,
        account: Iterable[str] = (),
        region: Iterable[str] = (),
        vpc: Iterable[str] = (),
        subnet: Iterable[str] = (),
        interface: Iterable[str] = (),
        ip: Iterable[str] = (),
        cidr: Iterable[str] = (),
        port: Iterable[str] = (),
        where: str | None = None,
    ) -> Scope:
        """The scope from the texts of its options, each of which may be repeated.

        Addresses and networks are normalised and repetitions dropped. Raises UsageError naming the
        option for an empty text and for what is no address, network or port.
        """
        return cls(
            account=_of_options("--account", _not_empty, account),
            region=_of_options("--region", _not_empty, region),
            vpc=_of_options("--vpc", _not_empty, vpc),
            subnet=_of_options("--subnet", _not_empty, subnet),
            interface=_of_options("--interface", _not_empty, interface),
            ip=_of_options("--ip", parse_ip, ip),
            cidr=_of_options("--cidr", parse_cidr, cidr),
            port=_of_options("--port", parse_port, port),
            where=None if where is None else of_option("--where", _not_empty, where),
        )

    @property
    def is_empty(self) -> bool:
        """Whether it narrows nothing."""
        return self == Scope()

    def describe(self) -> str:
        """One phrase: 'vpc vpc-1, port 80 or 443, where bytes > 0'; '' for an empty scope."""
        given = [(f.name, getattr(self, f.name)) for f in fields(self) if f.name != "between"]
        if self.between:
            ends = (" or ".join(map(_without_host_bits, networks)) for networks in self.between)
            given.insert(0, ("between", " and ".join(ends)))
        return ", ".join(
            f"{name} {value if isinstance(value, str) else ' or '.join(map(str, value))}"
            for name, value in given
            if value
        )


def _absolute(text: str, tz: ZoneInfo, forms: str) -> int:
    word = text.strip()
    try:
        if _UNIX_SECONDS.fullmatch(word):
            return int(word)
        if _DATE.fullmatch(word):
            return _checked(_start_of_day(date.fromisoformat(word), tz), text)
        if match := _DATE_TIME.fullmatch(word):
            moment = datetime.fromisoformat(word).replace(microsecond=0)
            return _checked(
                int(moment.timestamp()) if match["offset"] else _of_wall_clock(moment, tz, text), text
            )
    except ValueError:  # the right shape, but no such day or hour
        pass
    raise UsageError(f"{text!r} is no time", remedy=forms)


def _is_absolute(text: str) -> bool:
    """Whether a time as typed is the same whatever the present."""
    return any(form.fullmatch(text.strip()) for form in (_UNIX_SECONDS, _DATE, _DATE_TIME))


def _of_wall_clock(moment: datetime, tz: ZoneInfo, text: str) -> int:
    local = moment.replace(tzinfo=tz)
    if not _exists(local, tz):
        raise UsageError(
            f"clocks in {tz.key} skipped {text!r}", remedy="add an offset, as in 2026-11-23T10:00+01:00"
        )
    return int(local.timestamp())


def _latest(clock: time, now: int, tz: ZoneInfo) -> int:
    # Two days back, for a day on which the clocks skipped this time; both folds, for a day with two.
    today = _local(now, tz).date()
    moments = (
        datetime.combine(today - timedelta(days=days), clock.replace(fold=fold), tzinfo=tz)
        for days in range(3)
        for fold in (0, 1)
    )
    return max(int(m.timestamp()) for m in moments if m.timestamp() <= now and _exists(m, tz))


def _exists(local: datetime, tz: ZoneInfo) -> bool:
    back = datetime.fromtimestamp(local.timestamp(), tz)
    return back.replace(tzinfo=None) == local.replace(tzinfo=None)


def _start_of_day(day: date, tz: ZoneInfo) -> int:
    # Where midnight was skipped, Python's reading is the moment of the change: the day's first.
    return int(datetime.combine(day, time.min, tzinfo=tz).timestamp())


def _local(seconds: int, tz: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).astimezone(tz)


def _checked(seconds: int, text: str) -> int:
    if not 0 <= seconds < _END_OF_TIME:
        raise UsageError(f"{text!r} is outside the years 1970 to 2286", remedy=TIME_FORMS)
    return seconds


def _without_host_bits(cidr: str) -> str:
    """The address of a block of one, else the block."""
    network = ipaddress.ip_network(cidr)
    return str(network.network_address if network.num_addresses == 1 else network)


def _without_zone(address: str) -> str:
    # fe80::1%eth0 means something on one host only; no flow log has such an address.
    if "%" in address:
        raise ValueError(address)
    return address.strip()


def _not_empty(text: str) -> str:
    # An empty value is nearly always an unset shell variable, and would silently match nothing.
    if not text.strip():
        raise UsageError("its value is empty", remedy="leave the option out to have no such limit")
    return text.strip()


def of_option(option: str, parse: Callable[[str], T], text: str) -> T:
    """What `parse` makes of the option's text; its UsageError names the option."""
    try:
        return parse(text)
    except UsageError as error:
        raise UsageError(error.cause, where=option, remedy=error.remedy) from error


def _of_options(option: str, parse: Callable[[str], T], texts: Iterable[str]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(of_option(option, parse, text) for text in texts))
