from __future__ import annotations

from datetime import UTC, datetime, time
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsql.errors import UsageError
from flowsql.window import (
    Scope,
    Window,
    format_span,
    format_time,
    parse_absolute_time,
    parse_cidr,
    parse_ip,
    parse_port,
    parse_span,
    parse_time,
    parse_zone,
)

UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")  # clocks go forward 2026-03-29 01:00Z, back 2026-10-25 01:00Z
ZONES = [
    ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "Asia/Kathmandu", "America/New_York", "Pacific/Apia")
]


def at(iso: str) -> int:
    return int(datetime.fromisoformat(iso).astimezone(UTC).timestamp())


NOW = at("2026-11-23T10:00:00Z")


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("90s", "UTC", "2026-11-23T09:58:30Z"),
        ("15m", "UTC", "2026-11-23T09:45:00Z"),
        ("24h", "UTC", "2026-11-22T10:00:00Z"),
        ("7d", "UTC", "2026-11-16T10:00:00Z"),
        ("2w", "UTC", "2026-11-09T10:00:00Z"),
        ("1h30m", "UTC", "2026-11-23T08:30:00Z"),
        ("now", "Asia/Tokyo", "2026-11-23T10:00:00Z"),
        ("today", "UTC", "2026-11-23T00:00:00Z"),
        ("yesterday", "UTC", "2026-11-22T00:00:00Z"),
        ("today", "Asia/Tokyo", "2026-11-22T15:00:00Z"),
        ("yesterday", "Pacific/Auckland", "2026-11-21T11:00:00Z"),
        ("09:59", "UTC", "2026-11-23T09:59:00Z"),
        ("10:00", "UTC", "2026-11-23T10:00:00Z"),
        ("10:00:01", "UTC", "2026-11-22T10:00:01Z"),
        ("14:05", "UTC", "2026-11-22T14:05:00Z"),
        ("14:05", "Asia/Tokyo", "2026-11-23T05:05:00Z"),
        ("2026-11-20", "UTC", "2026-11-20T00:00:00Z"),
        ("2026-11-20", "America/New_York", "2026-11-20T05:00:00Z"),
        ("2026-11-20T10:00Z", "America/New_York", "2026-11-20T10:00:00Z"),
        ("2026-11-20T10:00:05Z", "UTC", "2026-11-20T10:00:05Z"),
        ("2026-11-20T10:00:05.999Z", "UTC", "2026-11-20T10:00:05Z"),
        ("2026-11-20 10:00", "UTC", "2026-11-20T10:00:00Z"),
        ("2026-11-20T10:00", "Europe/Berlin", "2026-11-20T09:00:00Z"),
        ("2026-11-20T10:00+05:45", "UTC", "2026-11-20T04:15:00Z"),
        ("2026-11-20T10:00:00-0500", "UTC", "2026-11-20T15:00:00Z"),
        ("1700000000", "Asia/Tokyo", "2023-11-14T22:13:20Z"),
        ("999999999", "UTC", "2001-09-09T01:46:39Z"),
        (" 15m ", "UTC", "2026-11-23T09:45:00Z"),
    ],
)
def test_forms_of_time(text: str, zone: str, expected: str) -> None:
    assert format_time(parse_time(text, now=NOW, tz=ZoneInfo(zone)), UTC_ZONE) == expected


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        ("02:30", "2026-03-29T10:00Z", "2026-03-28T01:30:00Z"),  # skipped that night: the day before
        ("02:30", "2026-03-30T00:00Z", "2026-03-28T01:30:00Z"),  # still to come, and skipped the day before
        ("02:30", "2026-10-25T10:00Z", "2026-10-25T01:30:00Z"),  # shown twice: the second
        ("02:30", "2026-10-25T01:15Z", "2026-10-25T00:30:00Z"),  # the second is still to come
        ("2026-10-25T02:30", "2026-11-23T10:00Z", "2026-10-25T00:30:00Z"),  # shown twice: the first
        ("2026-03-29", "2026-11-23T10:00Z", "2026-03-28T23:00:00Z"),
        ("yesterday", "2026-03-30T10:00Z", "2026-03-28T23:00:00Z"),  # a day of 23 hours
        ("1d", "2026-03-29T10:00Z", "2026-03-28T10:00:00Z"),  # 24 hours, whatever the clocks did
    ],
    ids=[
        "skipped",
        "skipped yesterday",
        "twice",
        "first of two",
        "dated twice",
        "short day",
        "yesterday",
        "a day is 24h",
    ],
)
def test_clock_changes(text: str, now: str, expected: str) -> None:
    assert format_time(parse_time(text, now=at(now), tz=BERLIN), UTC_ZONE) == expected


