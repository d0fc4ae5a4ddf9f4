"""Log objects in CloudWatch Logs: `cloudwatch:GROUP[#STREAM-PREFIX]`, an hour of one log stream each.

An hour is a log object like any other: loaded once, and read again, in place of what was loaded, when events
have come to it since. So what is loaded needs no other mark than the names of its hours.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

import hashlib
import os
import re
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from flowsql.errors import SourceError, UsageError
from flowsql.sources.aws import AwsAccess
from flowsql.sources.aws_errors import code_of, explained
from flowsql.sources.source import History, LogObject, Wanted

SCHEME = "cloudwatch:"
_HOUR_S = 3600
_HOUR_FORM = "%Y-%m-%dT%HZ"
# AWS tells a stream's last event late; one that ended longer ago has nothing new.
_LATE_NEWS_S = 24 * 3600
_EVENTS_A_PAGE = 10_000
_ARN = re.compile(r"arn:[a-z-]+:logs:([a-z0-9-]+):(\d{12}):")


@dataclass(frozen=True, slots=True)
class _Stream:
    """A log stream; `name` is how the names of its hours begin, times are Unix seconds."""

    stream: str
    name: str
    first: int | None
    last: int | None


class _Event(NamedTuple):
    """A log event; `taken_in_ms` is AWS's ingestionTime, None where it is not told."""

    time_ms: int
    message: str
    taken_in_ms: int | None


