"""JSON of CloudWatch Logs, Kinesis, Firehose, Lambda and Logs Insights -> the lines in its events.

An event is an object with the line as a text, or with the values of a record under the names of their fields;
it stands alone, in a list, or packed into others. Shapes:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flowsql.ingest.shapes.json_values import Broken, json_values
from flowsql.ingest.shapes.packed import Unpackable, from_base64, unpacked
from flowsql.ingest.shapes.refused import refused
from flowsql.ingest.shapes.rows import MESSAGES, as_line, heading, row_fields
from flowsql.logformat.fields import DISTINCT_FIELDS, Field

# The lists that hold events: get-log-events and filter-log-events, a subscription, get-query-results, what
# Lambda gets of Kinesis or Firehose and `aws kinesis get-records` shows.
LISTS = ("events", "logEvents", "results", "Records", "records")
_PACKED = ("data", "Data")
_CONTROL = "CONTROL_MESSAGE"
# Packed data in packed data: a stream's record holds a subscription's batch.
_MAX_PACKED = 4


class EventLines:
    """The lines in JSON events, one after the other.

    What gives none is a refused line in its place; what AWS sends only to try a connection out, nothing.
    Events with values instead of a line are preceded by a header line whenever one has a field that none had
    before. `log_group` is that of the first subscription among them, '' if there is none.
    """

    def __init__(self) -> None:
        self.log_group = ""
        self._columns: tuple[Field, ...] = ()

    def of_chunks(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The lines in JSON text, without line ends."""
        return self._of_chunks(chunks, 0)

    def of_packed(self, text: bytes | str, depth: int = 0) -> Iterator[bytes]:
        """The lines in a base64 document."""
        try:
            if depth > _MAX_PACKED:
                raise Unpackable("data packed in packed data again and again")
            chunks = unpacked(from_base64(text))
            first = next(chunks, b"")
            if first.lstrip().startswith((b"{", b"[")):
                yield from self._of_chunks(_chained(first, chunks), depth)
            else:
                yield from b"".join([first, *chunks]).splitlines()
        except Unpackable as error:
            yield refused(str(error), text.encode("utf-8", "replace") if isinstance(text, str) else text)

    def _of_chunks(self, chunks: Iterable[bytes], depth: int) -> Iterator[bytes]:
        for value in json_values(chunks, LISTS):
            # The usual event, told at once: there are millions.
            if type(value) is dict and type(message := value.get("message")) is str and "\n" not in message:
                yield _encoded(message)
            elif isinstance(value, Broken):
                reason = "unfinished JSON" if value.is_last else "broken JSON"
                yield refused(reason, _encoded(value.text))
            else:
                yield from self._of_value(value, depth)

    def _of_value(self, value: Any, depth: int) -> Iterator[bytes]:
        if isinstance(value, dict):
            yield from self._of_object(value, depth)
        elif isinstance(value, list):
            row = _insights_row(value)
            for member in [row] if row is not None else value:
                yield from self._of_value(member, depth)
        elif isinstance(value, str):
            yield from self._of_text(value, depth)
        else:
            yield refused("no log event", _shown(value))

    def _of_text(self, text: str, depth: int) -> Iterator[bytes]:
        """The lines of a text; some tools write an event's JSON as a text."""
        if text.startswith("{") and depth <= _MAX_PACKED:
            yield from self._of_chunks([_encoded(text)], depth + 1)
        else:
            yield from _encoded(text.rstrip("\r\n")).split(b"\n")

    def _of_object(self, value: dict[str, Any], depth: int) -> Iterator[bytes]:
        message = next((text for name in MESSAGES if isinstance(text := value.get(name), str)), None)
        lists = [members for name in LISTS if isinstance(members := value.get(name), list)]
        packed = _packed_in(value)
        if message is not None:
            yield from self._of_text(message, depth)
        elif lists:
            self.log_group = self.log_group or str(value.get("logGroup", ""))
            if value.get("messageType") != _CONTROL:
                for members in lists:
                    yield from self._of_value(members, depth)
        elif packed is not None:
            yield from self.of_packed(packed, depth + 1)
        elif (fields := row_fields(value)) is not None:
            yield from self._of_row(value, fields)
        else:
            yield refused("no log event", _shown(value))

    def _of_row(self, row: Mapping[str, Any], fields: Mapping[str, Field]) -> Iterator[bytes]:
        present = {field.name: row[key] for key, field in fields.items()}
        if not present.keys() <= {column.name for column in self._columns}:
            names = present.keys() | {column.name for column in self._columns}
            self._columns = tuple(field for field in DISTINCT_FIELDS if field.name in names)
            yield heading(self._columns)
        yield as_line([present.get(column.name) for column in self._columns], self._columns)


def _packed_in(value: Mapping[str, Any]) -> str | None:
    """The base64 data of what Lambda gets from a subscription, or of a record of Kinesis or Firehose."""
    for name in ("awslogs", "kinesis"):
        if isinstance(inner := value.get(name), dict):
            value = inner
    return next((data for name in _PACKED if isinstance(data := value.get(name), str)), None)


def _insights_row(members: list[Any]) -> dict[str, Any] | None:
    """A row of get-query-results, a list of names and values; None for any other list."""
    if not members or not all(isinstance(m, dict) and m.keys() == {"field", "value"} for m in members):
        return None
    return {str(m["field"]): m["value"] for m in members}


def _encoded(text: str) -> bytes:
    """UTF-8; bytes that were none as they were, and halves of a character as bytes that are none."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _shown(value: Any) -> bytes:
    return json.dumps(value).encode()


def _chained(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