def test_a_day_without_midnight_begins_at_the_change() -> None:
    cairo = ZoneInfo("Africa/Cairo")  # 2024-04-26 began at 01:00
    assert format_time(parse_time("2024-04-26", now=NOW, tz=cairo), cairo) == "2024-04-26T01:00:00+03:00"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "is no time"),
        ("15M", "is no time"),
        ("15", "is no time"),
        ("-15m", "is no time"),
        ("1m1h", "is no time"),
        ("24:00", "is no time"),
        ("9:05", "is no time"),
        ("noon", "is no time"),
        ("2026-02-30", "is no time"),
        ("2026-11-23T10", "is no time"),
        ("2026-11-23T10:60", "is no time"),
        ("20261123", "is no time"),
        ("2026-W47-1", "is no time"),
        ("1700000000000", "is no time"),
        ("\u0661700000000", "is no time"),
        ("last-success", "not available until runs are recorded"),
        ("1969-12-31", "outside the years"),
        ("9999-12-31T23:59", "outside the years"),
        ("0001-01-01", "outside the years"),
        ("9999999w", "outside the years"),
    ],
)
def test_what_is_no_time(text: str, cause: str) -> None:
    with pytest.raises(UsageError, match=cause) as caught:
        parse_time(text, now=NOW, tz=UTC_ZONE)
    assert "yesterday" in caught.value.remedy
    assert text in caught.value.cause


def test_a_skipped_time_asks_for_an_offset() -> None:
    with pytest.raises(UsageError, match=r"clocks in Europe/Berlin skipped '2026-03-29T02:30'") as caught:
        parse_time("2026-03-29T02:30", now=NOW, tz=BERLIN)
    assert "offset" in caught.value.remedy


@pytest.mark.parametrize("text", ["15m", "14:05", "today", "now", "last-success"])
def test_the_clock_of_a_run_is_absolute(text: str) -> None:
    with pytest.raises(UsageError, match="is no time"):
        parse_absolute_time(text, tz=UTC_ZONE)


def test_absolute_times() -> None:
    assert parse_absolute_time("2026-11-23T11:00", tz=BERLIN) == NOW
    assert parse_absolute_time(str(NOW), tz=BERLIN) == NOW


@given(st.integers(0, 10**10 - 1), st.sampled_from(ZONES))
def test_a_formatted_time_is_read_back(seconds: int, tz: ZoneInfo) -> None:
    assert parse_time(format_time(seconds, tz), now=NOW, tz=UTC_ZONE) == seconds


@given(st.integers(10**8, 4 * 10**9), st.times(), st.sampled_from(ZONES))
def test_a_clock_time_is_the_latest_that_the_clocks_showed(now: int, clock: time, tz: ZoneInfo) -> None:
    text = f"{clock:%H:%M:%S}"
    found = parse_time(text, now=now, tz=tz)
    assert found <= now
    assert format_time(found, tz)[11:19] == text
    later = (found + s for s in (23 * 3600, 24 * 3600, 25 * 3600, 3600))
    assert not any(t <= now and format_time(t, tz)[11:19] == text for t in later)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("15m", 900),
        ("24h", 86_400),
        ("7d", 604_800),
        ("2w", 1_209_600),
        ("1h30m", 5_400),
        ("0s", 0),
    ],
)
def test_spans(text: str, seconds: int) -> None:
    assert parse_span(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "s", "15", "1.5h", "1 h", "30m1h", "1h1h", "1H", "-1h", "1234567890s", "5y"]
)
def test_what_is_no_span(text: str) -> None:
    with pytest.raises(UsageError, match="is no span"):
        parse_span(text)


@pytest.mark.parametrize(
    ("since", "until", "around", "expected"),
    [
        (None, None, None, "all records"),
        ("24h", None, None, "since 2026-11-22T10:00:00Z"),
        (None, "yesterday", None, "until 2026-11-22T00:00:00Z"),
        ("yesterday", "today", None, "2026-11-22T00:00:00Z to 2026-11-23T00:00:00Z"),
        ("2026-11-20", "2026-11-21", None, "2026-11-20T00:00:00Z to 2026-11-21T00:00:00Z"),
        ("2h", "1h", None, "2026-11-23T08:00:00Z to 2026-11-23T09:00:00Z"),
        ("22:00", "02:00", None, "2026-11-22T22:00:00Z to 2026-11-23T02:00:00Z"),
        (None, None, "09:00", "2026-11-23T08:45:00Z to 2026-11-23T09:15:00Z"),
        (None, None, "2026-11-20T12:00Z/2h", "2026-11-20T10:00:00Z to 2026-11-20T14:00:00Z"),
        (None, None, "1970-01-01T00:01Z/1h", "1970-01-01T00:00:00Z to 1970-01-01T01:01:00Z"),
    ],
)
def test_windows(since: str | None, until: str | None, around: str | None, expected: str) -> None:
    window = Window.parse(since, until, around, now=NOW, tz=UTC_ZONE)
    assert window.describe(UTC_ZONE) == expected
    assert window.is_bounded == (expected != "all records")