class CloudWatchSource:
    """The log streams of a log group, or those whose names begin alike."""

    def __init__(self, text: str, wanted: Wanted, access: AwsAccess, spool: Path) -> None:
        self._text = text
        self._group, _, self._prefix = text.removeprefix(SCHEME).partition("#")
        if not self._group:
            remedy = "a source in CloudWatch Logs is cloudwatch:GROUP or cloudwatch:GROUP#STREAM-PREFIX"
            raise UsageError("names no log group", where=text, remedy=remedy)
        self._wanted = wanted
        self._access = access
        self._spool = spool

    def find(self, history: History, tell: Callable[[str], None]) -> Iterator[LogObject]:
        """Hours that have events, those of a stream in their order.

        A stream is read from where the window begins; else again from the overlap before the newest hour
        known, and one of which none is known from the oldest hour known of the group.
        Raises UsageError when none is and nothing says from when on, SourceError when there is no such group,
        no such stream, or AWS does not answer.
        """
        client = self._access.client("logs", self._text)
        streams = list(self._streams(client))
        if not streams:
            beginning = f" whose name begins with {self._prefix!r}" if self._prefix else ""
            raise SourceError(
                f"the log group has no log stream{beginning}",
                where=self._text,
                remedy=f"`aws logs describe-log-streams --log-group-name {self._group}` lists them",
            )
        oldest = _seconds(history.least_ending(f"{SCHEME}{self._group}#"))
        if not self._wanted.full and self._wanted.window.since is None and oldest is None:
            raise UsageError(
                "the first load of a remote source wants to know from when on",
                where=self._text,
                remedy="--since 24h, for example, or --full for all there is",
            )
        return self._hours_of(client, streams, history, oldest or 0)

    def _streams(self, client: Any) -> Iterator[_Stream]:
        """The log streams in the order of their names."""
        asked = {"logGroupName": self._group}
        if self._prefix:
            asked["logStreamNamePrefix"] = self._prefix
        pages = client.get_paginator("describe_log_streams").paginate(**asked)
        try:
            for page in pages:
                for found in page["logStreams"]:
                    yield self._stream(found, client)
        except Exception as error:
            raise self._explained(error, client) from error

    def _stream(self, found: Mapping[str, Any], client: Any) -> _Stream:
        arn = _ARN.match(found.get("arn", ""))
        region, account = arn.groups() if arn else (client.meta.region_name, "0" * 12)
        first, last = (found.get(f"{which}EventTimestamp") for which in ("first", "last"))
        return _Stream(
            found["logStreamName"],
            f"{SCHEME}{self._group}#{found['logStreamName']}@{account}/{region}/",
            None if first is None else first // 1000,
            None if last is None else last // 1000,
        )

    def _hours_of(
        self, client: Any, streams: Iterable[_Stream], history: History, oldest: int
    ) -> Iterator[LogObject]:
        window = self._wanted.window
        end = self._wanted.now if window.until is None else min(window.until, self._wanted.now)
        for stream in streams:
            start = self._start(stream, history, oldest)
            if start < end and (stream.last is None or start <= stream.last + _LATE_NEWS_S):
                # Whole hours: half of one would look as if the other half had no events.
                whole_end = -(-end // _HOUR_S) * _HOUR_S
                yield from self._hours(stream, self._events(client, stream, start, whole_end))

    def _start(self, stream: _Stream, history: History, oldest: int) -> int:
        """From when on a stream is read, the beginning of an hour."""
        since = self._wanted.window.since
        first = stream.first or 0
        if since is None and self._wanted.full:
            since = first
        if since is None:
            newest = history.newest(stream.name)
            known = _seconds(newest)
            since = max(oldest, first) if known is None else known - self._wanted.overlap_s
        return since // _HOUR_S * _HOUR_S

    def _events(self, client: Any, stream: _Stream, start: int, end: int) -> Iterator[_Event]:
        """A stream's events from `start` to before `end`, in order."""
        asked = {
            "logGroupName": self._group,
            "logStreamNames": [stream.stream],
            "startTime": start * 1000,
            "endTime": end * 1000 - 1,
            "limit": _EVENTS_A_PAGE,
        }
        token: dict[str, str] = {}
        while True:
            try:
                page = client.filter_log_events(**asked, **token)
            except Exception as error:
                raise self._explained(error, client) from error
            for event in page["events"]:
                yield _Event(event["timestamp"], event["message"], event.get("ingestionTime"))
            if not page.get("nextToken"):
                return
            token = {"nextToken": page["nextToken"]}

    def _hours(self, stream: _Stream, events: Iterable[_Event]) -> Iterator[LogObject]:
        """A log object for each hour that has events."""
        hour: _Hour | None = None
        for event in events:
            number = event.time_ms // 1000 // _HOUR_S
            if hour is not None and number < hour.number:
                raise SourceError(
                    "AWS gives events out of their order", where=f"{self._text}: {stream.stream}"
                )
            if hour is None or number > hour.number:
                if hour is not None:
                    yield hour.log_object(stream)
                hour = _Hour(number, self._spool)
            hour.add(event)
        if hour is not None:
            yield hour.log_object(stream)

    def _explained(self, error: Exception, client: Any) -> Exception:
        if code_of(error) == "ResourceNotFoundException":
            region = client.meta.region_name
            return SourceError(
                f"there is no such log group in {region}",
                where=self._text,
                remedy="--aws-region names another region; `aws logs describe-log-groups` lists what is there"
                " (AWS makes the group with the first traffic)",
            )
        return explained(error, self._text)


class _Hour:
    """The events of one hour, a line each, in a file that goes with the log object."""

    def __init__(self, number: int, spool: Path) -> None:
        self.number = number
        spool.mkdir(parents=True, exist_ok=True)
        self._path = spool / f"hour-{os.urandom(6).hex()}"
        self._file = self._path.open("wb")
        self._digest = hashlib.blake2b(digest_size=16)
        self._lags: Counter[int] = Counter()

    def add(self, event: _Event) -> None:
        line = " ".join(event.message.splitlines()).encode("utf-8", "backslashreplace") + b"\n"
        self._file.write(line)
        self._digest.update(line)
        if event.taken_in_ms is not None:
            self._lags[_rounded_up(event.taken_in_ms - event.time_ms)] += 1

    def log_object(self, stream: _Stream) -> LogObject:
        self._file.close()
        size = self._path.stat().st_size
        start = datetime.fromtimestamp(self.number * _HOUR_S, UTC)
        return LogObject(
            name=stream.name + start.strftime(_HOUR_FORM),
            size_bytes=size,
            version_tag=f"blake2b:{self._digest.hexdigest()}",
            direct=False,
            open=_Spooled(self._path),
            held_bytes=size,
            lags=self._lags,
        )


class _Spooled:
    """Opens a temporary file, which goes when nothing can open it any more."""

    def __init__(self, path: Path) -> None:
        self._path = path
        weakref.finalize(self, path.unlink, missing_ok=True)

    def __call__(self) -> BinaryIO:
        return self._path.open("rb")


def _rounded_up(lag_ms: int) -> int:
    """The seconds of a lag, in whole minutes up to an hour, in whole hours beyond: few different ones."""
    lag_s = max(0, -(-lag_ms // 1000))
    unit = 60 if lag_s <= _HOUR_S else _HOUR_S
    return -(-lag_s // unit) * unit


def _seconds(name: str | None) -> int | None:
    """The beginning of the hour that a log object's name ends with, in Unix seconds."""
    if name is None:
        return None
    hour = datetime.strptime(name.rsplit("/", 1)[-1], _HOUR_FORM)
    return int(hour.replace(tzinfo=UTC).timestamp())