def test_a_window_is_described_in_its_zone() -> None:
    window = Window.parse("2026-07-01", "2026-12-01", None, now=NOW, tz=BERLIN)
    assert window.describe(BERLIN) == "2026-07-01T00:00:00+02:00 to 2026-12-01T00:00:00+01:00"


@pytest.mark.parametrize(
    ("since", "until", "around", "message"),
    [
        ("1h", "2h", None, "since 2026-11-23T09:00:00Z is not before until 2026-11-23T08:00:00Z"),
        ("now", "now", None, "is not before"),
        ("soon", None, None, "--since: 'soon' is no time"),
        (None, "later", None, "--until: 'later' is no time"),
        (None, None, "noon/1h", "--around: 'noon' is no time"),
        (None, None, "09:00/long", "--around: 'long' is no span"),
        (None, None, "09:00/0s", "is not before"),
        ("1h", None, "09:00", "--around: cannot stand beside"),
        (None, "1h", "09:00", "--around: cannot stand beside"),
    ],
)
def test_windows_that_make_no_sense(
    since: str | None, until: str | None, around: str | None, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        Window.parse(since, until, around, now=NOW, tz=UTC_ZONE)
    assert message in str(caught.value)


@given(st.lists(st.integers(0, 1000), min_size=1, unique=True).map(sorted), st.integers(-10, 1010))
def test_adjacent_windows_share_and_miss_no_moment(edges: list[int], t: int) -> None:
    bounds = [None, *edges, None]
    windows = [Window(a, b) for a, b in pairwise(bounds)]
    assert sum(window.contains(t) for window in windows) == 1
    assert Window().contains(t)


@given(
    st.lists(st.integers(0, 10**10 - 1), min_size=2, max_size=2, unique=True).map(sorted),
    st.sampled_from(ZONES),
)
def test_a_described_window_is_read_back(edges: list[int], tz: ZoneInfo) -> None:
    since, until = Window(*edges).describe(tz).split(" to ")
    assert Window.parse(since, until, None, now=NOW, tz=UTC_ZONE) == Window(*edges)


@pytest.mark.parametrize("name", ["Europe/Berlni", "", "../../etc/passwd", "Europe", "/etc/passwd"])
def test_unknown_zones(name: str) -> None:
    with pytest.raises(UsageError, match="is no time zone") as caught:
        parse_zone(name)
    assert "Europe/" in caught.value.remedy


def test_a_known_zone() -> None:
    assert parse_zone("Europe/Berlin") == BERLIN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("10.1.2.3", "10.1.2.3/32"),
        ("2001:DB8::1", "2001:db8::1/128"),
        ("2001:db8::1/32", "2001:db8::/32"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ],
)
def test_networks(text: str, expected: str) -> None:
    assert parse_cidr(text) == expected


@pytest.mark.parametrize(
    "text", ["", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "fe80::1%eth0", "10.0.0.256", "host"]
)
def test_what_is_no_network(text: str) -> None:
    with pytest.raises(UsageError, match="is no CIDR block"):
        parse_cidr(text)


@given(st.ip_addresses())
def test_an_address_is_its_own_narrowest_network(address: object) -> None:
    text = parse_ip(str(address))
    assert parse_cidr(text).partition("/")[0] == text


@pytest.mark.parametrize("text", ["", "10.0.0.0/8", "010.0.0.1", "fe80::1%eth0", "localhost"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError, match="is no IP address"):
        parse_ip(text)


@pytest.mark.parametrize(("text", "port"), [("0", 0), ("443", 443), (" 65535 ", 65_535)])
def test_ports(text: str, port: int) -> None:
    assert parse_port(text) == port


@pytest.mark.parametrize("text", ["", "65536", "-1", "https", "80-90", "1_0", "\u06680"])
def test_what_is_no_port(text: str) -> None:
    with pytest.raises(UsageError, match="is no port"):
        parse_port(text)


def test_a_scope_is_normalised_and_described() -> None:
    scope = Scope.parse(
        vpc=["vpc-1"],
        ip=["2001:DB8::1", "10.0.0.1"],
        cidr=["10.9.9.9/8"],
        port=["443", "80", "443"],
        where=" bytes > 0 ",
    )
    assert scope == Scope(
        vpc=("vpc-1",),
        ip=("2001:db8::1", "10.0.0.1"),
        cidr=("10.0.0.0/8",),
        port=(443, 80),
        where="bytes > 0",
    )
    assert scope.describe() == (
        "vpc vpc-1, ip 2001:db8::1 or 10.0.0.1, cidr 10.0.0.0/8, port 443 or 80, where bytes > 0"
    )
    assert not scope.is_empty


def test_port_zero_is_a_limit() -> None:
    scope = Scope.parse(port=["0"])
    assert (scope.is_empty, scope.describe()) == (False, "port 0")


def test_a_scope_without_limits() -> None:
    assert Scope.parse().is_empty
    assert Scope.parse().describe() == ""


@pytest.mark.parametrize("option", ["account", "region", "vpc", "subnet", "interface", "ip", "cidr", "port"])
def test_an_empty_option_is_named(option: str) -> None:
    with pytest.raises(UsageError) as caught:
        Scope.parse(**{option: [" "]})  # type: ignore[arg-type]
    assert caught.value.where == f"--{option}"


def test_an_empty_filter_is_refused() -> None:
    with pytest.raises(UsageError, match="--where: its value is empty"):
        Scope.parse(where="")


@pytest.mark.parametrize(
    ("given", "since", "until"),
    [
        ({"since": "24h"}, "2026-11-22T10:20:30Z", "2026-11-23T09:55:30Z"),
        ({"since": "24h", "until": "now"}, "2026-11-22T10:20:30Z", "2026-11-23T09:55:30Z"),
        ({"since": "24h", "until": "1h"}, "2026-11-22T10:20:30Z", "2026-11-23T09:20:30Z"),
        ({"since": "24h", "until": "10:00"}, "2026-11-22T10:20:30Z", "2026-11-23T09:55:30Z"),
        ({"since": "2026-11-23"}, "2026-11-23T00:00:00Z", "2026-11-23T09:55:30Z"),
        (
            {"since": "2026-11-23", "until": "2026-11-23T10:10Z"},
            "2026-11-23T00:00:00Z",
            "2026-11-23T10:10:00Z",
        ),
        ({"around": "1h/1h"}, "2026-11-23T08:20:30Z", "2026-11-23T09:55:30Z"),
        ({"around": "2026-11-23T10:00Z/10m"}, "2026-11-23T09:50:00Z", "2026-11-23T10:10:00Z"),
        ({}, None, "2026-11-23T09:55:30Z"),
    ],
    ids=str,
)
def test_lag_moves_an_end_that_is_not_absolute(
    given: dict[str, str], since: str | None, until: str | None
) -> None:
    texts = {"since": None, "until": None, "around": None} | given
    now = at("2026-11-23T10:20:30Z")
    window = Window.parse(**texts, now=now, tz=UTC_ZONE, lag_s=1500)
    assert window == Window(since and at(since), until and at(until))


@pytest.mark.parametrize(
    ("given", "since", "until"),
    [
        ({"since": "24h"}, "2026-11-22T10:00:00Z", "2026-11-23T10:00:00Z"),
        ({"since": "1h"}, "2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z"),
        ({"since": "1h", "lag": 1500}, "2026-11-23T09:00:00Z", None),
        ({"since": "2h", "lag": 1500}, "2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z"),
        ({"since": "08:10", "until": "09:59"}, "2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z"),
        ({"around": "09:30/45m"}, "2026-11-23T08:00:00Z", "2026-11-23T10:00:00Z"),
        ({}, None, "2026-11-23T10:00:00Z"),
    ],
    ids=str,
)
def test_align_cuts_both_ends_to_whole_hours(
    given: dict[str, str | int], since: str | None, until: str | None
) -> None:
    texts = {"since": None, "until": None, "around": None} | given
    lag_s = texts.pop("lag", None)
    now = at("2026-11-23T10:20:30Z")
    if until is None:
        with pytest.raises(UsageError, match="is not before until"):
            Window.parse(**texts, now=now, tz=UTC_ZONE, lag_s=lag_s, align="hour")  # type: ignore[arg-type]
        return
    window = Window.parse(**texts, now=now, tz=UTC_ZONE, lag_s=lag_s, align="hour")  # type: ignore[arg-type]
    assert window == Window(since and at(since), at(until))


def test_align_knows_hours_only() -> None:
    with pytest.raises(UsageError, match="'day' is nothing to cut to") as refused:
        Window.parse("24h", None, None, now=NOW, tz=UTC_ZONE, align="day")
    assert (refused.value.where, refused.value.remedy) == ("--align", "--align hour")


@given(st.integers(0, 10**10))
def test_a_span_that_is_written_is_read_back(seconds: int) -> None:
    assert parse_span(format_span(seconds)) == seconds
